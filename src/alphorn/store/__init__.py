"""The mail store: one account, one file."""
