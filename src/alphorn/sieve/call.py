"""A command or test with its arguments sorted out, as the compilers of the rows are given it."""

from dataclasses import dataclass, field

from alphorn.sieve.scope import Scope
from alphorn.sieve.table import Check, Step, Tag
from alphorn.sieve.texts import Text, Texts

Value = Text | Texts | int | bool


@dataclass(slots=True)
class Call:
    """`tags` holds those that stand here, by name, True where they take nothing; `chosen` the tag
    of each choice. `positional` is as long as the row's, with None for what is missing."""

    name: str
    noun: str
    at: int
    scope: Scope
    positional: list[Value | None] = field(default_factory=list)
    tags: dict[str, Value] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    chosen: dict[str, Tag] = field(default_factory=dict)
    tests: list[Check] = field(default_factory=list)
    block: Step | None = None

    def given(self, tag: str) -> bool:
        return tag in self.tags

    def text(self, index: int) -> Text:
        """A positional string that must be there."""
        found = self.positional[index]
        assert isinstance(found, Text)
        return found

    def texts(self, index: int) -> Texts:
        found = self.positional[index]
        assert isinstance(found, Texts)
        return found

    def optional_text(self, index: int) -> Text | None:
        found = self.positional[index]
        return found if isinstance(found, Text) else None

    def number(self, index: int) -> int:
        found = self.positional[index]
        assert isinstance(found, int)
        return found

    def tag_text(self, name: str) -> Text | None:
        found = self.tags.get(name)
        return found if isinstance(found, Text) else None

    def tag_texts(self, name: str) -> Texts | None:
        found = self.tags.get(name)
        return found if isinstance(found, Texts) else None

    def tag_number(self, name: str) -> int | None:
        found = self.tags.get(name)
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    def problem(self, text: str, at: int | None = None) -> None:
        """Tell a mistake of this call."""
        self.scope.problem(self.at if at is None else at, text)

    def require(self, capability: str, what: str) -> None:
        """Tell that something needs another extension, unless that is enabled."""
        if not self.scope.has(capability):
            self.problem(f'{what} needs require "{capability}"')
