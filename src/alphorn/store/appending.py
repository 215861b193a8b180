"""New messages: one transaction, whatever their number, into one mailbox or several."""

from collections.abc import Sequence

from alphorn.base.errors import OverQuota, Refused
from alphorn.base.flags import Flag
from alphorn.store import keywords, mailboxes
from alphorn.store.api import Appended, Place, SpecialUse
from alphorn.store.database import Row, Transaction
from alphorn.store.errors import Ruled, no_such_mailbox
from alphorn.store.limits import MAX_UID
from alphorn.store.prepared import Prepared
from alphorn.store.threads import THREAD, Threads

# Plain numbers: operations on an IntFlag cost microseconds each.
_SEEN = Flag.SEEN.value
_DELETED = Flag.DELETED.value

_SELECT = (  # The thread of a message and whether there are rules are looked up on the way.
    "SELECT id, uidvalidity, uidnext, first_unseen, (SELECT MAX(modseq) FROM mailbox),"  # noqa: S608
    f" (SELECT SUM(octets) FROM mailbox), (SELECT modseq FROM account), ({THREAD}),"
    " (SELECT current FROM rules WHERE id = 1)"
    " FROM mailbox WHERE "
)
_BY_ID = _SELECT + "id = ?"
_BY_NAME = _SELECT + "name = ?"
_BY_USE = _SELECT + "special = ?"


def append(
    tx: Transaction,
    place: Place,
    messages: Sequence[Prepared],
    quota: int | None,
    now: int,
    *,
    unruled: bool = False,
) -> tuple[int, bool, list[Appended]]:
    """Store the messages in this order; the mailbox's id, whether it was made for them, and where
    they are. Raises OverQuota, Refused("limit"), NotFound, and Ruled where `unruled` is wrong."""
    key, threads = messages[0].keys[0], Threads(tx)
    row, made = _place(tx, place, now, key)
    mailbox_id, _, _, _, modseq, octets, gone, thread, rules = row
    if unruled and rules:
        raise Ruled("The account has rules.")
    added = sum(message.size for message in messages)
    may_grow(octets, added, quota)
    threads.knows(key, thread)
    return mailbox_id, made, _add(tx, threads, row, messages, added, max(modseq, gone), now)


def deliver(
    tx: Transaction,
    places: Sequence[tuple[Place, bool]],
    messages: Sequence[Prepared],
    quota: int | None,
    now: int,
) -> tuple[list[int], bool, list[Appended]]:
    """Store each message in its place (True: make a mailbox of this name where there is none); the
    ids of the mailboxes, whether any was made, and where the messages are. Raises as `append` and
    `mailboxes.create`."""
    rows: dict[int, Row] = {}
    wanted: dict[int, dict[bytes, Prepared]] = {}
    found: list[tuple[int, bytes]] = []
    any_made = False
    for (place, create), message in zip(places, messages, strict=True):
        row, made = _place(tx, place, now, message.keys[0], create=create)
        any_made = any_made or made
        rows[row[0]] = row
        wanted.setdefault(row[0], {}).setdefault(message.hash, message)
        found.append((row[0], message.hash))
    modseq = octets = 0
    for row in rows.values():  # what was read last knows of all that were made
        modseq, octets = max(modseq, row[4], row[6]), row[5]
    sizes = {at: sum(message.size for message in each.values()) for at, each in wanted.items()}
    may_grow(octets, sum(sizes.values()), quota)
    threads = Threads(tx)
    where: dict[tuple[int, bytes], Appended] = {}
    for at, each in wanted.items():
        added = _add(tx, threads, rows[at], list(each.values()), sizes[at], modseq, now)
        where.update(zip(((at, digest) for digest in each), added, strict=True))
        modseq = added[-1].modseq
    return list(rows), any_made, [where[each] for each in found]


