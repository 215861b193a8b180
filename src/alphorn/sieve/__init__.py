"""The rule language (RFC 5228): every rule of a mailbox owner compiles to it."""
