"""The web: public pages today; the Manager and the webmail are to stand in the same frame."""
