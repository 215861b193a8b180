"""What the service writes to people of its own accord: to an account's owner, to those who manage
his organization, to the operator.

A notice comes from the null sender through the queue, which puts it straight into mailboxes of
ours; it is not submitted, so that an account that may not send is told all the same. Of one event
there is one notice to a person in a day (a week for records of domains), whatever happens.
"""

import logging
import secrets
import textwrap
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from alphorn.base.country import named
from alphorn.base.errors import AlphornError
from alphorn.directory.values import AccountInfo, ConfidentialInfo
from alphorn.directory.view import DirectoryView
from alphorn.message import dates, header, write
from alphorn.message.compose import message, text_part
from alphorn.message.envelope import Body, Envelope, EnvelopeRecipient, Notify, Origin, OriginKind
from alphorn.message.mailbox import Mailbox, format_mailbox
from alphorn.operations import confidential_texts
from alphorn.operations.notice_texts import Texts, texts
from alphorn.operations.piece import Enqueue
from alphorn.operations.records_check import Finding
from alphorn.operations.throttle import Counters
from alphorn.policy.behaviour import Behaviour

DAY = 86400
WEEK = 7 * DAY
WIDTH = 72
MAX_NAMED = 10
MAX_TOLD = 50
"""People who are told of one event, at most."""

_log = logging.getLogger(__name__)


