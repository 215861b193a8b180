"""BODY from BODYSTRUCTURE: the same without the extension data (RFC 9051 §7.5.2).

The store keeps BODYSTRUCTURE as it is sent; few clients ask for BODY, so it is made when asked for.
"""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(rb' ?(?:([()])|\{([0-9]{1,10})\}\r\n|"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^ ()"{]++)')

_BASIC_FIELDS = 7
_TEXT_FIELDS = 8
_MESSAGE_FIELDS = 10
_ENVELOPE = 7
_INNER_BODY = 8
"""Where message/rfc822 and message/global have the envelope and the structure of what is in them.
Other messages, and a message/global shown to an IMAP4rev1 client, have extension data there."""


@dataclass(slots=True)
class _Node:
    """A string, number or NIL, or a list with what is in it: `start` to `end` of the text."""

    start: int
    end: int = 0
    is_list: bool = False
    children: "list[_Node]" = field(default_factory=list)


def without_extensions(structure: bytes) -> bytes:
    """Raises ValueError for what is no BODYSTRUCTURE."""
    return _plain(structure, _read(structure))


def _read(text: bytes) -> _Node:
    """The parenthesized list as a tree."""
    root = _Node(0)
    stack = [root]
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError("not a parenthesized list")
        start = at + text.startswith(b" ", at)
        at = match.end()
        if match[1] == b"(":
            stack.append(_Node(start, is_list=True))
            stack[-2].children.append(stack[-1])
        elif match[1] == b")":
            if len(stack) == 1:
                raise ValueError("unbalanced parentheses")
            stack.pop().end = at
        else:
            at += int(match[2] or 0)
            stack[-1].children.append(_Node(start, at))
    if len(stack) != 1 or len(root.children) != 1:
        raise ValueError("not one parenthesized list")
    return root.children[0]


def _plain(text: bytes, node: _Node) -> bytes:
    children = node.children
    if not children:
        raise ValueError("a body is a list")
    if children[0].is_list:
        return _plain_multipart(text, children)
    kind = text[children[0].start : children[0].end].upper()
    if kind == b'"TEXT"':
        return text[node.start : _last(children, _TEXT_FIELDS)] + b")"
    if kind != b'"MESSAGE"' or not (
        len(children) >= _MESSAGE_FIELDS
        and children[_ENVELOPE].is_list
        and children[_INNER_BODY].is_list
    ):
        return text[node.start : _last(children, _BASIC_FIELDS)] + b")"
    inner = children[_INNER_BODY]
    return b"%b%b%b)" % (
        text[node.start : inner.start],
        _plain(text, inner),
        text[inner.end : _last(children, _MESSAGE_FIELDS)],
    )


def _plain_multipart(text: bytes, children: list[_Node]) -> bytes:
    bodies: list[bytes] = []
    for child in children:
        if not child.is_list:
            return b"(%b %b)" % (b"".join(bodies), text[child.start : child.end])
        bodies.append(_plain(text, child))
    raise ValueError("a multipart without a subtype")


def _last(children: list[_Node], fields: int) -> int:
    if len(children) < fields:
        raise ValueError("a body with too few fields")
    return children[fields - 1].end
