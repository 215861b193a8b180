"""Which header fields a test looks at: of the message, or with :mime of its parts; all, or one by
:index (RFC 5260 §6, RFC 5703 §4). What header, address, exists and date have in common.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from alphorn.sieve.mail import leaves
from alphorn.sieve.run import Run
from alphorn.sieve.texts import Texts

if TYPE_CHECKING:
    from alphorn.message.parse import Entity
    from alphorn.sieve.call import Call

_NAME = re.compile(r"[!-9;-~]+")
_T = TypeVar("_T")

Values = Callable[[Run], list[str]]


def check_names(call: "Call", names: Texts) -> None:
    """Tell names that no header field can have. A colon behind one is a slip that many make."""
    for name in names.items:
        if name.constant is None or _NAME.fullmatch(name.constant):
            continue
        if name.constant.rstrip().endswith(":"):
            continue  # matches nothing; real scripts have it
        call.problem(f"“{name.constant[:40]}” cannot be the name of a header field", name.at)


def is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def lowered(names: Texts) -> Callable[[Run], tuple[str, ...]]:
    """The field names in lower case."""
    constant = names.constant
    if constant is not None:
        fixed = tuple(name.lower() for name in constant)
        return lambda run: fixed
    return lambda run: tuple(name.lower() for name in names.get(run))


def chosen_index(call: "Call") -> Callable[[list[_T]], list[_T]] | None:
    """What :index and :last leave of the fields, None where they do not stand."""
    number = call.tag_number("index")
    if number is None:
        return None
    if number == 0:
        call.problem("':index' counts from 1", call.places["index"])
    if call.given("last"):
        return lambda found: (
            found[-number : len(found) - number + 1] if number <= len(found) else []
        )
    return lambda found: found[number - 1 : number]


def chosen_entities(call: "Call") -> "Callable[[Run], list[Entity]] | None":
    """The parts whose headers count, None for the header of the message itself."""
    if not call.given("mime"):
        return None
    any_child = call.given("anychild")

    def entities(run: Run) -> "list[Entity]":
        entity = run.part or run.mail.root
        if not any_child:
            return [entity]
        found = leaves(entity)
        run.spend(len(found))
        return found

    return entities
