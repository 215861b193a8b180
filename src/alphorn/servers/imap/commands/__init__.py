"""A file for each command of IMAP, or for the few that are one idea (CLOSE and UNSELECT)."""
