"""Sieve as filters: what `writing` writes, however a person has laid it out or edited it since, as
long as filters can say it.

The text is compiled first, so that whatever is no Sieve is told by the compiler in its words; what
is read here is its tree. A comment that would be lost is refused too, but for what stands at the
very beginning.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alphorn.sieve.compiler import compile_script
from alphorn.sieve.errors import Problem, place
from alphorn.sieve.filters.check import checked_filter
from alphorn.sieve.filters.errors import FilterError, NotInModel
from alphorn.sieve.filters.layout import layout
from alphorn.sieve.filters.limits import MAX_FILTERS
from alphorn.sieve.filters.model import Filter
from alphorn.sieve.filters.reading_actions import actions
from alphorn.sieve.filters.reading_tests import match
from alphorn.sieve.filters.tree import Unsaid
from alphorn.sieve.limits import DEFAULT
from alphorn.sieve.parser import parse
from alphorn.sieve.tree import Node, Strings

_CHANGING = ("variables", "encoded-character")


@dataclass(frozen=True, slots=True)
class Placed:
    """A filter and the lines, counted from 1, of its first word and of its end."""

    filter: Filter
    line: int
    last: int


def read(source: str) -> tuple[Filter, ...]:
    """The filters that a text is, as `check.checked` gives them; `ScriptError` for what is no
    Sieve, `NotInModel` with all places where it says what filters cannot."""
    return tuple(one.filter for one in read_placed(source))


def read_placed(source: str) -> tuple[Placed, ...]:
    """The same with the lines of each."""
    compile_script(source)
    nodes = parse(source, DEFAULT, lambda at, words: None)
    text = layout(source)
    wrong = [(at, "filters have no comments; this one would be lost") for at in text.strays]
    found: list[Placed] = []
    number = 0
    for index, node in enumerate(nodes):
        try:
            if node.name == "require":
                _check_required(node, nodes)
                continue
            _check_command(node)
            number += 1
            if number > MAX_FILTERS:
                raise Unsaid(node.at, f"there are at most {MAX_FILTERS} filters")
            if index + 1 < len(nodes) and nodes[index + 1].name in ("elsif", "else"):
                words = f"a filter has no “{nodes[index + 1].name}”"
                raise Unsaid(nodes[index + 1].at, words)
            name = text.names.get(node.at) or f"Filter {number}"
            line, _ = place(source, node.at)
            last, _ = place(source, text.ends.get(node.at, node.at))
            found.append(Placed(_filter(node, name), line, last))
        except Unsaid as error:
            wrong.append((error.at, error.words))
    if wrong:
        # A filter with “elsif” told it already.
        problems = [Problem(*place(source, at), words) for at, words in dict(sorted(wrong)).items()]
        raise NotInModel(tuple(problems[: DEFAULT.problems]))
    return tuple(found)


def _filter(node: Node, name: str) -> Filter:
    block = node.block or []
    on = node.tests[0].name != "false"
    if not on:
        if len(block) != 1 or block[0].name != "if":
            words = "“if false” is a filter that is switched off; within it stands one “if”"
            raise Unsaid(node.at, words)
        node = block[0]
        block = node.block or []
    how, conditions = match(node.tests[0])
    if not block:
        raise Unsaid(node.at, "a filter needs something to do")
    try:
        return checked_filter(Filter(name, how, conditions, actions(block), on))
    except FilterError as error:
        raise Unsaid(node.at, error.text) from None


def _check_command(node: Node) -> None:
    if node.name in ("elsif", "else"):
        raise Unsaid(node.at, f"a filter has no “{node.name}”")
    if node.name != "if":
        raise Unsaid(
            node.at, f"filters are one “if” after the other, without “{node.name}” between"
        )


def _check_required(node: Node, nodes: Sequence[Node]) -> None:
    for argument in node.arguments:
        if not isinstance(argument, Strings):
            continue
        for word in argument.words:
            if word.text == "ihave":
                raise Unsaid(word.at, "filters know what there is; they do not ask by “ihave”")
            if word.text in _CHANGING and (at := _reference(nodes)) is not None:
                raise Unsaid(
                    at, f"with “{word.text}”, “${{” has a meaning that filters do not know"
                )


def _reference(nodes: Sequence[Node]) -> int | None:
    """Where `${` first stands in a string."""
    stack = list(reversed(nodes))
    while stack:
        node = stack.pop()
        for argument in node.arguments:
            for word in argument.words if isinstance(argument, Strings) else ():
                if "${" in word.text:
                    return word.at
        stack += reversed((*node.tests, *(node.block or ())))
    return None
