"""SMTP, the server's side, without I/O (RFC 5321 and the extensions in `extensions`).

`machine.Machine` is the protocol: bytes go in, events come out, replies go in, bytes come out.
`paths` and `parameters` are the strict parsers, `content` decides what a message's octets may be,
`replies` has the one table from enhanced codes to reply classes.
"""
