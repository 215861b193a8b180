"""Content-Type, Content-Disposition and Content-Transfer-Encoding values (RFC 2045, RFC 2183).

Read as mail programs write them, not only as the standards say: missing semicolons, unquoted
values with spaces, unclosed quotes. Nothing here raises on any text.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from alphorn.message.comments import strip_comments

Parameters = tuple[tuple[str, str], ...]

IDENTITY_ENCODINGS = frozenset(("", "7bit", "8bit", "binary"))
MAX_PARAMETERS = 200

_LETTER = r"[^\x00-\x20\x7f()<>@,;:\\\"/\[\]?=]"
_NAME = rf"{_LETTER}++"
_TYPE = re.compile(rf"\s*({_NAME})\s*/\s*({_NAME})")
_WORD = re.compile(rf"\s*({_NAME})")
_PARAMETER = re.compile(
    rf"(?<!{_LETTER})({_NAME})[ \t]*=[ \t]*(?:\"([^\"\\]*(?:\\.[^\"\\]*)*)\"?|([^;\"]*))", re.DOTALL
)
_PAIR = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type, lower case; `parameters` in order, names in lower case, values unquoted.

    Parameters are as they came: RFC 2231 pieces are not joined (`alphorn.message.words` does).
    """

    type: str
    subtype: str
    parameters: Parameters = ()

    def get(self, name: str) -> str | None:
        """The first parameter of this (lower-case) name."""
        for key, value in self.parameters:
            if key == name:
                return value
        return None

    @property
    def name(self) -> str:
        return f"{self.type}/{self.subtype}"


TEXT_PLAIN = MediaType("text", "plain")
MESSAGE_RFC822 = MediaType("message", "rfc822")
OCTET_STREAM = MediaType("application", "octet-stream")


def media_type(value: str) -> MediaType:
    """The media type in a Content-Type value, text/plain where there is none (RFC 2045 §5.2)."""
    if len(value) > 64:  # has a boundary or a file name: seldom seen twice
        return _media_type(value)
    return _cached_media_type(value)


def _media_type(value: str) -> MediaType:
    match = _TYPE.match(value)
    if match is None and "(" in value:
        value = strip_comments(value)
        match = _TYPE.match(value)
    if match is None:
        return TEXT_PLAIN
    return MediaType(match[1].lower(), match[2].lower(), parameters(value, match.end()))


_cached_media_type = lru_cache(maxsize=1024)(_media_type)


def disposition(value: str) -> tuple[str, Parameters]:
    """The lower-case disposition ("" where there is none) and its parameters (RFC 2183 §2).

    Parameters without a disposition make it an attachment, as an unknown one would (§2.8).
    """
    match = _WORD.match(value)
    if match is None and "(" in value:
        value = strip_comments(value)
        match = _WORD.match(value)
    if match is None or value[match.end() : match.end() + 1] == "=":
        found = parameters(value, 0)
        return ("attachment" if found else ""), found
    return match[1].lower(), parameters(value, match.end())


def transfer_encoding(value: str) -> str:
    """The lower-case encoding, "" where none can be read (RFC 2045 §6.1)."""
    if value.isalnum():
        return value.lower()
    match = _WORD.match(strip_comments(value))
    return match[1].lower() if match else ""


def parameters(value: str, begin: int) -> Parameters:
    """The `name=value` pairs after `begin`, at most MAX_PARAMETERS of them.

    File names without quotes keep their spaces and parentheses; elsewhere those end the value.
    """
    found: list[tuple[str, str]] = []
    for match in _PARAMETER.finditer(value, begin):
        name, quoted, bare = match.groups()
        name = name.lower()
        if quoted is not None:
            found.append((name, _PAIR.sub(r"\1", quoted) if "\\" in quoted else quoted))
        elif name in ("name", "filename"):
            found.append((name, bare.rstrip()))
        else:
            found.append((name, (bare.partition("(")[0].split(None, 1) or ("",))[0]))
        if len(found) == MAX_PARAMETERS:
            break
    return tuple(found)
