"""What is wrong with a script, and what went wrong in one.

Refused (base)
+-- ScriptError     the script cannot be taken: each `Problem` with its line and column
RunError            a script that was taken failed on a message; never leaves this room
"""

from dataclasses import dataclass

from alphorn.base.errors import Refused


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. Lines and columns count from 1, columns in characters; 0 is no place at all."""

    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.text}" if self.line else self.text


class ScriptError(Refused):
    """A script with mistakes; `problems` is in the order of their places and never empty."""

    code = "sieve"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class RunError(Exception):
    """A script failed on a message. `at` is the offset of the command, -1 until it is known."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text
        self.at = -1


def place(source: str, at: int) -> tuple[int, int]:
    """The line and column of an offset."""
    begin = source.rfind("\n", 0, at) + 1
    return source.count("\n", 0, at) + 1, at - begin + 1
