"""What mail is sorted and grouped by: folded text (RFC 5051 §2), base subjects (RFC 5256 §2.1)."""

import re
import unicodedata

MAX_SUBJECT = 1000

_TRAILER = re.compile(r"(?:\(fwd\)| )+\Z", re.IGNORECASE | re.ASCII)
_LEADER = re.compile(
    r" +|(?:re|fwd?) *(?:\[[^\[\]]*\] *)?(:)|(\[[^\[\]]*\]) *", re.IGNORECASE | re.ASCII
)


def fold(text: str) -> str:
    """`text` so that comparing it as it is compares without case (i;unicode-casemap)."""
    if text.isascii():
        return text.upper()
    titled = "".join(c.title() if len(c.title()) == 1 else c for c in text)
    return unicodedata.normalize("NFKD", titled)


def base_subject(subject: str) -> str:
    """The subject without reply and forward marks and list tags, folded; "" where nothing is left.

    `subject` is decoded; of a longer one only the first MAX_SUBJECT characters count.
    """
    text = " ".join(subject[:MAX_SUBJECT].split())
    while True:
        if text.endswith((")", " ")):
            trailer = _TRAILER.search(text)
            if trailer is not None:
                text = text[: trailer.start()]
        text = _without_leaders(text)
        if text[:5].lower() != "[fwd:" or text[-1] != "]":
            return fold(text)
        text = text[5:-1]


def _without_leaders(text: str) -> str:
    """Steps 3 to 5: a list tag goes only where something is left after it."""
    at = kept = 0
    while at < len(text) and (match := _LEADER.match(text, at)) is not None:
        if match[2] is not None:
            kept = at
        at = match.end()
        if match[2] is None:
            kept = at
    return text[at:] if at < len(text) else text[kept:]
