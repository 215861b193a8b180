"""The reader for every form of address list, however old or broken; `addresses` is its front.

One pass over tokens; each is looked at a constant number of times, so that time is linear. A
quotation mark or parenthesis that is never closed is dropped, so that it cannot hide what follows.
"""

import re
from typing import NamedTuple

from alphorn.message.mailbox import Group, Mailbox

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<word>=\?[^? \t\r\n]+\?[BbQq]\?[^?]*\?=)"
    r"|(?P<literal>\[[^\[\]\\,;<>@]*\])"
    r"|(?P<atom>[^ \t\r\n\"(),:;<>@\[\]\\]+)"
    r"|(?P<special>.)",
    re.DOTALL,
)
_QUOTED = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_IN_COMMENT = re.compile(r"\\.|[()]", re.DOTALL)
_PAIR = re.compile(r"\\(.)", re.DOTALL)


class _Piece(NamedTuple):
    """A word of a name or address; `spaced` where white space or a comment stood before it."""

    text: str
    spaced: bool


class AddressReader:
    """Reads one list from `at` on; `addresses()` is called once."""

    def __init__(self, text: str, at: int = 0) -> None:
        self._text = text
        self._at = at
        self._quotes = self._comments = True  # until one is found that is never closed
        self._found: list[Mailbox | Group] = []
        self._group: str | None = None
        self._members: list[Mailbox] = []
        self._clear()

    def _clear(self) -> None:
        self._before: list[_Piece] = []  # words before "<" or, without one, before "@"
        self._address: list[_Piece] = []  # within "<>"; without it, from the local part on
        self._after: list[_Piece] = []
        self._comment = ""
        self._in_angle = self._had_angle = self._had_at = self._spaced = False

    def addresses(self) -> list[Mailbox | Group]:
        text = self._text
        end = len(text)
        while self._at < end:
            token = _TOKEN.match(text, self._at)
            if token is None:
                break
            kind = token.lastgroup
            if kind == "special":
                self._special(token[0])
                continue
            self._at = token.end()
            if kind == "space":
                self._spaced = True
            else:
                self._piece(token[0])
        self._finish()
        self._end_group()
        return self._found

    def _piece(self, text: str) -> None:
        piece = _Piece(text, self._spaced)
        self._spaced = False
        if self._in_angle:
            self._address.append(piece)
        elif self._had_angle:
            self._after.append(piece)
        elif not self._had_at:
            self._before.append(piece)
        elif self._after or not self._belongs(piece):
            self._after.append(piece)
        else:
            self._address.append(piece)

    def _belongs(self, piece: _Piece) -> bool:
        """Whether the piece continues the bare address before it (dots may be spaced, §4.4)."""
        last = self._address[-1].text
        return not piece.spaced or last.endswith(("@", ".")) or piece.text.startswith(".")

    def _special(self, sign: str) -> None:
        if sign == '"' and self._quotes:
            match = _QUOTED.match(self._text, self._at)
            if match is not None:
                self._at = match.end()
                self._piece(_PAIR.sub(r"\1", match[1]) if "\\" in match[1] else match[1])
                return
            self._quotes = False
        elif sign == "(" and self._comments:
            self._read_comment()
            return
        self._at += 1
        match sign:
            case "@":
                self._at_sign()
            case "<":
                if not self._in_angle:
                    self._open_angle()
            case ">":
                self._in_angle = False
            case "," if self._in_angle and self._in_route():
                self._address.append(_Piece(",", False))
            case ":" if self._in_angle:
                self._address.append(_Piece(":", False))
            case ":" if self._group is None and not self._had_at and not self._had_angle:
                self._group = _join(self._before)
                self._clear()
            case ",":
                self._finish()
            case ";":
                self._finish()
                self._end_group()
            case "[" | "]" | ":":
                self._piece(sign)
            case _:
                pass

    def _read_comment(self) -> None:
        depth = 0
        for mark in _IN_COMMENT.finditer(self._text, self._at):
            if mark[0] == "(":
                depth += 1
            elif mark[0] == ")":
                depth -= 1
                if depth == 0:
                    inner = self._text[self._at + 1 : mark.start()].strip()
                    self._comment = self._comment or _PAIR.sub(r"\1", inner)
                    self._at = mark.end()
                    self._spaced = True
                    return
        self._comments = False
        self._at += 1

    def _at_sign(self) -> None:
        self._spaced = False
        if self._in_angle:
            self._address.append(_Piece("@", False))
        elif not self._had_angle:
            if self._had_at and self._after:  # a comma is missing: `a@b c@d`
                self._next_after_missing_comma()
            if not self._had_at:
                self._take_local_part()
                self._had_at = True
            self._address.append(_Piece("@", False))

    def _next_after_missing_comma(self) -> None:
        """What stood after the address was the name or local part of the next one."""
        words, self._after = self._after, []
        self._finish()
        self._before = words

    def _take_local_part(self) -> None:
        """The last word before "@" and what is joined to it; words before those are a name."""
        before = self._before
        while before:
            piece = before.pop()
            self._address.append(piece)
            joined = not piece.spaced or piece.text.startswith(".")
            if not joined and not (before and before[-1].text.endswith(".")):
                break
        self._address.reverse()

    def _open_angle(self) -> None:
        if self._had_angle:  # a comma is missing: `<a@b> <c@d>`
            self._next_after_missing_comma()
        elif self._had_at:  # an address as the name: `a@b <c@d>`
            self._before = [*self._before, *self._address, *self._after]
        self._address = []
        self._after = []
        self._had_at = False
        self._in_angle = self._had_angle = True
        self._spaced = False

    def _in_route(self) -> bool:
        return bool(self._address) and self._address[0].text == "@"

    def _finish(self) -> None:
        """One member of the list has ended."""
        mailbox = self._mailbox()
        if mailbox is not None:
            (self._found if self._group is None else self._members).append(mailbox)
        self._clear()

    def _mailbox(self) -> Mailbox | None:
        if not self._had_angle and not self._had_at:
            if not self._before:
                return None
            return Mailbox(self._comment, _join(self._before), "")
        pieces = self._address
        route = ""
        if self._in_route():
            texts = [piece.text for piece in pieces]
            if ":" in texts:
                colon = texts.index(":")
                route = "".join(texts[:colon])
                pieces = pieces[colon + 1 :]
        at = next((n for n in range(len(pieces) - 1, -1, -1) if pieces[n].text == "@"), len(pieces))
        name = _join(self._before) or self._comment or _join(self._after)
        local = _join(pieces[:at])
        domain = "".join(piece.text for piece in pieces[at + 1 :])
        if not (name or local or domain):
            return None
        return Mailbox(name, local, domain, route)

    def _end_group(self) -> None:
        if self._group is not None:
            self._found.append(Group(self._group, tuple(self._members)))
            self._group = None
            self._members = []


def _join(pieces: list[_Piece]) -> str:
    """The words with a space where space stood between them, but none beside a dot or an “@”."""
    joined: list[str] = []
    for piece in pieces:
        if joined and piece.spaced and not _dotted(joined[-1], piece.text):
            joined.append(" ")
        joined.append(piece.text)
    return "".join(joined)


def _dotted(left: str, right: str) -> bool:
    return left in (".", "@") or right in (".", "@")
