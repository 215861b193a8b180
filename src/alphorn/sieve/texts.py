"""The strings of a script: octets by number (RFC 5228 §2.4.2.4), variables (RFC 5229 §3).

A string without variables is a constant; one with some becomes a function of the run.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alphorn.sieve.errors import RunError
from alphorn.sieve.tree import Strings, Word

if TYPE_CHECKING:
    from alphorn.sieve.run import Run
    from alphorn.sieve.scope import Scope

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_REFERENCE = re.compile(rf"\$\{{((?:{_NAME}\.)*{_NAME}|[0-9]+)\}}")
_NAMED = re.compile(rf"(?:{_NAME}\.)*{_NAME}")
_SPACE = r"[ \t\r\n]*"
_ENCODED = re.compile(
    rf"\$\{{(?:(hex):{_SPACE}((?:[0-9a-f]{{1,2}}[ \t\r\n]+)*[0-9a-f]{{1,2}}){_SPACE}"
    rf"|unicode:{_SPACE}((?:[0-9a-f]+[ \t\r\n]+)*[0-9a-f]+){_SPACE})\}}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Text:
    """`constant` is None where the string depends on the run."""

    at: int
    constant: str | None
    get: Callable[["Run"], str]


@dataclass(frozen=True, slots=True)
class Texts:
    at: int
    items: tuple[Text, ...]

    @property
    def constant(self) -> tuple[str, ...] | None:
        """The strings, where none depends on the run."""
        found = tuple(item.constant for item in self.items if item.constant is not None)
        return found if len(found) == len(self.items) else None

    def get(self, run: "Run") -> tuple[str, ...]:
        return tuple([item.get(run) for item in self.items])


def constant(at: int, text: str) -> Text:
    return Text(at, text, lambda run: text)


def compile_texts(strings: Strings, scope: "Scope") -> Texts:
    return Texts(strings.at, tuple(compile_text(word, scope) for word in strings.words))


def compile_text(word: Word, scope: "Scope") -> Text:
    text = word.text
    if "${" not in text:
        return constant(word.at, text)
    if scope.has("encoded-character"):
        text = _decoded(text, word.at, scope)
    if not scope.has("variables"):
        return constant(word.at, text)
    pieces: list[str | Callable[[Run], str]] = []
    at = 0
    for match in _REFERENCE.finditer(text):
        pieces += (text[at : match.start()], _reference(match[1].lower(), word.at, scope))
        at = match.end()
    if not pieces:
        return constant(word.at, text)
    pieces.append(text[at:])
    wanted = [piece for piece in pieces if piece != ""]
    if len(wanted) == 1 and not isinstance(wanted[0], str):
        return Text(word.at, None, wanted[0])
    return Text(word.at, None, _joined(wanted, scope.limits.text))


def _joined(pieces: "list[str | Callable[[Run], str]]", most: int) -> "Callable[[Run], str]":
    def get(run: "Run") -> str:
        found = [piece if isinstance(piece, str) else piece(run) for piece in pieces]
        if sum(map(len, found)) > most:
            raise RunError(f"a string grew to more than {most} characters")
        return "".join(found)

    return get


def _reference(name: str, at: int, scope: "Scope") -> "Callable[[Run], str]":
    if name.isdigit():
        number = int(name) if len(name) < 10 else scope.limits.match_values + 1
        if number > scope.limits.match_values:
            scope.problem(
                at, f"${{{name[:20]}}} is above ${{{scope.limits.match_values}}}, the last one"
            )

        def match_value(run: "Run") -> str:
            return run.matches[number] if number < len(run.matches) else ""

        return match_value
    space, _, last = name.rpartition(".")
    if not space:
        return lambda run: (run.globals if name in run.shared else run.variables).get(name, "")
    if space == "global" and scope.has("include"):
        return lambda run: run.globals.get(last, "")
    if space.partition(".")[0] == "env" and scope.has("environment"):
        item = name.partition(".")[2]
        return lambda run: run.environment.item(item) or ""
    scope.problem(at, f"there is no namespace “{space}” for the variable “{name}”")
    return lambda run: ""


def variable_name(text: Text | None, scope: "Scope") -> tuple[str, bool]:
    """The lower-case name of a variable that is set, and whether it is a global one; tells what is
    wrong with it."""
    if text is None:
        return "", False
    if text.constant is None:
        scope.problem(text.at, "the name of a variable must stand in the script as it is")
        return "", False
    name = text.constant.lower()
    if not _NAMED.fullmatch(name):
        if name.isdigit():
            scope.problem(text.at, f"the match variable “{name[:20]}” cannot be set")
        else:
            scope.problem(text.at, f"“{name[:40]}” cannot be the name of a variable")
        return "", False
    if len(name) > scope.limits.variable_name:
        scope.problem(
            text.at,
            f"the name of a variable is longer than {scope.limits.variable_name} characters",
        )
        return "", False
    space, _, last = name.rpartition(".")
    if space == "global" and scope.has("include"):
        scope.declare(last, text.at)
        return last, True
    if space:
        scope.problem(text.at, f"there is no namespace “{space}” in which “{last}” could be set")
        return "", False
    scope.declare(name, text.at)
    return name, False


def _decoded(text: str, at: int, scope: "Scope") -> str:
    """`${hex:…}` and `${unicode:…}` as the octets they name; other text stays."""

    def replace(match: re.Match[str]) -> str:
        if match[1]:
            data = bytes(int(number, 16) for number in match[2].split())
            return data.decode("latin-1").translate(_ESCAPES)
        found = []
        for number in match[3].split():
            value = int(number.lstrip("0")[:8] or "0", 16)
            if value > 0x10FFFF or 0xD800 <= value <= 0xDFFF:
                scope.problem(at, f"{number[:20]} is the number of no character of Unicode")
                return ""
            found.append(chr(value))
        return "".join(found)

    found = _ENCODED.sub(replace, text)
    # Octets by number may make up one character between them.
    return found.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


_ESCAPES = {octet: 0xDC00 + octet for octet in range(128, 256)}


def cut(text: str, most: int) -> str:
    """`text` in at most so many octets, whole characters only."""
    if len(text) * 4 <= most:
        return text
    data = text.encode("utf-8", "surrogateescape")
    return text if len(data) <= most else data[:most].decode("utf-8", "ignore")


def is_utf8(text: str) -> bool:
    """Whether no octets stand in it that are no UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
