"""Comments in structured fields (RFC 5322 §3.2.2): text in parentheses, which nests."""

import re

_MARK = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|\\.|[()]', re.DOTALL)
_MARK_WITHIN = re.compile(r"\\.|[()]", re.DOTALL)  # where quotation marks are plain text


def strip_comments(text: str) -> str:
    """`text` with each comment replaced by a space; quoted strings are left alone.

    An unclosed comment reaches to the end; a stray `)` is dropped.
    """
    if "(" not in text and ")" not in text:
        return text
    kept: list[str] = []
    depth = begin = at = 0
    while (mark := (_MARK_WITHIN if depth else _MARK).search(text, at)) is not None:
        sign, at = mark[0], mark.end()
        if sign == "(":
            if depth == 0:
                kept.append(text[begin : mark.start()])
            depth += 1
        elif sign == ")":
            if depth == 0:
                kept.append(text[begin : mark.start()])
            depth = max(0, depth - 1)
            begin = mark.end()
    if depth == 0:
        kept.append(text[begin:])
    return " ".join(kept)
