"""What is thought of a message that comes in, before anybody gets it.

The stages, each a pure check, in the order in which they are asked; the first that refuses or
defers decides for the message:

    headers      faults that only abuse has
    attachments  kinds of files that are not taken
    dmarc        what the author's domain asks for where nothing proves him
    engines      what was asked of others (Rspamd, ClamAV)

Then it is judged for each recipient (`operations.judging`). A message that all would refuse is
refused; where some take it, it is spam for the others, since a sender gets one answer.

What nobody asks for is not done: with all guards off there remain one look at the message's
structure, which its delivery needs too, and the lists of senders. Nothing here waits for the
network; reading what accounts learned waits for the disk.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

from alphorn.base.address import fold_domain
from alphorn.base.errors import Unavailable
from alphorn.directory.values import AddressKind, Protection, Route
from alphorn.directory.view import DirectoryView
from alphorn.mailauth import proofs
from alphorn.mailauth.outcome import Outcome
from alphorn.mailauth.proofs import Client, Proofs
from alphorn.mailauth.results import (
    Authentication,
    authentication_results,
    received_spf,
    without_forged,
)
from alphorn.mailauth.spf.result import Spf
from alphorn.message import header, own_fields
from alphorn.message.parse import Entity, parse
from alphorn.operations import reputation
from alphorn.operations.acquaintances import Acquaintances
from alphorn.operations.judging import STAGE as STAGE_SPAM
from alphorn.operations.judging import Case, Judge, judges, taken_for_spam
from alphorn.operations.placement import Placement
from alphorn.policy import attachments, dmarc, engines, headers
from alphorn.policy.attachments import AttachmentRules
from alphorn.policy.decision import Decision, Fact, Reason
from alphorn.policy.engines import Scoring
from alphorn.policy.lists import SenderFacts
from alphorn.spam.features import author_of, observe
from alphorn.spam.observation import Observation
from alphorn.spam.tokens import tokens
from alphorn.spam.values import SpamFacts
from alphorn.store.api import Store
from alphorn.store.reported import Name, Reported, Voices
from alphorn.store.spam_model import SpamModel

LOG_SECONDS = 60.0

_PASSES = Decision(STAGE_SPAM)
_NOTHING: Mapping[str, Fact] = MappingProxyType({})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of a message beside its octets. `proofs` is None where nothing was asked of the
    DNS: then nothing is said about who sent it. `listed` is what the DNS lists that the client is
    on add to the score, `listed_hosts` those hosts of links that lists of such have."""

    client: str
    helo: str
    now: float
    sender: Client = field(default_factory=Client)
    proofs: Proofs | None = None
    reverse: str = ""
    reverse_known: bool = False
    listed: tuple[Reason, ...] = ()
    listed_hosts: frozenset[str] = frozenset()
    engines: tuple[Decision, ...] = ()


class Examination(NamedTuple):
    """`decision` is PASS or what the sender is told. `raw` is the message without what others wrote
    in our name, `root` its structure where that is known; `fields` stand on top of every copy;
    `placements` are in the order of the recipients. `facts` and `found` (a sentence) are for the
    trace; `proved` are the domains that the message proved to come from, `spam` whether most take
    it for that."""

    decision: Decision
    raw: bytes
    root: Entity | None = None
    fields: bytes = b""
    placements: tuple[Placement, ...] = ()
    facts: Mapping[str, Fact] = _NOTHING
    found: str = ""
    proved: tuple[str, ...] = ()
    spam: bool = False


@dataclass(frozen=True, slots=True)
class ExaminerParts:
    """`trusted` are the domains whose seals (ARC) are believed; `own` says whether a domain is one
    of ours; `scoring` what Rspamd's score is to ours."""

    hostname: str
    view: DirectoryView
    store: Store
    model: SpamModel
    reported: Reported
    acquaintances: Acquaintances
    rules: AttachmentRules
    own: Callable[[str], bool]
    trusted: frozenset[str] = frozenset()
    scoring: Scoring = Scoring.ADD


class _Message(NamedTuple):
    """What is asked about: `raw` as it came, `root` its structure, `sender` the envelope's."""

    raw: bytes
    root: Entity
    sender: str
    arrival: Arrival
    auth: Authentication | None


