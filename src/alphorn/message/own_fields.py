"""The fields by which we speak to our own programs, in messages that come from elsewhere.

Only we write them; forged ones go in one pass before anything of ours is put in.
"""

from alphorn.message import confidential_field, header, spam_field

NAMES = (spam_field.NAME, confidential_field.NAME)
FOLDED = frozenset(name.lower().encode() for name in NAMES)
"""As `header.Head.names` has them."""


def without(raw: bytes) -> bytes:
    """The message without any of them; the same object where it has none."""
    return header.remove(raw, NAMES)
