"""Many accounts at once, from a table that somebody wrote in a spreadsheet program.

The first line is a header. Columns: the address without its domain; where its mail is sent on to,
or nothing; `1` where no copy is to stay. Every row stands for itself: it is made whole or, for a
reason of its own, not at all, and the others are not touched. What is there already just as the row
says is left as it is, so that the same file may come again. The accounts have no password yet.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from alphorn.base import address as rules
from alphorn.base import sheet
from alphorn.base.errors import AlphornError, Refused, Unavailable
from alphorn.base.sheet import Row
from alphorn.directory.orm import Address, Domain, change, reading
from alphorn.directory.values import AddressKind
from alphorn.operations import find, quota
from alphorn.operations.accounts import create
from alphorn.operations.addresses import checked_targets
from alphorn.operations.control import Control, NewAccount
from alphorn.operations.newcomers import welcome
from alphorn.operations.onward import warnings
from alphorn.operations.rights import Right, require
from alphorn.operations.verifier import make

HEADER = ("address", "redirect to", "delete after redirection")
TEMPLATE = (",".join(HEADER) + "\r\n").encode()
"""A file to begin with, which every spreadsheet program opens."""


class Fate(Enum):
    NEW = "new"
    """In a preview: it would be made."""
    MADE = "made"
    SAME = "same"
    """It is there already, just so."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Planned:
    """What becomes of one row. `line` is where it stands in the file; `address` is whole, or what
    stands in the row where that is none; `text` says what is wrong, or what to know."""

    line: int
    address: str
    redirect_to: str = ""
    delete: bool = False
    fate: Fate = Fate.NEW
    text: str = ""


@dataclass(frozen=True, slots=True)
class Import:
    """`left` is how many may still be made in bulk within 24 hours, None for any number."""

    rows: tuple[Planned, ...]
    left: int | None

    def count(self, fate: Fate) -> int:
        return sum(row.fate is fate for row in self.rows)


def preview(control: Control, domain: str, octets: bytes) -> Import:
    """What `import_accounts` would do now; changes nothing. Raises as that."""
    table = _read(octets)
    with reading():
        there = find.domain(domain)
        require(control.actor, Right.ADDRESSES, there.organization_id)
        left, room = _left(control, there), _room(there)
        planned = []
        for row in _checked(there, table):
            if row.fate is Fate.NEW:
                row = _against(row, there)
            if row.fate is Fate.NEW:
                row = _limited(row, left, room)
            if row.fate is Fate.NEW:
                left = left if left is None else left - 1
                room = room if room is None else room - 1
            planned.append(row)
        return Import(tuple(planned), _left(control, there))


def import_accounts(control: Control, domain: str, octets: bytes) -> Import:
    """Make them; each row is durable before the next one is begun.

    Raises Refused("sheet") for a file that is no table, ("header") where its first line is none;
    NotFound, AddressError, Forbidden; Unavailable in the middle: the rows before are made, and the
    same file goes on where that ended.
    """
    table = _read(octets)
    with reading():
        there = find.domain(domain)
        require(control.actor, Right.ADDRESSES, there.organization_id)
    done = tuple(
        _made(control, there.name, row) if row.fate is Fate.NEW else row
        for row in _checked(there, table)
    )
    with reading():
        return Import(done, _left(control, find.domain(there.name)))


def _made(control: Control, domain: str, row: Planned) -> Planned:
    try:
        with change():
            there = find.domain(domain)
            require(control.actor, Right.ADDRESSES, there.organization_id)
            row = _against(row, there)
            if row.fate is not Fate.NEW:
                return row
            quota.require_room(there.organization)
            quota.require_bulk_room(there.organization, 1, control.now())
            new = NewAccount(row.address)
            create(
                control,
                there,
                row.address.partition("@")[0],
                new,
                make(None, control.iterations),
                redirect_to=row.redirect_to,
                keep=not row.delete,
                in_bulk=True,
            )
    except Unavailable:
        raise
    except AlphornError as error:
        return replace(row, fate=Fate.WRONG, text=error.text)
    welcome(control, (row.address,))
    return replace(row, fate=Fate.MADE)


def _read(octets: bytes) -> tuple[Row, ...]:
    table = sheet.read(octets)
    header = table.header.cells
    # Whoever forgets the header would miss the first account.
    if len(header) > 1 and "@" in header[1]:
        raise Refused(
            f"The first line is to be a header such as: {', '.join(HEADER)}", code="header"
        )
    return table.rows


def _checked(domain: Domain, table: tuple[Row, ...]) -> Iterator[Planned]:
    """What can be said of each row without looking at what is there."""
    seen: dict[str, int] = {}
    for row in table:
        try:
            planned = _parsed(domain, row)
        except AlphornError as error:
            yield Planned(row.line, row.cells[0], fate=Fate.WRONG, text=error.text)
            continue
        first = seen.setdefault(planned.address, row.line)
        if first != row.line:
            text = f"{planned.address} stands in row {first} already."
            planned = replace(planned, fate=Fate.WRONG, text=text)
        yield planned


def _parsed(domain: Domain, row: Row) -> Planned:
    local, target, delete = (*row.cells[:3], "", "")[:3]
    if any(row.cells[3:]):
        raise Refused("There are more than three columns.", code="row")
    if not local:
        raise Refused("The first column is empty.", code="row")
    if "@" in local:
        raise Refused(f"The address is written without @{domain.name} here.", code="row")
    address = f"{rules.check_local(local)}@{domain.name}"
    if delete not in ("", "0", "1"):
        raise Refused('In the third column there is "1" or nothing.', code="row")
    if delete == "1" and not target:
        raise Refused("Without a redirect all mail would be deleted.", code="row")
    redirect_to = checked_targets(address, [target]) if target else ""
    return Planned(
        row.line, address, redirect_to, delete == "1", text=" ".join(warnings([redirect_to]))
    )


def _against(row: Planned, domain: Domain) -> Planned:
    """The same, with what is there already."""
    local = row.address.partition("@")[0]
    there = Address.objects.filter(domain=domain, local=local).first()
    if there is None:
        return row
    same = (AddressKind.OWN.value, row.redirect_to, not row.delete)
    if (there.kind, there.redirect_to, there.keep) == same:
        return replace(row, fate=Fate.SAME, text="It is there already.")
    text = f"{row.address} exists already, and otherwise."
    if there.kind == AddressKind.REFUSED.value:
        text = f"{row.address} is to be refused."
    return replace(row, fate=Fate.WRONG, text=text)


def _limited(row: Planned, left: int | None, room: int | None) -> Planned:
    if left is not None and left <= 0:
        text = "More than may be made in bulk within 24 hours; bring the file again tomorrow."
        return replace(row, fate=Fate.WRONG, text=text)
    if room is not None and room <= 0:
        return replace(row, fate=Fate.WRONG, text="The plan allows no more addresses.")
    return row


def _left(control: Control, domain: Domain) -> int | None:
    return quota.bulk_room(domain.organization, control.now())


def _room(domain: Domain) -> int | None:
    return quota.room(domain.organization)
