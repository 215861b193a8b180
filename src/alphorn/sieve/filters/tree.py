"""What reading tests and actions has in common: arguments of a command that compiles, sorted."""

from collections.abc import Mapping
from dataclasses import dataclass

from alphorn.sieve.tree import Node, Number, Strings, Tag


class Unsaid(Exception):
    """What stands at an offset, filters cannot say; never leaves this package."""

    def __init__(self, at: int, words: str) -> None:
        super().__init__(words)
        self.at = at
        self.words = words


@dataclass(frozen=True, slots=True)
class Given:
    """`tags` are in lower case, with the string that belongs to each, "" for none."""

    node: Node
    tags: Mapping[str, str]
    positional: tuple[tuple[str, ...] | int, ...]

    def texts(self, index: int) -> tuple[str, ...]:
        found = self.positional[index]
        assert isinstance(found, tuple)
        return found

    def text(self, index: int) -> str:
        return self.texts(index)[0]

    def refuse(self, words: str) -> Unsaid:
        return Unsaid(self.node.at, words)


def given(node: Node, known: Mapping[str, bool]) -> Given:
    """The arguments; `known` are the tags that filters can say, and whether a string follows."""
    tags: dict[str, str] = {}
    positional: list[tuple[str, ...] | int] = []
    rest = iter(node.arguments)
    for argument in rest:
        match argument:
            case Tag(name, at):
                name = name.lower()
                if name not in known:
                    raise Unsaid(at, f"filters do not know :{name} in “{node.name}”")
                tags[name] = ""
                if known[name]:
                    operand = next(rest)
                    assert isinstance(operand, Strings)
                    tags[name] = operand.words[0].text
            case Number(value):
                positional.append(value)
            case Strings(words):
                positional.append(tuple(word.text for word in words))
    return Given(node, tags, tuple(positional))
