"""CRLF, and nothing else that ends a line (see docs/adr/0010-line-ends.md)."""


def tidy(raw: bytes) -> bool:
    """Whether each CR stands before an LF and each LF behind a CR. Three counts."""
    pairs = raw.count(b"\r\n")
    return raw.count(b"\n") == pairs and raw.count(b"\r") == pairs


def with_crlf(raw: bytes) -> bytes:
    """The message with CRLF line ends only, the last line's included: a bare LF becomes one, a CR
    that ends no line becomes a space. An empty message stays empty."""
    return ended(raw if tidy(raw) else mended(raw))


def mended(raw: bytes) -> bytes:
    """The same for a message that is known not to be tidy, its end left as it is."""
    raw = raw.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n")
    return raw.replace(b"\r", b" ").replace(b"\n", b"\r\n")


def ended(raw: bytes) -> bytes:
    """With a line end at the end, unless it is empty."""
    if raw and not raw.endswith(b"\n"):
        raw += b"\r\n"
    return raw
