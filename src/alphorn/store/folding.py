"""Text as it is compared in searches: without case, in one form, white space as single spaces.

Two texts match where a person would say so: `Straße` and `STRASSE`, composed and decomposed
accents, full-width and ordinary letters (RFC 5051 in spirit; accents themselves count). Characters
that nobody sees, which advertisements are full of, go.
"""

import re
import unicodedata

_UNSEEN = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
                     "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]+")  # fmt: skip
_SPACES = re.compile(r"\s+")


def fold(text: str) -> bytes:
    """The form that is searched, in UTF-8, on one line."""
    return " ".join(folded(text).split()).encode("utf-8", "replace")


def fold_lines(text: str) -> bytes:
    """The same for each line of a text; lines are kept, empty ones not."""
    lines = [" ".join(line.split()) for line in folded(text).split("\n")]
    return "\n".join(filter(None, lines)).encode("utf-8", "replace")


def fold_needle(text: str) -> bytes:
    """The same for what is looked for: a space at its end is part of it."""
    return _SPACES.sub(" ", folded(text)).encode("utf-8", "replace")


def folded(text: str) -> str:
    """Without case and in one form; white space as it was, NULs gone."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).casefold()
        text = unicodedata.normalize("NFKC", text)
    else:
        text = text.lower()
    return text.replace("\x00", " ")
