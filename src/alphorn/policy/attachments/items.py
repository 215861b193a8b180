"""What a reader of a format tells of a file: the files in it, and what is wrong with it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from alphorn.policy.attachments.budget import Budget
from alphorn.policy.attachments.expand import Method, expand
from alphorn.policy.attachments.view import View

MAX_EXTENSIONS = 2000


class Fault(StrEnum):
    """What can be found in a file beside other files."""

    EXTENSION = "extension"
    """It goes by a forbidden extension (`detail`: which)."""
    PROGRAM = "program"
    """It is run, installed or mounted when opened, whatever its name says."""
    SCRIPT_MACRO = "macro"
    """An office file holds macros (`detail`: what kind)."""
    AUTOMATIC_MACRO = "automatic-macro"
    """They run by themselves (`detail`: by which name)."""
    EXPLOIT = "exploit"
    """It holds something that is only seen where a flaw of a program is exploited."""
    REMOTE = "remote"
    """It loads a template or an object from elsewhere when it is opened."""
    ENCRYPTED = "encrypted"
    BOMB = "bomb"
    """It is made to exhaust whoever looks into it."""
    PARTIAL = "partial"
    """It is a piece of a message that is only whole at the recipient's."""
    SEALED = "sealed"
    """It may hold files, and what could read them is not here."""
    UNSEEN = "unseen"
    """A bound was reached, or it is damaged; the rest was not looked at."""
    OVERRIDE = "override"
    """A part of its name is shown backwards."""
    FOREIGN = "foreign-program"


@dataclass(frozen=True, slots=True)
class Finding:
    fault: Fault
    detail: str = ""


Opener = Callable[[int | None], View]
"""Gives up to so many octets of a file, or all of it; raises `Exhausted` for more than may be."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in another one. `names` are all that it goes by; `open` is None where it cannot be."""

    names: tuple[str, ...]
    open: Opener | None = None
    encrypted: bool = False


Item = Member | Finding


def one_of_each(names: Iterable[str]) -> Member:
    """One name for each extension, of names that there are too many of to look at each."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(name.rpartition(".")[2].lower(), name)
    return Member(tuple(islice(found.values(), MAX_EXTENSIONS)))


Reader = Callable[[View, Budget], Iterator[Item]]
"""Raises `Damaged` or `Exhausted` after what could be read, and nothing else."""


def compressed(method: Method, source: View, budget: Budget) -> Opener:
    """A file that is to be expanded, on the account of `budget`."""

    def open_(limit: int | None) -> View:
        return View(expand(method, source, budget, limit))

    return open_


def stored(view: View) -> Opener:
    """A file whose octets stand there as they are."""

    def open_(limit: int | None) -> View:
        return view if limit is None else view.part(0, limit)

    return open_
