"""What is wrong with filters, and with a text that is to be read as filters.

Refused (base)
+-- FilterError         a value is none, or a limit is passed; `path` says which field
+-- ScriptError         the text is no Sieve
    +-- NotInModel      it is, but says what filters cannot; each `Problem` with its place
"""

from alphorn.base.errors import Refused
from alphorn.sieve.errors import ScriptError

Path = tuple[str | int, ...]
"""Names of fields and positions, which count from 0: ("filters", 2, "conditions", 0, "how")."""


class FilterError(Refused):
    """`words` say what is wrong; the error's text also says where."""

    code = "filter"

    def __init__(self, path: Path, words: str) -> None:
        super().__init__(f"{_place(path)}: {words}" if path else words)
        self.path = path
        self.words = words

    def below(self, *path: str | int) -> "FilterError":
        """The same with where the whole stands in front."""
        return FilterError((*path, *self.path), self.words)


class NotInModel(ScriptError):
    """Filters cannot say this; a script of one's own can."""

    code = "not-in-filters"


def _place(path: Path) -> str:
    """ "filters", 2, "conditions", 0, "how" as "filter 3, condition 1, how"."""
    found: list[str] = []
    for step in path:
        if isinstance(step, int):
            found[-1] = f"{found[-1].removesuffix('s')} {step + 1}"
        else:
            found.append(step)
    return ", ".join(found)
