"""Mailboxes as LIST, STATUS and their relatives show them."""

from collections.abc import Iterable, Sequence

from alphorn.servers.imap import identifiers
from alphorn.servers.imap.failures import Bad
from alphorn.store.api import SEPARATOR, Mailbox, SpecialUse
from alphorn.wire.imap import render
from alphorn.wire.imap.items import StatusItem

SPECIAL_USES = {
    use.value: use
    for use in (
        SpecialUse.ARCHIVE,
        SpecialUse.DRAFTS,
        SpecialUse.JUNK,
        SpecialUse.SENT,
        SpecialUse.TRASH,
        SpecialUse.IMPORTANT,
    )
}
"""Those that IANA knows (RFC 6154 §2, RFC 8457 §3); our own are not shown to mail programs."""


def line(
    name: str,
    attributes: Iterable[str],
    *,
    utf8: bool,
    child_info: Iterable[str] = (),
    old_name: str | None = None,
    response: bytes = b"LIST",
) -> bytes:
    """A line of LIST or LSUB; attributes without the backslash."""
    return render.mailbox_line(
        attributes,
        SEPARATOR,
        name,
        utf8,
        child_info=child_info,
        old_name=old_name,
        response=response,
    )


def status_line(
    mailbox: Mailbox, items: Sequence[StatusItem], *, utf8: bool, message_limit: int
) -> bytes:
    values: dict[StatusItem, int | str | None] = {}
    for item in items:
        match item:
            case StatusItem.MESSAGES:
                values[item] = mailbox.messages
            case StatusItem.RECENT:
                values[item] = 0
            case StatusItem.UIDNEXT:
                values[item] = mailbox.uidnext
            case StatusItem.UIDVALIDITY:
                values[item] = mailbox.uidvalidity
            case StatusItem.UNSEEN:
                values[item] = mailbox.unseen
            case StatusItem.DELETED:
                values[item] = mailbox.deleted
            case StatusItem.SIZE:
                values[item] = mailbox.octets
            case StatusItem.HIGHEST_MODSEQ:
                values[item] = mailbox.highest_modseq
            case StatusItem.MAILBOX_ID:
                values[item] = identifiers.mailbox_id(mailbox.id)
            case StatusItem.APPEND_LIMIT:
                values[item] = message_limit
            case StatusItem.DELETED_STORAGE:
                raise Bad("DELETED-STORAGE belongs to QUOTA, which is not offered")
    return render.status(mailbox.name, values, utf8)


def special_use(mailbox: Mailbox) -> str | None:
    """The attribute of a mailbox with a special use, without the backslash."""
    use = mailbox.special_use
    return use.value if use is not None and use.value in SPECIAL_USES else None


def parents(name: str) -> Iterable[str]:
    """The names above this one, nearest first."""
    while SEPARATOR in name:
        name = name.rpartition(SEPARATOR)[0]
        yield name
