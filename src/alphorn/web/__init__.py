"""The Manager and the webmail."""
