"""An extended regular expression as a tree, and what it costs (POSIX.1-2017 XBD §9.4).

Beyond POSIX `\\w \\W \\s \\S \\d \\D` are read, as most libraries do. Not read: back references,
collating elements, `\\b` and the like. A set of characters is written in the syntax of Python's
`re`, so that both ways of matching mean the same by it.
"""

import math
import re
from dataclasses import dataclass

MAX_DEPTH = 50
MAX_REPEAT = 255

_CLASSES = {
    "alpha": r"^\W\d_",
    "digit": r"0-9",
    "alnum": r"^\W_",
    "upper": r"A-Z",
    "lower": r"a-z",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "print": r"\x20-\x7e\xa0-\U0010ffff",
    "graph": r"\x21-\x7e\xa1-\U0010ffff",
    "cntrl": r"\x00-\x1f\x7f",
    "xdigit": r"0-9A-Fa-f",
}
_BOUNDS = re.compile(r"\{(\d{1,4})(?:(,)(\d{1,4})?)?\}")


class Wrong(ValueError):
    """Not an expression; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Characters:
    """One character out of a set; `pattern` is in the syntax of `re`."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Edge:
    """The begin of the text, or its end."""

    end: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One after the other; none at all is the empty text."""

    nodes: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    nodes: tuple["Tree", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    node: "Tree"
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Group:
    number: int
    node: "Tree"


Tree = Characters | Edge | Row | Choice | Repeat | Group


def parse(pattern: str) -> tuple[Tree, int]:
    """The tree of an expression and the number of its groups. Raises `Wrong`."""
    parser = _Parser(pattern)
    tree = parser.choice(0)
    if parser.at < len(pattern):
        raise Wrong("there is a “)” without a “(”")
    return tree, parser.groups


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.groups = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def choice(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise Wrong(f"more than {MAX_DEPTH} parentheses within one another")
        nodes = [self.row(depth)]
        while self.peek() == "|":
            self.at += 1
            nodes.append(self.row(depth))
        return nodes[0] if len(nodes) == 1 else Choice(tuple(nodes))

    def row(self, depth: int) -> Tree:
        nodes: list[Tree] = []
        while (sign := self.peek()) not in ("", "|", ")"):
            if sign in "*+?" or (sign == "{" and _BOUNDS.match(self.text, self.at)):
                raise Wrong(f"there is nothing that “{sign}” could repeat")
            nodes.append(self.repeated(self.atom(depth)))
        return nodes[0] if len(nodes) == 1 else Row(tuple(nodes))

    def repeated(self, node: Tree) -> Tree:
        for _ in range(MAX_DEPTH):
            sign = self.peek()
            bounds = _BOUNDS.match(self.text, self.at) if sign == "{" else None
            if bounds is not None:
                least, comma, upper = bounds.groups()
                low = int(least)
                high = low if comma is None else None if upper is None else int(upper)
                if low > MAX_REPEAT or (high or 0) > MAX_REPEAT:
                    raise Wrong(f"a repetition of more than {MAX_REPEAT} times")
                if high is not None and high < low:
                    raise Wrong(f"“{bounds[0]}” begins above its end")
                node = Repeat(node, low, high)
                self.at = bounds.end()
            elif sign and sign in "*+?":
                self.at += 1
                if isinstance(node, Repeat) and (node.least, node.most) == (0, None):
                    continue
                node = Repeat(node, int(sign == "+"), 1 if sign == "?" else None)
            else:
                return node
        raise Wrong("too many repetitions one after another")

    def atom(self, depth: int) -> Tree:
        sign = self.peek()
        self.at += 1
        match sign:
            case "(":
                self.groups += 1
                number = self.groups
                node = self.choice(depth + 1)
                if self.peek() != ")":
                    raise Wrong("there is a “(” without a “)”")
                self.at += 1
                return Group(number, node)
            case "[":
                return Characters(self.bracket())
            case ".":
                return Characters(".")
            case "^" | "$":
                return Edge(sign == "$")
            case "\\":
                return Characters(self.escaped())
            case _:
                return Characters(re.escape(sign))

    def escaped(self) -> str:
        sign = self.peek()
        self.at += 1
        if not sign:
            raise Wrong("there is nothing behind the last “\\”")
        if sign in "wWsSdD":
            return "\\" + sign
        if sign.isascii() and sign.isalnum():
            raise Wrong(f"“\\{sign}” is not a part of extended regular expressions")
        return re.escape(sign)

    def bracket(self) -> str:
        text = self.text
        negated = self.peek() == "^"
        self.at += negated
        pieces: list[str] = []
        apart: list[str] = []  # sets that are the complement of something
        first = True
        while True:
            if self.at >= len(text):
                raise Wrong("there is a “[” without a “]”")
            if text[self.at] == "]" and not first:
                self.at += 1
                break
            first = False
            if text.startswith(("[.", "[="), self.at):
                raise Wrong("collating elements are not supported")
            if text.startswith("[:", self.at):
                end = text.find(":]", self.at)
                name = text[self.at + 2 : end] if end > 0 else ""
                if name not in _CLASSES:
                    raise Wrong(f"there is no class of characters called “{name[:20]}”")
                found = _CLASSES[name]
                (apart if found.startswith("^") else pieces).append(found)
                self.at = end + 2
                continue
            low = text[self.at]
            self.at += 1
            if text[self.at : self.at + 1] == "-" and text[self.at + 1 : self.at + 2] not in (
                "",
                "]",
            ):
                high = text[self.at + 1]
                self.at += 2
                if high == "[" and self.peek() in (".", "=", ":"):
                    raise Wrong("a range cannot end in a class of characters")
                if high < low:
                    raise Wrong(f"the range “{low}-{high}” begins above its end")
                pieces.append(f"{_literal(low)}-{_literal(high)}")
            else:
                pieces.append(_literal(low))
        inner = "".join(pieces)
        if not apart:
            return f"[{'^' if negated else ''}{inner}]"
        sets = [f"[{one}]" for one in apart] + ([f"[{inner}]"] if inner else [])
        union = "(?:" + "|".join(sets) + ")"
        return f"(?:(?!{union})[\\s\\S])" if negated else union


def _literal(sign: str) -> str:
    return "\\" + sign if sign in "\\]^-[&|~" else sign


def translate(node: Tree) -> str:
    """The expression in the syntax of `re`, its groups numbered alike."""
    match node:
        case Characters(pattern):
            return pattern
        case Edge(end):
            return r"\Z" if end else r"\A"
        case Row(nodes):
            return "".join(map(translate, nodes))
        case Choice(nodes):
            return "(?:" + "|".join(map(translate, nodes)) + ")"
        case Group(_, inner):
            return f"({translate(inner)})"
        case Repeat(inner, least, most):
            many = (
                "*" if (least, most) == (0, None) else f"{{{least},{'' if most is None else most}}}"
            )
            return f"(?:{translate(inner)}){many}"


def paths(node: Tree, length: int) -> float:
    """At most so many ways lead a backtracking matcher through the expression from one place of a
    text of this length; infinite where they cannot be counted."""
    match node:
        case Characters() | Edge():
            return 1.0
        case Row(nodes):
            return _bounded(math.prod(paths(one, length) for one in nodes))
        case Choice(nodes):
            return _bounded(sum(paths(one, length) for one in nodes))
        case Group(_, inner):
            return paths(inner, length)
        case Repeat(inner, least, most):
            ways = paths(inner, length)
            if ways == 1.0:
                return 1.0 + (length if most is None else min(most - least, length))
            if most is None or math.isinf(ways) or most * math.log2(ways) > 60:
                return math.inf
            return _bounded(ways**most * (most - least + 1))


def _bounded(ways: float) -> float:
    return ways if ways < 1e18 else math.inf


def begins_at_edge(node: Tree) -> bool:
    """Whether each match begins at the begin of the text."""
    match node:
        case Edge(end):
            return not end
        case Row(nodes):
            return bool(nodes) and begins_at_edge(nodes[0])
        case Choice(nodes):
            return all(map(begins_at_edge, nodes))
        case Group(_, inner):
            return begins_at_edge(inner)
        case Repeat(inner, least, _):
            return least > 0 and begins_at_edge(inner)
        case _:
            return False
