"""The text of an HTML document, fast and roughly, for search and previews. Never for display.

Scripts, styles, comments and the head go; block tags become spaces and inline tags nothing. All
loops are in C and each octet is looked at a bounded number of times: what is opened and never
closed reaches to the end.
"""

import re
from html import unescape
from itertools import groupby
from operator import itemgetter

_INLINE_NAMES = """
    a abbr b bdo big cite code del em font i ins kbd mark q s small span strong sub sup tt u wbr
""".split()


def _either_case(names: list[str]) -> str:
    """An expression for names in order, whatever their case, that tells most others by a letter."""
    return "|".join(
        f"[{first}{first.upper()}](?i:{'|'.join(name[1:] for name in alike)})"
        for first, alike in groupby(names, key=itemgetter(0))
    )


_HIDING = _either_case(["head", "script", "style", "template", "title"])
_OPENER = re.compile(rf"<(?:(!--)|({_HIDING})(?=[\s/>]))".encode())
_INLINE = re.compile(rf"</?+(?:{_either_case(_INLINE_NAMES)})(?:[\s/][^>]*+)?+(?:>|\Z)".encode())
_TAG = re.compile(rb"<[a-zA-Z/!?][^>]*+(?:>|\Z)")


def to_text(html: str) -> str:
    """The readable text of `html`; white space is as it falls."""
    data = html.encode("utf-8", "replace")
    data = _TAG.sub(b" ", _INLINE.sub(b"", _without_hidden(data)))
    text = data.decode("utf-8", "replace")
    return unescape(text) if "&" in text else text


def body_begin(html: str) -> int:
    """Where the body element begins, 0 where none is seen."""
    for tag in ("<body", "<BODY", "<Body"):
        at = html.find(tag)
        if at >= 0:
            return at
    return 0


def _without_hidden(data: bytes) -> bytes:
    opener = _OPENER.search(data)
    if opener is None:
        return data
    lower = data.lower()
    kept: list[bytes] = []
    at = 0
    while opener is not None:
        kept.append(data[at : opener.start()])
        closer = b"-->" if opener[1] is not None else b"</" + opener[2].lower()
        at = lower.find(closer, opener.end())
        if at < 0:
            break
        at += len(closer)
        if opener[1] is None:
            at = max(at, lower.find(b">", at) + 1)
        opener = _OPENER.search(data, at)
    else:
        kept.append(data[at:])
    return b" ".join(kept)
