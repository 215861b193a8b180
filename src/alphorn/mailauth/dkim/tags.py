"""Tag lists: `name=value; name=value` (RFC 6376 §3.2, with UTF-8 as RFC 8616 §4 allows).

Signatures and key records of DKIM, ARC's signatures and seals, and DMARC's records are written so.
The grammar is taken exactly: a name that occurs twice, a part without `=` or a control character
makes the whole list invalid, because two readers that mend it differently would disagree on what
was signed.
"""

import binascii
import re

FOLDING = " \t\r\n"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_NOT_IN_A_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class BadTagList(ValueError):
    """The text is no tag list; the message says what is wrong, in a few words."""


def read(text: bytes) -> dict[str, str]:
    """The tags by name, in their order; names and values as they are written, without the folding
    white space around them. Raises `BadTagList`.

    The caller bounds the length of `text`; time is linear in it.
    """
    try:
        unfolded = text.decode().replace("\r\n ", " ").replace("\r\n\t", " ")
    except UnicodeDecodeError:
        raise BadTagList("it is not UTF-8") from None
    if _NOT_IN_A_VALUE.search(unfolded):
        raise BadTagList("a control character stands in it")
    parts = unfolded.split(";")
    if not parts[-1].strip(FOLDING):
        parts.pop()
    tags: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip(FOLDING)
        if not equals or not _NAME.fullmatch(name):
            raise BadTagList("a part of it is not of the form name=value")
        if name in tags:
            raise BadTagList(f"{name[:20]}= stands in it twice")
        tags[name] = value.strip(FOLDING)
    return tags


def base64(value: str) -> bytes | None:
    """What a value in base64 stands for, its folding white space ignored; None where it is not
    base64. Padding may be absent."""
    text = "".join(value.split())
    if not text.isascii():
        return None
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error:
        return None


def words(value: str) -> list[str]:
    """A list separated by colons (`h=`, `q=`, `s=`, `t=`); empty places are left out."""
    return [word for part in value.split(":") if (word := part.strip(FOLDING))]


def number(value: str, digits: int) -> int | None:
    """A number of at most so many decimal digits; None for anything else."""
    if len(value) <= digits and value.isascii() and value.isdecimal():
        return int(value)
    return None