class Examiner:
    """One per process; `examine` is called from threads."""

    def __init__(self, parts: ExaminerParts) -> None:
        self._parts = parts
        self._judge = Judge(
            parts.view, parts.store, parts.model, parts.acquaintances, parts.scoring
        )
        self._complained = float("-inf")

    def examine(
        self, raw: bytes, sender: str, routes: Sequence[Route], arrival: Arrival
    ) -> Examination:
        """`raw` is the message as it came, `sender` the envelope's, `routes` those of the
        recipients, who all have the same guards (`guards`). Raises Unavailable."""
        auth = None
        if arrival.proofs is not None:
            auth = proofs.settle(raw, arrival.proofs, arrival.sender, int(arrival.now))
        message = _Message(raw, parse(raw), sender, arrival, auth)
        guarded = [self._parts.view.protection(route) for route in routes]
        facts = _facts_of(auth)
        signs: tuple[Reason, ...] = ()
        for decision in self._stages(message, guarded[0]):
            facts.update(decision.facts)
            if not decision.passes:
                return Examination(decision, raw, facts=facts, found=_found(auth))
            if decision.stage != engines.RSPAMD:  # whose reasons stand beside ours, or for them
                signs += decision.reasons
        case = self._case(message, guarded, signs)
        placements, score = self._placements(case, routes, guarded)
        facts["score"] = score
        spam = all(map(taken_for_spam, placements))
        refusals = [placement.refusal for placement in placements]
        found, proved = _found(auth), _proved(auth)
        if None not in refusals:
            refusal = refusals[0]
            assert refusal is not None
            facts.update(refusal.facts)
            return Examination(refusal, raw, None, b"", (), facts, found, proved, spam)
        clean = self._without_ours(raw, message.root)
        return Examination(
            _PASSES,
            clean,
            message.root if clean is raw else None,
            self._fields(arrival, auth, sender),
            tuple(
                [
                    placement if placement.refusal is None else replace(placement, refusal=None)
                    for placement in placements
                ]
            ),
            facts,
            found,
            proved,
            spam,
        )

    def linked_domains(self, raw: bytes) -> tuple[str, ...]:
        """What lists of domains in links are to be asked about; takes as long as judging it."""
        return reputation.linked_domains(raw, self._parts.own)

    def _stages(self, message: _Message, guard: Protection) -> Iterator[Decision]:
        raw, root = message.raw, message.root
        if guard.headers:
            yield headers.check(raw, root, message.sender, message.arrival.now)
        if guard.attachments:
            yield attachments.check(raw, root, self._parts.rules)
        if guard.dmarc and message.auth is not None:
            decided = dmarc.check(message.auth, self._parts.trusted)
            if decided is not None:
                yield decided
        yield from message.arrival.engines

    def _without_ours(self, raw: bytes, root: Entity) -> bytes:
        """The message without what only we may write; the same object where it has none of it."""
        names = header.Head(raw, root.body).names
        if b"authentication-results" in names or b"received-spf" in names:
            raw = without_forged(raw, self._parts.hostname)
        # Where that leaves out a field, no other one comes to light.
        return raw if own_fields.FOLDED.isdisjoint(names) else own_fields.without(raw)

    # -- where it goes -----------------------------------------------------------------------------

    def _case(
        self, message: _Message, guarded: Sequence[Protection], signs: tuple[Reason, ...]
    ) -> Case:
        """What its recipients are to judge by: no more than they ask for."""
        raw, root = message.raw, message.root
        seen: Observation | None = None
        keys: tuple[int, ...] = ()
        if any(map(judges, guarded)):
            seen = observe(raw, root, _spam_facts(message, signs, len(guarded)))
            seen = self._with_reported(seen, message.arrival.now)
            if any(one.spam for one in guarded):
                keys = tokens(seen)
        return Case(
            raw,
            message.sender,
            self._author(message, author_of(root.fields).address),
            seen,
            keys,
            message.arrival.engines,
            any(reason.code == dmarc.QUARANTINE for reason in signs),
        )

    def _placements(
        self, case: Case, routes: Sequence[Route], guarded: Sequence[Protection]
    ) -> tuple[list[Placement], float]:
        """Where it goes for each, and the highest score. An account that several of the recipients
        lead to, or whoever an address without one leads to, judges once."""
        judged: dict[int | str, tuple[Placement, float]] = {}
        chosen = []
        for route, protection in zip(routes, guarded, strict=True):
            getter = route.account.id if route.account is not None else route.address
            if getter not in judged:
                judged[getter] = self._judge.place(case, route, protection)
            chosen.append(judged[getter][0])
        return chosen, max(score for _, score in judged.values())

    # -- facts -------------------------------------------------------------------------------------

    def _with_reported(self, seen: Observation, now: float) -> Observation:
        """With the hosts of links and the sender that people here reported."""
        names = [*reputation.hosts_of(seen, self._parts.own)]
        if seen.facts.aligned:
            names += reputation.sender_names(seen.from_address, self._parts.own)
        voices = self._voices(names, now) if names else {}
        if not voices:
            return seen
        facts = seen.facts._replace(reported_hosts=reputation.reported_hosts(voices))
        if reason := reputation.sender_reason(voices):
            facts = facts._replace(header_reasons=(*facts.header_reasons, reason))
        return seen._replace(facts=facts)

    def _voices(self, names: Sequence[Name], now: float) -> Mapping[Name, Voices]:
        """Mail does not wait for a file that only says what others thought."""
        try:
            return self._parts.reported.voices(names, now=now)
        except Unavailable as error:
            if time.monotonic() - self._complained >= LOG_SECONDS:
                self._complained = time.monotonic()
                _log.warning("mail is examined without what was reported: %s", error.text)
            return {}

    def _author(self, message: _Message, author: str) -> SenderFacts:
        auth, own = message.auth, self._parts.own(author.rpartition("@")[2])
        if auth is None:
            return SenderFacts(message.sender, author, None, "", own)
        unsure = auth.dmarc is not None and auth.dmarc.outcome is Outcome.TEMPERROR
        passed = auth.spf is not None and auth.spf.result is Spf.PASS
        return SenderFacts(
            message.sender,
            author,
            None if unsure and not auth.aligned else auth.aligned,
            auth.spf.domain if passed and auth.spf is not None else "",
            own,
        )

    def _fields(self, arrival: Arrival, auth: Authentication | None, sender: str) -> bytes:
        if auth is None:
            return b""
        hostname = self._parts.hostname
        fields = authentication_results(hostname, auth)
        if auth.spf is not None:
            fields += received_spf(hostname, auth.spf, sender, arrival.helo)
        return fields


