"""What somebody else's check of a message came to, as he wrote it down (RFC 8601 §2.2).

Much of such a field was said by a stranger: addresses, reasons, names of hosts. Those stand in
quotation marks or comments, where no result is looked for.
"""

import re
from typing import NamedTuple

from alphorn.message.comments import strip_comments

MAX_VALUE = 20_000

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_RESULT = re.compile(
    r"\s*([A-Za-z0-9-]+)(?:\s*/\s*\d+)?\s*=\s*([A-Za-z0-9-]+)(?![\w-])(.*)", re.DOTALL
)
_PROPERTY = re.compile(r"(?<![\w.-])(\w+\.[\w.-]+)\s*=\s*([^\s;]+)")


class Result(NamedTuple):
    """One result; all words in lower case. Of `properties` ("header.from") those whose values did
    not have to be quoted, each once, the first."""

    method: str
    outcome: str
    properties: dict[str, str]


def read(value: str) -> tuple[str, tuple[Result, ...]]:
    """Who says it (the authserv-id, as it is written) and what, of an unfolded field's value.
    Whatever cannot be read is left out; never raises."""
    text = _QUOTED.sub('""', strip_comments(value[:MAX_VALUE]))
    name, *results = text.split(";")
    return (name.split() or [""])[0], tuple(filter(None, map(_result, results)))


def _result(text: str) -> Result | None:
    match = _RESULT.match(text)
    if match is None:
        return None
    properties: dict[str, str] = {}
    for name, value in _PROPERTY.findall(match[3]):
        properties.setdefault(name.lower(), value.lower())
    return Result(match[1].lower(), match[2].lower(), properties)
