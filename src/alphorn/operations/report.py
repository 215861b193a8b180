"""A person reports a message as phishing or malware.

* His account learns it as spam, and the installation by the rules for that; its proven sender is
  blocked for him, unless he has written to it.
* Its proven sender and the hosts of its links count against later mail of everybody
  (`operations.reputation`).
* The operator gets a report for programs and people (RFC 5965), through the outbound queue.
* Then the message leaves his view: it goes into the account's quarantine, which no mail program
  shows and from which support can bring it back for a time (`operations.quarantine`).

Reports are limited for each account, and those to the operator for the whole installation, so that
nobody can flood either; a message is reported once, however often it is said.
"""

import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from alphorn.base.errors import AlphornError, NotFound
from alphorn.base.numbers import NumberSet
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.directory.values import AccountInfo
from alphorn.message import addresses, arf, confidential_field, header
from alphorn.message.arf import Complaint, Feedback
from alphorn.message.envelope import Body, Envelope, EnvelopeRecipient, Notify, Origin, OriginKind
from alphorn.message.mailbox import Mailbox, format_mailbox
from alphorn.operations import quarantine, reputation
from alphorn.operations.learn import Learning
from alphorn.operations.study import Teaching, raws, study, transaction_of
from alphorn.spam.links import Link
from alphorn.store.api import Account, Book
from alphorn.store.reported import Kind, Name

DAY = 86400
HOUR = 3600
REPORTS_A_DAY = 20
"""Reports of one account that count against senders and hosts and are sent to the operator."""
REPORTS_AN_HOUR = 100
"""Reports of the whole installation that are sent to the operator."""
MAX_SUBJECT = 120
MAX_URI = 1000

_PEER = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\]")

_log = logging.getLogger(__name__)

Enqueue = Callable[[bytes, Envelope, Origin], str]


@dataclass(frozen=True, slots=True)
class Reported:
    """What came of a report: the names that count against later mail now, and whether the operator
    is told."""

    subject: str
    names: tuple[Name, ...] = ()
    told: bool = False


