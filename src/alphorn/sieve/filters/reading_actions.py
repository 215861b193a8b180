"""Commands of Sieve as actions."""

from collections.abc import Callable, Sequence

from alphorn.sieve.filters.check import checked_action
from alphorn.sieve.filters.errors import FilterError
from alphorn.sieve.filters.model import (
    INBOX,
    Action,
    CopyTo,
    Delete,
    Flag,
    Move,
    Redirect,
    Reject,
    Stop,
)
from alphorn.sieve.filters.tree import Unsaid, given
from alphorn.sieve.filters.writing import TRASH
from alphorn.sieve.tree import Node


def actions(block: Sequence[Node]) -> tuple[Action, ...]:
    """What stands in the block of an “if”."""
    found: list[Action] = []
    for index, node in enumerate(block):
        read = _READERS.get(node.name)
        if read is None:
            raise Unsaid(node.at, f"filters have no action “{node.name}”")
        if found and isinstance(found[-1], Stop):
            raise Unsaid(node.at, "nothing behind a “stop” is done")
        try:
            new = [checked_action(one) for one in read(node)]
        except FilterError as error:
            raise Unsaid(node.at, error.text) from None
        if node.name == "addflag" and any(isinstance(one, Move | CopyTo | Delete) for one in found):
            raise Unsaid(node.at, "flags hold for what is filed behind them; put this first")
        if node.name == "reject" and (len(block) <= index + 1 or block[index + 1].name != "stop"):
            raise Unsaid(node.at, "behind “reject” a filter needs “stop”")
        found += new
    return tuple(found)


def _keep(node: Node) -> list[Action]:
    given(node, {})
    return [Move(INBOX)]


def _fileinto(node: Node) -> list[Action]:
    found = given(node, {"copy": False, "create": False, "specialuse": True})
    create, name = "create" in found.tags, found.text(0)
    if "specialuse" in found.tags:
        if (found.tags["specialuse"].lower(), name) != (TRASH[0].lower(), TRASH[1]):
            raise found.refuse("by its use, filters know only the trash; name the mailbox instead")
        if "copy" in found.tags:
            raise found.refuse("filters put no copies into the trash")
        return [Delete()]
    return [CopyTo(name, create) if "copy" in found.tags else Move(name, create)]


def _addflag(node: Node) -> list[Action]:
    found = given(node, {})
    if len(found.positional) != 1:
        raise found.refuse("filters put flags onto the message, not into variables")
    return [Flag(flag) for text in found.texts(0) for flag in text.split()]


def _redirect(node: Node) -> list[Action]:
    found = given(node, {"copy": False})
    return [Redirect(found.text(0), "copy" in found.tags)]


def _reject(node: Node) -> list[Action]:
    return [Reject(given(node, {}).text(0))]


def _discard(node: Node) -> list[Action]:
    return [Delete(for_good=True)]


def _stop(node: Node) -> list[Action]:
    return [Stop()]


_READERS: dict[str, Callable[[Node], list[Action]]] = {
    "keep": _keep,
    "fileinto": _fileinto,
    "addflag": _addflag,
    "redirect": _redirect,
    "reject": _reject,
    "discard": _discard,
    "stop": _stop,
}