def guards(protection: Protection, route: Route) -> tuple[bool, ...]:
    """What all recipients of one message must agree on, since its sender gets one answer: spam is
    filed where there is an account, and refused where there is none."""
    return (
        route.account is None and route.kind is not AddressKind.LIST,
        protection.headers,
        protection.attachments,
        protection.dmarc,
        protection.engines,
    )


def _spam_facts(message: _Message, signs: tuple[Reason, ...], recipients: int) -> SpamFacts:
    arrival, known = message.arrival, message.auth or Authentication()
    return SpamFacts(
        spf=known.spf.result.value if known.spf is not None else "",
        dkim=tuple(one.domain for one in known.dkim if one.outcome is Outcome.PASS),
        dmarc=known.dmarc.outcome.value if known.dmarc is not None else "",
        aligned=bool(known.aligned),
        reverse=arrival.reverse,
        confirmed=bool(known.ptr),
        reverse_checked=arrival.reverse_known,
        helo=arrival.helo,
        listed_hosts=arrival.listed_hosts,
        header_reasons=tuple(
            (reason.code, reason.text, reason.score) for reason in (*signs, *arrival.listed)
        ),
        recipients=recipients,
        sender=message.sender,
        own_domains=frozenset(),
    )


def _facts_of(auth: Authentication | None) -> dict[str, Fact]:
    if auth is None:
        return {}
    facts: dict[str, Fact] = {}
    if auth.spf is not None:
        facts["spf"] = f"{auth.spf.result.value} {auth.spf.domain}"
    if auth.dkim:
        facts["dkim"] = ", ".join(f"{one.outcome.value} {one.domain}" for one in auth.dkim[:4])
    if auth.dmarc is not None:
        facts["dmarc"] = auth.dmarc.outcome.value
    if auth.arc is not None and auth.arc.outcome is not Outcome.NONE:
        facts["arc"] = auth.arc.outcome.value
    return facts


def _found(auth: Authentication | None) -> str:
    """What the checks of its sender came to, for people."""
    if auth is None:
        return "its sender was not checked"
    if auth.aligned:
        return f"proved to be from {auth.aligned}"
    if auth.dmarc is not None and auth.dmarc.outcome is Outcome.TEMPERROR:
        return "the DNS did not say whether its sender is genuine"
    return "nothing proves its sender"


def _proved(auth: Authentication | None) -> tuple[str, ...]:
    if auth is None:
        return ()
    found = [one.domain for one in auth.dkim if one.outcome is Outcome.PASS]
    if auth.spf is not None and auth.spf.result is Spf.PASS:
        found.append(auth.spf.domain)
    folded = (fold_domain(name) for name in found)
    return tuple(dict.fromkeys(name for name in folded if name))