class Reports:
    """One per process; every method may be called from any thread and waits for the disk."""

    def __init__(self, learning: Learning, enqueue: Enqueue, *, postmaster: str) -> None:
        """`postmaster` is the operator's address, "" where nobody is to be told."""
        self._learning = learning
        self._parts = learning.parts
        self._enqueue = enqueue
        self._postmaster = postmaster

    def report(
        self, account_id: int, mailbox_id: int, uid: int, kind: Feedback = Feedback.FRAUD
    ) -> Reported:
        """Report one message. Raises NotFound where it is not there, Unavailable."""
        account = self._parts.view.account(account_id)
        mail = self._parts.store.account(account_id)
        here = NumberSet.of((uid,))
        raw = next((raw for _, raw in raws(mail, mailbox_id, here)), None)
        if account is None or raw is None:
            raise NotFound(f"There is no message {uid} there.", code="no-such-message")
        one = study(raw)
        subject = one.seen.subject[:MAX_SUBJECT]
        self._learning.learn(account_id, mailbox_id, here, True)
        self._block(mail, raw, one)
        names: tuple[Name, ...] = ()
        told = False
        if self._first(account, one) and self._within(f"reports:{account_id}", DAY, REPORTS_A_DAY):
            names = reputation.names_of(raw, one.seen, self._parts.hostname, self._learning.is_own)
            now = self._parts.clock()
            self._parts.reported.report(names, account_id, account.organization_id, now=now)
            told = self._tell_operator(account, raw, one, kind, names)
        quarantine.take(mail, mailbox_id, uid, now=int(self._parts.clock()))
        self._trace(account, raw, kind, names, told)
        return Reported(subject, names, told)

    def _first(self, account: AccountInfo, one: Teaching) -> bool:
        """Whether the account has not reported this message a moment ago, by other means."""
        return self._within(f"reported:{account.id}:{one.message}", DAY, 1)

    def _within(self, key: str, window: int, limit: int) -> bool:
        return self._parts.counters.hit(key, window, limit, now=self._parts.clock()).allowed

    def _block(self, mail: Account, raw: bytes, one: Teaching) -> None:
        sender = reputation.proven_sender(raw, one.seen, self._parts.hostname)
        if sender and not mail.knows(sender):
            mail.note(Book.BLOCKED, (sender,))

    def _tell_operator(
        self,
        account: AccountInfo,
        raw: bytes,
        one: Teaching,
        kind: Feedback,
        names: tuple[Name, ...],
    ) -> bool:
        """Whether a report is on its way; that there is none undoes nothing of the rest."""
        if not self._postmaster or not self._within("reports", HOUR, REPORTS_AN_HOUR):
            return False
        report = arf.build(self._complaint(account, raw, one, kind, names), secrets.token_hex(12))
        recipient = EnvelopeRecipient(self._postmaster, frozenset({Notify.NEVER}))
        envelope = Envelope(
            sender="",
            recipients=(recipient,),
            body=Body.SEVEN_BIT if report.isascii() else Body.EIGHT_BIT,
            smtputf8=not report[: header.header_end(report)].isascii(),
            gateway=confidential_field.read(raw),  # the whole message is in it
        )
        origin = Origin(
            OriginKind.REPORT,
            transaction_of(raw) or secrets.token_hex(8),
            account.id,
            account.address.rpartition("@")[2],
            header.get(raw, "Message-ID") or "",
        )
        try:
            self._enqueue(report, envelope, origin)
        except AlphornError as error:
            _log.error("the operator could not be told of a report: %s", error.text)
            return False
        return True

    def _complaint(
        self,
        account: AccountInfo,
        raw: bytes,
        one: Teaching,
        kind: Feedback,
        names: tuple[Name, ...],
    ) -> Complaint:
        host, now = self._parts.hostname, self._parts.clock()
        received = (header.get_all(raw, "Received", 1) or [""])[0][:2000]
        peer = _PEER.search(received)
        path = addresses.mailboxes((header.get(raw, "Return-Path") or "")[:2000])
        hosts = [name.name for name in names if name.kind is Kind.HOST]
        listed = "".join(f"  {name.name}\n" for name in names)
        return Complaint(
            host=host,
            author=format_mailbox(Mailbox("Reports of users", "postmaster", host)),
            to=self._postmaster,
            subject=f"Reported as {_CALLED[kind]}: {one.seen.subject[:MAX_SUBJECT]}",
            text=(
                f"{account.address} reported the message below as {_CALLED[kind]}.\n"
                "It is hostile: do not open its links or attachments.\n\n"
                + (
                    f"From now on these count against mail to everybody here:\n{listed}\n"
                    if names
                    else "Nothing in it counts against later mail.\n\n"
                )
                + "The message is in the quarantine of the account. If the report was a mistake:\n"
                f"  alphorn spam quarantine {account.address}\n"
                f"  alphorn spam restore {account.address} UID\n"
            ),
            original=raw,
            now=now,
            kind=kind,
            mail_from=path[0].address if path else "",
            recipients=(account.address,),
            source_ip=peer[1] if peer is not None else "",
            domains=[one.seen.from_domain] if one.seen.from_domain else [],
            uris=[_uri(link) for link in one.seen.links if reputation.host_of(link) in hosts],
            authentication=[
                value
                for value in header.get_all(raw, "Authentication-Results", 1)
                if len(value) < MAX_URI * 10
            ],
        )

    def _trace(
        self, account: AccountInfo, raw: bytes, kind: Feedback, names: tuple[Name, ...], told: bool
    ) -> None:
        event = TraceEvent(
            time=self._parts.clock(),
            transaction=transaction_of(raw),
            stage="report",
            verdict=Verdict.INFO,
            text=f"Reported as {_CALLED[kind]} and put into quarantine",
            recipient=account.address,
            message_id=header.get(raw, "Message-ID") or "",
            account_id=account.id,
            domain=account.address.rpartition("@")[2],
            facts={"against": " ".join(name.name for name in names)[:500], "told": told},
        )
        self._parts.trace(event)


def _uri(link: Link) -> str:
    port = f":{link.port}" if link.port else ""
    return f"{link.scheme}://{link.host}{port}{link.path}{link.query}"[:MAX_URI]


_CALLED = {
    Feedback.ABUSE: "spam",
    Feedback.FRAUD: "phishing",
    Feedback.VIRUS: "malware",
    Feedback.OTHER: "unwanted",
    Feedback.NOT_SPAM: "wanted",
}