def _add(
    tx: Transaction,
    threads: Threads,
    mailbox: Row,
    messages: Sequence[Prepared],
    octets: int,
    modseq: int,
    now: int,
) -> list[Appended]:
    """At the end of a mailbox of which this is the row of `_SELECT`. `octets` are those of all the
    messages, `modseq` is the account's highest."""
    mailbox_id, uidvalidity, uid, first_unseen, *_ = mailbox
    may_number(uid, len(messages))
    appended = []
    unseen = deleted = 0
    for message in messages:
        modseq += 1
        content, thread = _content(tx, threads, message, modseq)
        words = ""
        if message.words:
            words = keywords.joined(keywords.learned(tx, mailbox_id, message.words))
        tx.execute(
            "INSERT INTO message (mailbox, uid, flags, keywords, modseq, content, size, received,"
            " saved) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                mailbox_id,
                uid,
                message.flags,
                words,
                modseq,
                content,
                message.size,
                message.received,
                now,
            ),
        )
        if not message.flags & _SEEN:
            unseen += 1
            first_unseen = first_unseen or uid
        if message.flags & _DELETED:
            deleted += 1
        appended.append(Appended(uid, uidvalidity, modseq, content, thread))
        uid += 1
    tx.execute(
        "UPDATE mailbox SET uidnext = ?, modseq = ?, messages = messages + ?, unseen = unseen + ?,"
        " deleted = deleted + ?, octets = octets + ?, first_unseen = ? WHERE id = ?",
        (uid, modseq, len(messages), unseen, deleted, octets, first_unseen, mailbox_id),
    )
    return appended


def _place(
    tx: Transaction, place: Place, now: int, key: int, *, create: bool = False
) -> tuple[Row, bool]:
    """What `_SELECT` says of the mailbox and of the thread of `key`, and whether the mailbox has
    been made for this."""
    if isinstance(place, int):
        row = tx.execute(_BY_ID, (key, place)).fetchone()
    elif isinstance(place, SpecialUse):
        row = tx.execute(_BY_USE, (key, place.value)).fetchone()
        if row is None:
            made = mailboxes.make_for(tx, place, now)
            return tx.execute(_BY_ID, (key, made)).fetchone(), True
    else:
        row = tx.execute(_BY_NAME, (key, mailboxes.normal(place))).fetchone()
        if row is None and create:
            mailbox = mailboxes.create(tx, place, None, now)
            mailboxes.subscribe(tx, mailbox.name, True)
            return tx.execute(_BY_ID, (key, mailbox.id)).fetchone(), True
    if row is None:
        raise no_such_mailbox()
    return row, False


def may_grow(octets: int, added: int, quota: int | None) -> None:
    if quota is not None and octets + added > quota:
        raise OverQuota(
            f"The account is full: it has {octets} of {quota} octets, and {added} more do not fit."
        )


def may_number(uidnext: int, added: int) -> None:
    if uidnext + added > MAX_UID:
        raise Refused("The mailbox has used up all its message numbers.", code="limit")


def _content(tx: Transaction, threads: Threads, message: Prepared, modseq: int) -> tuple[int, int]:
    """The content's id and thread: that of an equal message in the account, or a new one."""
    thread = threads.of(message.keys)
    if thread is not None:
        row = tx.execute(
            "SELECT id FROM content WHERE thread = ? AND hash = ?", (thread, message.hash)
        ).fetchone()
        if row is not None:
            return row[0], thread
    thread = threads.join(message.keys, modseq)
    tx.execute(
        "INSERT INTO content (id, thread, hash, header_size, attachment, sent, sent_day, envelope,"
        " subject, base_subject, sort_from, sort_to, sort_cc)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (modseq, thread, message.hash, *message.columns),
    )
    tx.execute("INSERT INTO body (id, data) VALUES (?, ?)", (modseq, message.body))
    if message.large is not None:
        tx.execute("INSERT INTO large (id, data) VALUES (?, ?)", (modseq, message.large))
    return modseq, thread
