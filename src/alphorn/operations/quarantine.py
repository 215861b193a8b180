"""The hidden mailbox for what was reported: put there, listed, brought back, forgotten in time.

No mail program shows it, so that its owner does not stumble upon what he wanted to be rid of; the
operator's support can bring a message back for KEEP_DAYS.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alphorn.base.errors import NotFound
from alphorn.base.flags import Flag
from alphorn.base.numbers import MAX_NUMBER, NumberSet
from alphorn.operations import reputation
from alphorn.operations.learn import Learning
from alphorn.operations.study import raws, study
from alphorn.store.api import INBOX, Account, Book, Column, FlagAction, SpecialUse

KEEP_DAYS = 90
DAY = 86400
PHISHING = "$Phishing"
"""The keyword for what is, or seems to be, phishing (RFC 9051 §2.3.2)."""
_EVERY = NumberSet(((1, MAX_NUMBER),))


@dataclass(frozen=True, slots=True)
class Held:
    """A message in quarantine; `held_at` is seconds UTC."""

    uid: int
    subject: str
    octets: int
    held_at: int


def take(mail: Account, mailbox_id: int, uid: int, *, now: int) -> None:
    """Put a message there; where it has gone meanwhile, nothing happens. What has been there for
    too long goes for good. Raises Unavailable."""
    hidden = mail.quarantine()
    if mailbox_id != hidden.id:
        mail.move(mailbox_id, NumberSet.of((uid,)), hidden.id)
    old = [one.uid for one in _held(mail, hidden.id) if now - one.held_at > KEEP_DAYS * DAY]
    if old:
        uids = NumberSet.of(old)
        mail.flag(hidden.id, uids, FlagAction.ADD, Flag.DELETED)
        mail.expunge(hidden.id, uids)


def held(mail: Account) -> Sequence[Held]:
    """What is there, the oldest first. Raises NotFound, Unavailable."""
    hidden = mail.special(SpecialUse.QUARANTINE)
    return [] if hidden is None else _held(mail, hidden.id)


def restore(
    learning: Learning, account_id: int, uid: int, organization_id: int, mailbox: str = INBOX
) -> str:
    """Bring a message back into this mailbox: the report was a mistake, and nothing that it brought
    about is to last. The subject. Raises NotFound, Unavailable."""
    mail = learning.parts.store.account(account_id)
    hidden = mail.special(SpecialUse.QUARANTINE)
    here = NumberSet.of((uid,))
    raw = None
    if hidden is not None:
        raw = next((raw for _, raw in raws(mail, hidden.id, here)), None)
    if hidden is None or raw is None:
        raise NotFound(f"There is no message {uid} in the quarantine.", code="no-such-message")
    target = mail.mailbox(mailbox)
    seen = study(raw).seen
    mail.strike(Book.BLOCKED, (seen.from_address,))
    names = reputation.names_of(raw, seen, learning.parts.hostname, learning.is_own)
    now = learning.parts.clock()
    learning.parts.reported.defend(names, account_id, organization_id, now=now)
    learning.learn(account_id, hidden.id, here, False)
    mail.flag(hidden.id, here, FlagAction.REMOVE, 0, frozenset({PHISHING}))
    mail.move(hidden.id, here, target.id)
    return seen.subject


def _held(mail: Account, mailbox_id: int) -> list[Held]:
    columns = (Column.UID, Column.SUBJECT, Column.SIZE, Column.SAVE_DATE)
    return [
        Held(int(str(uid)), str(subject), int(str(octets)), int(str(at)))
        for uid, subject, octets, at in mail.fetch(mailbox_id, _EVERY, columns)
    ]
