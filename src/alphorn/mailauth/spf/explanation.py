"""The owner's words about a refusal (`exp=`, RFC 7208 §6.2).

Whatever goes wrong on the way, there is no explanation then, and the result stays as it is.
"""

from collections.abc import Sequence

from alphorn.mailauth.spf import macros
from alphorn.mailauth.spf.macros import MacroError, Template

MAX_TEXT = 480
MAX_TEMPLATE = 1024
"""Octets as published: macros are at most a quarter of them, and values are bounded too."""


def parse(records: Sequence[bytes]) -> Template | None:
    """From the TXT records of the name that `exp=` leads to: exactly one, in ASCII."""
    if len(records) != 1 or len(records[0]) > MAX_TEMPLATE:
        return None
    try:
        return macros.parse(records[0].decode("ascii"), explanation=True)
    except (MacroError, UnicodeDecodeError):
        return None


def bounded(text: str) -> str:
    """What may stand in a reply: printable ASCII, of some lines; "" for all else.

    Macros can bring in what the sender wrote, so this is asked of the expanded text.
    """
    if not text.isascii() or not text.isprintable():
        return ""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 3] + "..."
