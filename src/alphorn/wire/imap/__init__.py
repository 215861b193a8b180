"""IMAP on the wire (RFC 9051, RFC 3501): framing, grammar, rendering, state machine. Pure."""
