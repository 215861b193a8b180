"""What the compiler knows while it reads one script: what is enabled, declared, and wrong."""

from typing import TYPE_CHECKING

from alphorn.sieve.errors import Problem, place
from alphorn.sieve.limits import Limits

if TYPE_CHECKING:
    from alphorn.sieve.language import Language

MAX_FOUND = 1000


class Scope:
    """`began` is set by the first command that is no require; `loops` are the names of the
    foreverypart loops around; `includes` the scripts that are named by it, `redirects`
    the addresses."""

    def __init__(self, source: str, language: "Language", limits: Limits) -> None:
        self.source = source
        self.language = language
        self.limits = limits
        self.enabled: set[str] = {""}
        self.required: list[str] = []
        self.found: dict[tuple[int, str], None] = {}
        self.told = 0
        self.names: set[str] = set()
        self.shared: set[str] = set()
        self.loops: list[str] = []
        self.includes: list[tuple[str, str, bool]] = []
        self.redirects: list[str] = []
        self.began = False

    def has(self, capability: str) -> bool:
        return capability in self.enabled

    def enable(self, capability: str) -> bool:
        """Take a capability into use, and all that it implies; False where there is none such."""
        extension = self.language.extensions.get(capability)
        if extension is None:
            return False
        if capability not in self.enabled:
            self.enabled.add(capability)
            self.required.append(capability)
        self.enabled.update(extension.implies)
        return True

    def problem(self, at: int, text: str) -> None:
        """Tell a mistake; the same one at the same place once. `told` counts all of them."""
        self.told += 1
        if len(self.found) < MAX_FOUND:
            self.found[at, text] = None

    def declare(self, name: str, at: int) -> None:
        """Count a variable."""
        if name not in self.names:
            self.names.add(name)
            if len(self.names) == self.limits.variables + 1:
                self.problem(at, f"the script has more than {self.limits.variables} variables")

    def problems(self) -> tuple[Problem, ...]:
        """The mistakes in the order of their places, at most `limits.problems`."""
        found = sorted(self.found, key=lambda one: one[0])
        return tuple(
            Problem(*place(self.source, at), text) for at, text in found[: self.limits.problems]
        )
