"""The field that marks a message which came over a secured gateway: `X-Alphorn-Confidential`.

    X-Alphorn-Confidential: gateway=hin

It stands in every copy from the moment the message is taken, so that whatever is made of the
message here (a redirect, a retry) is known to be bound to the same gateway. The field is ours
alone: what comes in from elsewhere, and what our users send, loses any that it has (`without`).
"""

import re

from alphorn.message import header, write

NAME = "X-Alphorn-Confidential"
KEYWORD = "$Confidential"
"""What mail programs see of it without looking at the header (RFC 9051 §2.3.2)."""

_VALUE = re.compile(r"gateway=([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)")


def render(gateway: str) -> bytes:
    """The whole field with its CRLF; `gateway` is the name of one."""
    return write.field(NAME, f"gateway={gateway}")


def read(raw: bytes) -> str:
    """The gateway that the first such field of a message names, "" for none. Never raises."""
    value = header.get(raw, NAME)
    found = _VALUE.fullmatch(value) if value is not None else None
    return found[1] if found else ""


def without(raw: bytes) -> bytes:
    """The message without any such field, as it is to be before ours is put in."""
    return header.remove(raw, (NAME,))