class Notices:
    """One per process; every method may be called from any thread and waits for the disk. None
    raises: that nobody could be told undoes nothing, and is logged."""

    def __init__(
        self,
        view: DirectoryView,
        counters: Counters,
        enqueue: Enqueue,
        *,
        hostname: str,
        postmaster: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`postmaster` is the operator's address, "" where there is none to tell."""
        self._view = view
        self._counters = counters
        self._enqueue = enqueue
        self._hostname = hostname
        self._postmaster = postmaster
        self._clock = clock

    def slowed(self, account: AccountInfo, behaviour: Behaviour) -> int:
        """Tell the owner; to how many a notice is on its way."""
        words = texts(account.language)
        subject, first = words.slowed
        seen = _seen(words, behaviour)
        parts = (_paragraph(first), seen, _paragraph(words.slowed_do))
        subject = subject.format(account=account.address)
        return self._send("slowed", account.address, subject, parts, words, account=account)

    def locked(
        self,
        account: AccountInfo,
        managers: Iterable[str],
        held: int,
        *,
        behaviour: Behaviour | None = None,
        reason: str = "",
    ) -> int:
        """Tell the owner, these managers and the operator; without a `behaviour` a person did it,
        for this reason."""
        told = self._locked_one(account.address, account, held, behaviour, reason, owner=True)
        others = dict.fromkeys(
            address.lower() for address in (*managers, self._postmaster) if address
        )
        others.pop(account.address, None)
        for address in list(others)[:MAX_TOLD]:
            told += self._locked_one(address, account, held, behaviour, reason, owner=False)
        return told

    def _locked_one(
        self,
        to: str,
        account: AccountInfo,
        held: int,
        behaviour: Behaviour | None,
        reason: str,
        *,
        owner: bool,
    ) -> int:
        words = texts(self._language(to, account.language))
        subject, first = words.locked if owner else words.locked_other
        last = words.locked_do if owner else words.locked_other_do
        values = {"account": account.address, "held": held}
        seen = (
            _seen(words, behaviour)
            if behaviour is not None
            else _paragraph(words.by_hand.format(reason=reason))
        )
        parts = (
            _paragraph(first.format_map(values)),
            seen,
            *map(_paragraph, last.format_map(values).split("\n\n")),
        )
        return self._send("locked", to, subject.format_map(values), parts, words, account=account)

    def records(self, domain: str, managers: Iterable[str], findings: Sequence[Finding]) -> int:
        """Tell those who manage a domain, and the operator, what is wrong with its records: each
        finding once a week."""
        now, told = self._clock(), 0
        people = dict.fromkeys(
            address.lower() for address in (*managers, self._postmaster) if address
        )
        for to in list(people)[:MAX_TOLD]:
            fresh = [
                finding
                for finding in findings
                if self._first(f"records:{finding.code}:{finding.name}", to, WEEK, now)
            ]
            if not fresh:
                continue
            words = texts(self._language(to, ""))
            subject, first = words.records
            values = {"domain": domain}
            seen = "\n\n".join(_finding(words, finding) for finding in fresh)
            parts = (
                _paragraph(first.format_map(values)),
                seen,
                *map(_paragraph, words.records_do.format_map(values).split("\n\n")),
            )
            told += self._put(to, subject.format_map(values), parts, words, domain=domain)
        return told

    def paused(
        self, to: str, domain: str, target: str, addresses: Sequence[str], refusal: str
    ) -> int:
        """Tell whose redirects lead to a target that nothing is sent there any more: 1 where he
        is told, once a week."""
        if not self._first(f"paused:{target}", to, WEEK, self._clock()):
            return 0
        words = texts(self._language(to, ""))
        values = {
            "target": target,
            "addresses": ", ".join(addresses[:MAX_NAMED]),
            "refusal": refusal,
        }
        subject, *parts = (part.format_map(values) for part in words.paused)
        return self._put(to, subject, [*map(_paragraph, parts)], words, domain=domain)

    def decided(self, info: ConfidentialInfo) -> int:
        """Tell who asked for a confidential address what somebody else has decided; 1 where he is
        told. An operator at the command line has no address, and knows."""
        to = info.asked_by
        if "@" not in to or to == info.decided_by:
            return 0
        language = self._language(to, "")
        said = confidential_texts.words(language)
        values = {"address": info.address, "gateway": info.gateway}
        subject, what = (part.format_map(values) for part in said.of(info.state))
        parts = [_paragraph(what)]
        if info.decided_note:
            parts.append(_paragraph(said.reason.format(reason=info.decided_note)))
        domain = info.address.rpartition("@")[2]
        return self._put(to, subject, parts, texts(language), domain=domain)

    # -- one step each --

    def _language(self, address: str, otherwise: str) -> str:
        """Of somebody who has an account here it is known."""
        try:
            account = self._view.account_by_address(address)
        except AlphornError:
            return otherwise
        return account.language if account is not None else otherwise

    def _first(self, kind: str, target: str, window: int, now: float) -> bool:
        try:
            return self._counters.hit(f"notice:{kind}:{target}", window, 1, now=now).allowed
        except AlphornError as error:
            _log.warning("whether %s was told cannot be known: %s", target, error.text)
            return True

    def _send(
        self,
        kind: str,
        to: str,
        subject: str,
        parts: Sequence[str],
        words: Texts,
        *,
        account: AccountInfo,
    ) -> int:
        if not self._first(f"{kind}:{account.id}", to, DAY, self._clock()):
            return 0
        domain = account.address.rpartition("@")[2]
        return self._put(to, subject, parts, words, domain=domain, account_id=account.id)

    def _put(
        self,
        to: str,
        subject: str,
        parts: Sequence[str],
        words: Texts,
        *,
        domain: str,
        account_id: int | None = None,
    ) -> int:
        host, now, token = self._hostname, self._clock(), secrets.token_hex(12)
        name = words.signature.format(host=host)
        raw = message(
            [
                write.field("Date", dates.format(now)),
                write.field("From", format_mailbox(Mailbox(name, "postmaster", host))),
                write.field("To", to),
                write.text_field("Subject", subject),
                write.field("Message-ID", f"<{token}@{host}>"),
                write.field("Auto-Submitted", "auto-generated"),
            ],
            text_part("\n\n".join((*parts, f"-- \n{name}")) + "\n"),
        )
        envelope = Envelope(
            sender="",
            recipients=(EnvelopeRecipient(to, frozenset({Notify.NEVER})),),
            body=Body.SEVEN_BIT if raw.isascii() else Body.EIGHT_BIT,
            smtputf8=not raw[: header.header_end(raw)].isascii(),
        )
        origin = Origin(
            OriginKind.REPORT, token[:20].upper(), account_id, domain, f"<{token}@{host}>"
        )
        try:
            self._enqueue(raw, envelope, origin)
        except AlphornError as error:
            _log.error("%s could not be told “%s”: %s", to, subject, error.text)
            return 0
        return 1


def _seen(words: Texts, behaviour: Behaviour) -> str:
    countries = named(behaviour.countries, words.language)
    lines = [
        _paragraph(
            _filled(words.reasons.get(reason.code, reason.text), behaviour.facts, countries), "  "
        )
        for reason in behaviour.reasons
    ]
    return "\n".join((words.seen, *lines))


def _filled(text: str, facts: Mapping[str, float], countries: str) -> str:
    shown = {code: value if code == "bounces" else round(value) for code, value in facts.items()}
    return text.format_map({**shown, "countries-named": countries})


def _finding(words: Texts, finding: Finding) -> str:
    lines = [_paragraph(words.findings.get(finding.code, finding.text), "  ")]
    if finding.detail:
        lines.append(_paragraph(finding.detail, "    "))
    if finding.publish:
        # Not wrapped: it is to be copied.
        lines.append("    " + words.publish.format(line=finding.publish))
    return "\n".join(lines)


def _paragraph(text: str, indent: str = "") -> str:
    if text.startswith("    "):
        return text
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
