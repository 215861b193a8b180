"""ManageSieve (RFC 5804), the server's side: bytes to commands, answers to bytes; no connection.

limits.py         what one connection may ask of us
framing.py        bytes to commands that are whole
grammar.py        whole commands to values; the table of commands
commands.py       those values
core.py           the state of a connection: bytes in, events out
codes.py          response codes
capabilities.py   what we announce, to whom
render.py         answers as bytes
"""
