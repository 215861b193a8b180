"""The grammar: from a framed command to a value of `wire.imap.commands`, one file per family."""
