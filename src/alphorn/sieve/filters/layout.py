"""Comments of a script, which the tree does not have, and the names of filters in them.

A filter's name stands in the line above it: `# Filter: Invoices`. In the comment, control
characters, line breaks, signs that turn the direction of writing and spaces at the ends are written
as `\\u{…}`, so that a name is one line whatever is in it.
"""

import re
from dataclasses import dataclass, field

from alphorn.sieve.lexer import Kind, tokens

TITLE = "Filter:"
OFF = "# Switched off."
HEADING = (
    "# The filters of this mailbox. Alphorn writes this text and reads it back. It may be edited",
    "# as long as it remains a list of filters; what filters cannot say belongs into a script.",
)

_HIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\\]|\A\s+|\s+\Z"
)
_WRITTEN = re.compile(r"\\(?:(\\)|u\{([0-9A-Fa-f]{1,6})\})")
_COMMENT = re.compile(r"#[^\n]*|/\*.*?\*/", re.DOTALL)


@dataclass(slots=True)
class Layout:
    """`names` and `ends` are of the commands at the top, by the offset where each begins: the name
    above it and where it ends. `strays` are the offsets of comments that belong to nothing."""

    names: dict[int, str] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    strays: list[int] = field(default_factory=list)


def title(name: str) -> str:
    """The line above a filter."""
    return f"# {TITLE} {_HIDDEN.sub(_hide, name)}"


def layout(source: str) -> Layout:
    """What stands between the commands of a script that compiles."""
    spaces: list[tuple[int, int]] = []
    found = tokens(source, lambda at, words: None, spaces)
    comments = [
        (begin + match.start(), match[0])
        for begin, end in spaces
        for match in _COMMENT.finditer(source[begin:end])
    ]
    result = Layout()
    depth = 0
    begins = -1  # where the command at the top begins that is not yet closed
    first = True
    at = 0
    above: list[tuple[int, str]] = []
    for token in found:
        while at < len(comments) and comments[at][0] < token.at:
            if begins < 0:
                above.append(comments[at])
            else:
                result.strays.append(comments[at][0])
            at += 1
        if begins < 0:
            _take(result, above, token.at if token.kind is not Kind.END else None, first)
            above = []
            begins, first = token.at, False
        if token.kind is not Kind.SIGN:
            continue
        if token.text in "{([":
            depth += 1
        elif token.text in "})]":
            depth -= 1
        if depth == 0 and token.text in ";}":
            result.ends[begins] = token.at
            begins = -1
    return result


def _take(result: Layout, above: list[tuple[int, str]], at: int | None, first: bool) -> None:
    """The comments above a command, or at the end. What stands at the very beginning may be
    anything."""
    for place, comment in above:
        text = comment.lstrip("# \t")
        if at is not None and text.startswith(TITLE) and at not in result.names:
            result.names[at] = _shown(text.removeprefix(TITLE).strip(" \t\r"))
        elif not first and comment.rstrip() != OFF:
            result.strays.append(place)


def _hide(match: re.Match[str]) -> str:
    if match[0] == "\\":
        return "\\\\"
    return "".join(f"\\u{{{ord(sign):x}}}" for sign in match[0])


def _shown(text: str) -> str:
    def show(match: re.Match[str]) -> str:
        if match[1]:
            return "\\"
        number = int(match[2], 16)
        if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
            return match[0]
        return chr(number)

    return _WRITTEN.sub(show, text)
