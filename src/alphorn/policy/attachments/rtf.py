"""Objects in RTF (RTF 1.9.1 §"Objects"): their octets stand in hexadecimal, with anything between.

Word reads what is hardly RTF any more; what is looked at here is every run of digits after
`\\objdata`, whatever groups and words are strewn into it.
"""

import re
from binascii import unhexlify
from collections.abc import Iterator
from itertools import islice, pairwise

from alphorn.policy.attachments.budget import Budget
from alphorn.policy.attachments.items import Item
from alphorn.policy.attachments.office import embedded
from alphorn.policy.attachments.view import Damaged, View

MAX_OBJECTS = 500
MAX_TEXT = 4 << 20
WORD_WORK = 64
"""What leaving out one control word is charged at."""

_MARK = re.compile(rb"\\obj(?:data|ocx)(?![a-z])|\\ods(?![a-z])", re.IGNORECASE)
_WORD = re.compile(rb"\\(?:'[0-9A-Fa-f]{2}|\*|[A-Za-z]{1,250}-?\d{0,250} ?|[^A-Za-z])")
_NOT_HEX = bytes(set(range(256)) - set(b"0123456789abcdefABCDEF"))


def members(document: View, budget: Budget) -> Iterator[Item]:
    """The objects in it."""
    text = document.read(0, MAX_TEXT)
    budget.charge(len(text) // 4)
    at_once = b"\\objupdate" in text or b"\\objautlink" in text
    marks = [match.end() for match in islice(_MARK.finditer(text), MAX_OBJECTS)]
    for begin, end in pairwise((*marks, len(text))):
        budget.file()
        body = text[begin:end]
        budget.charge(len(body) + WORD_WORK * body.count(b"\\"))
        digits = _WORD.sub(b"", body).translate(None, _NOT_HEX)
        try:
            yield from embedded(unhexlify(digits[: len(digits) & ~1]), budget, at_once=at_once)
        except Damaged:
            continue
