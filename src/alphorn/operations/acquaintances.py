"""Whom an account knows: it has written to them, or they answer what it wrote."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from alphorn.base.numbers import NumberSet
from alphorn.message import addresses, header
from alphorn.operations.learn import Learning
from alphorn.spam.links import base_domain
from alphorn.spam.names import FREE_MAIL
from alphorn.store.api import Account, Book, Column, Learned, SpecialUse

MANY_RECIPIENTS = 25
"""Whoever writes to more at a time knows none of them."""
MAX_REFERENCES = 3
MAX_VALUE = 2000
"""Characters of a field with Message-IDs that are read."""
MAX_RECIPIENTS_VALUE = 20_000
"""Characters of a field with addresses that are read."""

_NOT_ANSWERED = frozenset(
    (
        SpecialUse.JUNK,
        SpecialUse.TRASH,
        SpecialUse.QUARANTINE,
        SpecialUse.SENT,
        SpecialUse.DRAFTS,
    )
)
"""What lies there is not wanted because somebody answered it."""
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")


class Familiarity(NamedTuple):
    """Whether an account has written to an address; whether a message of that address answers one
    that the account sent there; whether it reported mail of that address, and wants no more of it.
    """

    knows: bool = False
    answered: bool = False
    blocked: bool = False


class Acquaintances:
    """One per process; every method may be called from any thread and waits for the disk."""

    def __init__(self, learning: Learning) -> None:
        self._learning = learning
        self._store = learning.parts.store
        self._view = learning.parts.view

    def sent(self, account_id: int, raw: bytes, recipients: Sequence[str]) -> None:
        """The account sent this message: it knows whom it wrote to, and wants what it answered.

        Raises NotFound, Unavailable.
        """
        others = {
            address.lower()
            for address in recipients
            if not self._view.may_send_as(account_id, address)
        }
        if len(others) > MANY_RECIPIENTS:
            return
        mail = self._store.account(account_id)
        mail.note(Book.CORRESPONDENT, sorted(others))
        for mailbox_id, uids in _answered(mail, raw).items():
            self._learning.conclude(account_id, mailbox_id, NumberSet.of(uids))

    def familiarity(
        self, account_id: int, address: str, raw: bytes, learned: Learned | None = None
    ) -> Familiarity:
        """What the account has to do with the author of a message that comes in. An account that
        never wrote pays for one short look, or none with `learned` read already. Raises NotFound,
        Unavailable."""
        mail = self._store.account(account_id)
        if not address or not (learned or mail.learned()).names:
            return Familiarity()
        knows = mail.knows(address)
        blocked = bool(mail.noted(Book.BLOCKED, (address,)))
        return Familiarity(knows, _answers(mail, raw, address, knows), blocked)


def _answers(mail: Account, raw: bytes, author: str, knows: bool) -> bool:
    """Whether the message answers one that the account sent to its author, or to somebody of his
    domain where that is not everybody's. A Message-ID alone proves nothing: all who ever saw the
    message know it."""
    ids = _answered_ids(raw)
    sent = mail.special(SpecialUse.SENT) if ids else None
    if sent is None:
        return False
    uids = [uid for one in ids for mailbox_id, uid in mail.locate(one) if mailbox_id == sent.id]
    if not uids or knows:
        return bool(uids)
    found = mail.fetch(sent.id, NumberSet.of(uids[:MAX_REFERENCES]), (Column.HEADER,))
    return any(_was_sent_to(row[0], author) for row in list(found) if isinstance(row[0], bytes))


def _was_sent_to(own: bytes, author: str) -> bool:
    """Whether this header names the author, or somebody of his domain, as a recipient."""
    author = author.lower()
    domain = base_domain(author.rpartition("@")[2])
    of_his = domain != "" and domain not in FREE_MAIL
    for name in ("To", "Cc", "Bcc"):
        for value in header.get_all(own, name, 1):
            for one in addresses.mailboxes(value[:MAX_RECIPIENTS_VALUE]):
                to = one.address.lower()
                if to == author or (of_his and base_domain(to.rpartition("@")[2]) == domain):
                    return True
    return False


def _answered(mail: Account, raw: bytes) -> Mapping[int, list[int]]:
    """Where the messages are that this one answers: mailbox id to UIDs, each message once."""
    found: dict[int, list[int]] = {}
    places = [mail.locate(message_id) for message_id in _answered_ids(raw)]
    if not any(places):
        return found
    wanted = {
        mailbox.id for mailbox in mail.mailboxes() if mailbox.special_use not in _NOT_ANSWERED
    }
    for copies in places:
        here = next((copy for copy in copies if copy[0] in wanted), None)
        if here is not None:
            found.setdefault(here[0], []).append(here[1])
    return found


def _answered_ids(raw: bytes) -> list[str]:
    """The Message-IDs in In-Reply-To, else the last one in References."""
    direct = _MESSAGE_ID.findall((header.get(raw, "In-Reply-To") or "")[:MAX_VALUE])
    if direct:
        return list(dict.fromkeys(direct))[:MAX_REFERENCES]
    return _MESSAGE_ID.findall((header.get(raw, "References") or "")[-MAX_VALUE:])[-1:]
