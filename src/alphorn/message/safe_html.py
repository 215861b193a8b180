"""Pieces of HTML that may be put into messages and pages: checked strictly, never repaired.

Whoever writes a signature in HTML needs few elements. What is outside of them, or not written in
the plain way (a tag on one line, small letters, values in double quotation marks, elements closed
in order), is refused with the line and the reason, so that whatever passes means the same to every
reader and does nothing: no scripts, no forms, no styles that fetch or cover something, addresses
under the schemes below only. Pure; each octet is looked at a bounded number of times.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

from alphorn.base.errors import Refused

VOID = frozenset({"br", "hr", "img"})
ELEMENTS = VOID | frozenset(
    """
    a b blockquote code div em h1 h2 h3 h4 i li ol p pre s small span strong sub sup table tbody
    td th thead tr u ul
    """.split()
)
ATTRIBUTES = frozenset(
    "align alt border cellpadding cellspacing colspan dir height href lang rowspan src style title"
    " valign width".split()
)
ADDRESSES = {"href": ("https:", "http:", "mailto:", "tel:"), "src": ("https:",)}
"""Attributes that have an address as their value, and how it may begin."""
MAX_DEPTH = 50

_TAG = re.compile(r'<(/?)([a-z][a-z0-9]{0,20})((?: +[a-z]{1,20}="[^"<>\r\n]*")*) *(/?)>')
_ATTRIBUTE = re.compile(r'([a-z]{1,20})="([^"<>\r\n]*)"')
_STYLE = re.compile(r"[A-Za-z0-9 #:;,.%!'-]*")
_COVERS = re.compile(r"position|z-index|margin[a-z-]*\s*:[^;]*-|content")
_NARROW, _WIDE = "\x00", "\x01"
_MARKS = (
    {"br": "\n"}
    | dict.fromkeys(("div", "hr", "li", "ol", "table", "tr", "ul"), _NARROW)
    | dict.fromkeys(("blockquote", "h1", "h2", "h3", "h4", "p", "pre"), _WIDE)
    | dict.fromkeys(("td", "th"), " ")
)
_BOUNDARY = re.compile(r" *[\x00\x01][\x00\x01 ]*")
_BLANK = re.compile(r"[ \t\r\n]+")
_SPACES = re.compile(" {2,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class HtmlError(Refused):
    """`reason` is the text without the place."""

    code = "html"

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"Line {line} of the HTML: {reason}.")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Tag:
    """Where one stands in a text, and where the values of its addresses do."""

    begin: int
    end: int
    addresses: tuple[tuple[int, int], ...]


def check(html: str) -> None:
    """Raises HtmlError at the first thing that is not allowed."""
    at = 0
    try:
        if _CONTROL.search(html):
            raise _Wrong("there is a control character")
        open_elements: list[str] = []
        while (at := html.find("<", at)) >= 0:
            tag = _TAG.match(html, at)
            if tag is None:
                raise _Wrong(
                    'this is no plain tag (small letters, values in "...", all on a line); '
                    "write &lt; for the sign <"
                )
            _take(tag, open_elements)
            at = tag.end()
        at = len(html)
        if open_elements:
            raise _Wrong(f"<{open_elements[-1]}> is not closed")
    except _Wrong as wrong:
        raise HtmlError(str(wrong), html.count("\n", 0, at) + 1) from None


class _Wrong(Exception):
    """What is not allowed, in words."""


def tags(html: str) -> Sequence[Tag]:
    """The tags of a text that passes `check`, or of a line of it."""
    return [
        Tag(
            tag.start(),
            tag.end(),
            tuple(
                (tag.start(3) + one.start(2), tag.start(3) + one.end(2))
                for one in _ATTRIBUTE.finditer(tag[3])
                if one[1] in ADDRESSES
            ),
        )
        for tag in _TAG.finditer(html)
    ]


def as_text(html: str) -> str:
    """The same as plain text, for those whose mail programs show that."""
    flat = _TAG.sub(lambda tag: _MARKS.get(tag[2], ""), _BLANK.sub(" ", html))
    apart = _BOUNDARY.sub(lambda found: "\n\n" if _WIDE in found[0] else "\n", flat)
    lines = [_SPACES.sub(" ", line).strip(" ") for line in unescape(apart).split("\n")]
    return "\n".join(lines).strip("\n")


def _take(tag: re.Match[str], open_elements: list[str]) -> None:
    """One tag, with the elements that are open where it stands."""
    closing, name, attributes, closed = tag.groups()
    if name not in ELEMENTS:
        raise _Wrong(f"the element <{name}> is not allowed")
    for attribute, value in _ATTRIBUTE.findall(attributes):
        _check_attribute(attribute, value)
    if closing:
        if not open_elements or open_elements[-1] != name or attributes:
            open_one = f"; <{open_elements[-1]}> is open" if open_elements else ""
            raise _Wrong(f"</{name}> closes nothing here{open_one}")
        open_elements.pop()
    elif name not in VOID:
        if closed:
            raise _Wrong(f"<{name}/> is written <{name}></{name}>")
        open_elements.append(name)
        if len(open_elements) > MAX_DEPTH:
            raise _Wrong(f"more than {MAX_DEPTH} elements lie in each other")


def _check_attribute(attribute: str, value: str) -> None:
    if attribute not in ATTRIBUTES:
        raise _Wrong(f"the attribute {attribute} is not allowed")
    schemes = ADDRESSES.get(attribute)
    if schemes and not unescape(value).lower().startswith(schemes):
        raise _Wrong(f"the value of {attribute} does not begin with {' or '.join(schemes)}")
    if attribute == "style" and (not _STYLE.fullmatch(value) or _COVERS.search(value.lower())):
        raise _Wrong(f"the style {value!r} does more than to set type and colours")
