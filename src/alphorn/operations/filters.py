"""The filters that an account's owner makes by clicking: one function for each act.

The holder of the account does all this, and so does whoever manages the organization. A filter is
named by its number, from 1 in the order in which they run, or by its name where no other has it.
None of these functions may be called within a transaction on the control plane: each is one, so
that two that come at the same moment follow each other. `filter_trial` says what filters would do.

Errors: NotFound("no-such-filter"), Refused("ambiguous"), FilterError and NotInModel (see
`sieve.filters.errors`), NotFound for the account, AddressError, Forbidden, Unavailable.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from alphorn.base.errors import NotFound, Refused
from alphorn.operations import onward
from alphorn.operations.control import Control
from alphorn.operations.owners import changing, mail_of
from alphorn.sieve.filters.advice import advice
from alphorn.sieve.filters.check import checked
from alphorn.sieve.filters.errors import FilterError
from alphorn.sieve.filters.limits import MAX_FILTERS
from alphorn.sieve.filters.model import Filter, Redirect
from alphorn.sieve.filters.reading import read
from alphorn.sieve.filters.writing import write
from alphorn.store.api import Account, Document

Which = int | str


@dataclass(frozen=True, slots=True)
class FiltersInfo:
    """All filters of an account in their order, and the Sieve that they are. `warnings` are
    sentences for whoever made them: what they do not do, although they seem to."""

    filters: tuple[Filter, ...]
    source: str
    warnings: tuple[str, ...] = ()


def list_filters(control: Control, account: str) -> FiltersInfo:
    """All of them."""
    source = mail_of(control, account).document(Document.FILTERS)
    return _info(read(source), source)


def add_filter(
    control: Control, account: str, new: Filter, *, number: int | None = None
) -> FiltersInfo:
    """At this number, the others behind it; else behind all others."""

    def add(filters: list[Filter]) -> None:
        at = len(filters) if number is None else _at(number, len(filters) + 1)
        filters.insert(at, new)

    return _change(control, account, add)


def replace_filter(control: Control, account: str, which: Which, new: Filter) -> FiltersInfo:
    """At the same place."""

    def put(filters: list[Filter]) -> None:
        filters[find_filter(filters, which)] = new

    return _change(control, account, put)


def move_filter(control: Control, account: str, which: Which, number: int) -> FiltersInfo:
    """To this number, the others in their order around it."""

    def move(filters: list[Filter]) -> None:
        one = filters.pop(find_filter(filters, which))
        filters.insert(_at(number, len(filters) + 1), one)

    return _change(control, account, move)


def switch_filter(control: Control, account: str, which: Which, on: bool) -> FiltersInfo:
    """From the next message on."""

    def switch(filters: list[Filter]) -> None:
        at = find_filter(filters, which)
        filters[at] = replace(filters[at], on=on)

    return _change(control, account, switch)


def remove_filter(control: Control, account: str, which: Which) -> FiltersInfo:
    """For good."""

    def remove(filters: list[Filter]) -> None:
        del filters[find_filter(filters, which)]

    return _change(control, account, remove)


def replace_all(control: Control, account: str, source: str) -> FiltersInfo:
    """These instead of all others, from Sieve that filters can say; it stays as it is laid out
    until the next change. Raises ScriptError where it is no Sieve, NotInModel where filters cannot
    say it."""
    filters = read(source)
    write(filters)  # however it is laid out now, it must be possible to write it
    kept = source if filters else ""
    with changing(control, account) as mail:
        _require_elsewhere(account, filters)
        mail.put_document(Document.FILTERS, kept)
    return _info(filters, kept)


def find_filter(filters: Sequence[Filter], which: Which) -> int:
    """Its position, from 0. A name goes before a number that is written as a text."""
    if isinstance(which, str):
        named = [at for at, one in enumerate(filters) if one.name == which]
        if len(named) > 1:
            numbers = ", ".join(str(at + 1) for at in named)
            raise Refused(
                f"There are several filters “{which}”; say which by its number: {numbers}.",
                code="ambiguous",
            )
        if named:
            return named[0]
        if not which.isascii() or not which.isdigit() or len(which) > 9:
            raise NotFound(f"There is no filter “{which}”.", code="no-such-filter")
        which = int(which)
    return _at(which, len(filters))


def _at(number: int, most: int) -> int:
    if not 1 <= number <= most:
        words = f"The filters are numbered from 1 to {most}" if most else "There are no filters"
        raise NotFound(f"There is no filter {number}. {words}.", code="no-such-filter")
    return number - 1


def _change(control: Control, account: str, change: Callable[[list[Filter]], None]) -> FiltersInfo:
    with changing(control, account) as mail:
        filters = list(read(mail.document(Document.FILTERS)))
        change(filters)
        return _put(mail, account, filters)


def _put(mail: Account, account: str, filters: Sequence[Filter]) -> FiltersInfo:
    if len(filters) > MAX_FILTERS:
        raise FilterError(("filters",), f"there are at most {MAX_FILTERS} filters")
    kept = checked(filters)
    _require_elsewhere(account, kept)
    source = write(kept)
    mail.put_document(Document.FILTERS, source)
    return _info(kept, source)


def _require_elsewhere(account: str, filters: Sequence[Filter]) -> None:
    """A mailbox that sends on to itself is a slip, not a wish."""
    for at, one in enumerate(filters):
        for step, action in enumerate(one.actions):
            if isinstance(action, Redirect) and action.address.lower() == account.strip().lower():
                path = ("filters", at, "actions", step, "address")
                raise FilterError(path, f"{action.address} is this very mailbox")


def _info(filters: tuple[Filter, ...], source: str) -> FiltersInfo:
    targets = dict.fromkeys(
        action.address
        for one in filters
        if one.on
        for action in one.actions
        if isinstance(action, Redirect)
    )
    return FiltersInfo(filters, source, (*onward.warnings(tuple(targets)), *advice(filters)))
