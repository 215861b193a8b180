"""A script as tokens (RFC 5228 §8.1): one pass of one expression, linear.

Nothing raises: what cannot be read is told as a mistake and becomes a GARBAGE token, so that the
parser can go on behind it. Line ends within strings are CRLF whatever the script's are.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

MAX_NUMBER = 2**64 - 1

Report = Callable[[int, str], None]
"""Takes the offset and the words of a mistake."""


class Kind(Enum):
    NAME = "a name"
    TAG = "a tagged argument"
    NUMBER = "a number"
    STRING = "a string"
    SIGN = "a sign"
    GARBAGE = "something that is no Sieve"
    END = "the end of the script"


class Token(NamedTuple):
    """`text` is the name, the tag without its colon, the string's value or the sign."""

    kind: Kind
    text: str
    at: int
    number: int = 0


_TOKEN = re.compile(
    r"""
      (?P<space> (?: [ \t\r\n]++ | \#[^\n]*+ | /\*.*?\*/ )++ )
    | (?P<comment> /\* )
    | text:[ \t]*+(?:\#[^\n]*+)?\r?(?P<multiline>\n)
    | (?P<name> [A-Za-z_][A-Za-z0-9_]*+ )
    | :(?P<tag> [A-Za-z_][A-Za-z0-9_]*+ )
    | (?P<number> [0-9]++ (?P<unit> [A-Za-z_0-9]*+ ) )
    | "(?P<string> [^"\\]*+ (?: \\. [^"\\]*+ )*+ )"
    | (?P<open> " )
    | (?P<sign> [\[\](){},;] )
    | (?P<garbage> [^][(){},;"\#:A-Za-z0-9_ \t\r\n/]++ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_END_OF_LINES = re.compile(r"(?:\A|(?<=\n))\.\r?(?:\n|\Z)")
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_BARE_LF = re.compile(r"(?<!\r)\n")
_DOTS = re.compile(r"(?m)^\.\.")
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}


def tokens(source: str, report: Report, spaces: list[tuple[int, int]] | None = None) -> list[Token]:
    """All tokens, with END at the end. `spaces` gains where white space and comments stand."""
    found: list[Token] = []
    at = 0
    while (match := _TOKEN.match(source, at)) is not None:
        begin, at = at, match.end()
        kind = match.lastgroup
        match kind:
            case "space":
                if spaces is not None:
                    spaces.append((begin, at))
            case "name":
                found.append(Token(Kind.NAME, match["name"], begin))
            case "tag":
                found.append(Token(Kind.TAG, match["tag"], begin))
            case "string":
                text = match["string"]
                text = _PAIR.sub(r"\1", text) if "\\" in text else text
                found.append(Token(Kind.STRING, _with_crlf(text), begin))
            case "sign":
                found.append(Token(Kind.SIGN, match["sign"], begin))
            case "unit" | "number":
                found.append(_number(match["number"], match["unit"], begin, report))
            case "multiline":
                end = _END_OF_LINES.search(source, at)
                if end is None:
                    report(
                        begin, "the text that begins here has no line with only a “.” at its end"
                    )
                    found.append(Token(Kind.GARBAGE, "", begin))
                    break
                text = _DOTS.sub(".", source[at : end.start()])
                found.append(Token(Kind.STRING, _with_crlf(text), begin))
                at = end.end()
            case "comment":
                report(begin, "the comment that begins here has no “*/” at its end")
                found.append(Token(Kind.GARBAGE, "", begin))
                break
            case "open":
                report(begin, "the string that begins here has no quotation mark at its end")
                found.append(Token(Kind.GARBAGE, "", begin))
                break
            case _:
                shown = match[0][:20]
                shown = shown if shown.isprintable() else ascii(shown)[1:-1]
                report(begin, f"“{shown}” has no meaning in Sieve")
                found.append(Token(Kind.GARBAGE, match[0], begin))
    found.append(Token(Kind.END, "", len(source)))
    return found


def _number(text: str, unit: str, at: int, report: Report) -> Token:
    factor = _UNITS.get(unit.lower())
    if factor is None:
        report(at, f"“{text[:20]}” is no number; only K, M or G can stand behind the digits")
        return Token(Kind.NUMBER, text, at)
    digits = text.removesuffix(unit).lstrip("0")
    if len(digits) > 20 or (value := int(digits or "0") * factor) > MAX_NUMBER:
        report(at, f"the number is too large; the largest is {MAX_NUMBER}")
        return Token(Kind.NUMBER, text, at, MAX_NUMBER)
    return Token(Kind.NUMBER, text, at, value)


def _with_crlf(text: str) -> str:
    return _BARE_LF.sub("\r\n", text) if "\n" in text else text
