"""The IMAP server: sessions on the protocol core, one file per command, the store behind them.

service.py     what all sessions of a process share; makes sessions
session.py     one connection: the core's events to handlers, replies to the client
handlers.py    the table of commands
view.py        the selected mailbox as one client was told it
registry.py    which sessions an account has: wake-ups, limits, the end of stale logins
fetching/      what FETCH answers with, planned once per list of items
commands/      a file for each command
"""
