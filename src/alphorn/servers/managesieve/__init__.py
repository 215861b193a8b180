"""The ManageSieve server (RFC 5804): sessions on the protocol core, `operations.scripts` behind.

service.py     what all sessions of a process share; makes sessions
session.py     one connection: the core's events to handlers, answers to the client
handlers.py    the table of commands, and who does each
login.py       AUTHENTICATE and UNAUTHENTICATE
failures.py    how a command fails
limits.py      what one connection may cost
"""
