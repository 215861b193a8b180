"""CRLF, and nothing else that ends a line (see docs/adr/0010-line-ends.md)."""


def tidy(raw: bytes) -> bool:
    """Whether each CR stands before an LF and each LF behind a CR. Three counts."""
    pairs = raw.count(b"\r\n")
    return raw.count(b"\n") == pairs and raw.count(b"\r") == pairs


def with_crlf(raw: bytes) -> bytes:
    """The message with CRLF line ends only, the last line's included: a bare LF becomes one, a CR
    that ends no line becomes a space. An empty message stays empty."""
    if not tidy(raw):
        raw = raw.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n")
        raw = raw.replace(b"\r", b" ").replace(b"\n", b"\r\n")
    if raw and not raw.endswith(b"\n"):
        raw += b"\r\n"
    return raw
