"""The views, a file for each kind of page: thin, over operations."""
