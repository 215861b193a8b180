"""The table, turned so that names can be looked up in it."""

from collections.abc import Iterable
from difflib import get_close_matches

from alphorn.sieve.comparators import Comparator
from alphorn.sieve.table import Command, Extension, Tag, Test


class Language:
    """Commands, tests, tagged arguments and comparators of all rows, by lower-case name."""

    def __init__(self, table: Iterable[Extension]) -> None:
        self.extensions: dict[str, Extension] = {}
        self.commands: dict[str, tuple[Command, str]] = {}
        self.tests: dict[str, tuple[Test, str]] = {}
        self.tags: dict[str, dict[str, tuple[Tag, str]]] = {}
        self.comparators: dict[str, tuple[Comparator, str]] = {}
        for extension in table:
            capability = extension.capability
            self.extensions[capability] = extension
            for command in extension.commands:
                self.commands[command.name] = (command, capability)
            for test in extension.tests:
                self.tests[test.name] = (test, capability)
            for tag in extension.tags:
                for target in tag.on:
                    self.tags.setdefault(target, {})[tag.name] = (tag, capability)
            for comparator in extension.comparators:
                self.comparators[comparator.name] = (comparator, capability)

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What scripts can require, for ManageSieve's SIEVE capability (RFC 5804 §1.7)."""
        return tuple(
            name for name, row in sorted(self.extensions.items()) if name and not row.silent
        )

    def tags_of(self, form: Command | Test) -> dict[str, tuple[Tag, str]]:
        """The tagged arguments that can stand with a command or test, by name."""
        found: dict[str, tuple[Tag, str]] = {}
        for target in (*form.groups, form.name):
            found |= self.tags.get(target, {})
        return found

    def near(self, name: str, known: Iterable[str]) -> str:
        """A question after the name that was perhaps meant, "" where none is near."""
        found = get_close_matches(name.lower(), list(known), 1, 0.75)
        return f"; is “{found[0]}” meant?" if found else ""
