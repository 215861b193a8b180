"""Sorting messages by what was worked out at delivery (RFC 5256 §3, RFC 5957)."""

from collections.abc import Callable, Sequence
from operator import itemgetter

from alphorn.store import mailboxes
from alphorn.store.api import SortKey
from alphorn.store.bodies import Bodies, Part
from alphorn.store.database import Columns, Database, Kind, Row
from alphorn.store.details import Detail, read_detail

_COLUMNS: dict[SortKey, tuple[str, Kind]] = {
    SortKey.ARRIVAL: ("m.received", Kind.INTEGER),
    SortKey.CC: ("c.sort_cc", Kind.TEXT),
    SortKey.DATE: ("COALESCE(c.sent, m.received)", Kind.INTEGER),
    SortKey.FROM: ("c.sort_from", Kind.TEXT),
    SortKey.SIZE: ("m.size", Kind.INTEGER),
    SortKey.SUBJECT: ("c.base_subject", Kind.TEXT),
    SortKey.TO: ("c.sort_to", Kind.TEXT),
    SortKey.DISPLAY_FROM: ("m.content", Kind.INTEGER),
    SortKey.DISPLAY_TO: ("m.content", Kind.INTEGER),
}
_DISPLAY = {
    SortKey.DISPLAY_FROM: Detail.DISPLAY_FROM,
    SortKey.DISPLAY_TO: Detail.DISPLAY_TO,
}


def sort(
    database: Database,
    mailbox_id: int,
    uids: Sequence[int],
    keys: Sequence[tuple[SortKey, bool]],
) -> Sequence[int]:
    """The UIDs that exist, in the order of the keys; equal ones in the order of the mailbox."""
    columns: Columns = (("m.uid", Kind.INTEGER), *(_COLUMNS[key] for key, _ in keys))
    with database.reading() as tx:
        mailboxes.must_exist(tx, mailbox_id)
        rows = tx.table(
            columns,
            "FROM message m JOIN content c ON c.id = m.content WHERE m.mailbox = ?",
            (mailbox_id,),
        )
    wanted = frozenset(uids)
    rows = [row for row in rows if row[0] in wanted]
    details: dict[int, bytes] = {}
    for at, (key, reverse) in reversed(list(enumerate(keys, 1))):
        detail = _DISPLAY.get(key)
        if detail is None:
            rows.sort(key=itemgetter(at), reverse=reverse)
            continue
        if not details:
            contents = sorted({row[at] for row in rows})
            found = Bodies(database).parts(Part.DETAILS, contents)
            details = {c: data for c, data in zip(contents, found, strict=True) if data is not None}
        rows = [row for row in rows if row[at] in details]
        rows.sort(key=_shown(details, detail, at), reverse=reverse)
    return [row[0] for row in rows]


def _shown(details: dict[int, bytes], detail: Detail, at: int) -> Callable[[Row], str]:
    return lambda row: str(read_detail(details[row[at]], detail))
