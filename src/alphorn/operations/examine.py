"""What is thought of a message that comes in, before anybody gets it.

The stages, each a pure check, in the order in which they are asked; the first that refuses or
defers decides for the message:

    headers      faults that only abuse has
    attachments  kinds of files that are not taken
    dmarc        what the author's domain asks for where nothing proves him
    engines      what was asked of others (Rspamd, ClamAV)

Then each account is asked for itself: its lists of senders, its thresholds for spam with what it
and all others have taught, its categories. A message that all accounts would refuse is refused;
where some take it, it is spam for the others, since a sender gets one answer. Behind an address
that only leads elsewhere nobody looks into Spam: there it is refused.

Nothing here waits for the network; reading what accounts learned waits for the disk.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alphorn.base.address import fold_domain
from alphorn.base.errors import Unavailable
from alphorn.directory.values import AccountInfo, AddressKind, Protection, Route
from alphorn.directory.view import DirectoryView
from alphorn.mailauth import proofs
from alphorn.mailauth.dmarc.evaluate import DmarcResult
from alphorn.mailauth.outcome import Outcome
from alphorn.mailauth.proofs import Client, Proofs
from alphorn.mailauth.results import (
    Authentication,
    authentication_results,
    received_spf,
    without_forged,
)
from alphorn.mailauth.spf.result import Spf
from alphorn.message import spam_field
from alphorn.message.parse import Entity, parse
from alphorn.operations import categories as learned_categories
from alphorn.operations import reputation
from alphorn.operations.acquaintances import Acquaintances, Familiarity
from alphorn.operations.placement import PROMOTIONS, SOCIAL, SPAM, Placement
from alphorn.policy import attachments, engines, headers, lists
from alphorn.policy.attachments import AttachmentRules
from alphorn.policy.decision import Act, Decision, Reason
from alphorn.policy.engines import Scoring
from alphorn.policy.lists import SenderDecision, SenderFacts
from alphorn.spam.categories import Category, categorize
from alphorn.spam.features import observe
from alphorn.spam.observation import Observation
from alphorn.spam.score import Thresholds, judge
from alphorn.spam.tokens import tokens
from alphorn.spam.values import SpamFacts
from alphorn.store.api import Store
from alphorn.store.reported import Name, Reported, Voices
from alphorn.store.spam_model import SpamModel

Facts = dict[str, str | int | float | bool | None]

LOG_SECONDS = 60.0
STAGE_DMARC = "dmarc"
STAGE_SPAM = "spam"
LISTED = "listed-"
"""Reasons of lists in the DNS begin so; each has the weight that the settings give it."""
REPORTED = Reason("sender-reported", "You reported mail of this sender.")
TOO_MUCH = Decision(
    STAGE_SPAM,
    Act.REFUSE,
    "5.7.1",
    "The message is taken for spam, and its recipient does not take such mail.",
    basic=554,
    page="spam",
)
NOT_SENT_ON = replace(
    TOO_MUCH,
    text="The message is taken for spam, and such mail is not sent on to where the address leads.",
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of a message beside its octets. `proofs` is None where nothing was asked of the
    DNS: then nothing is said about who sent it. `listed` is what the DNS lists that the client is
    on add to the score."""

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


@dataclass(frozen=True, slots=True)
class Examination:
    """`decision` is PASS or what the sender is told. `raw` is the message without what others wrote
    in our name, `fields` what stands on top of every copy; `placements` are in the order of the
    recipients. `facts` and `found` (a sentence) are for the trace; `proved` are the domains that
    the message proved to come from, `spam` whether most take it for that."""

    decision: Decision
    raw: bytes
    fields: bytes = b""
    placements: tuple[Placement, ...] = ()
    facts: Facts = field(default_factory=dict)
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


class Examiner:
    """One per process; `examine` is called from threads."""

    def __init__(self, parts: ExaminerParts) -> None:
        self._parts = parts
        self._complained = float("-inf")

    def examine(
        self, raw: bytes, sender: str, routes: Sequence[Route], arrival: Arrival
    ) -> Examination:
        """`raw` is the message as it came, `sender` the envelope's, `routes` those of the
        recipients, who all have the same guards (`guards`). Raises Unavailable."""
        guard = self._parts.view.protection(routes[0])
        root = parse(raw)
        auth = self._authentication(raw, arrival)
        facts = _facts_of(auth)
        signs: tuple[Reason, ...] = ()
        for decision in self._stages(raw, root, sender, guard, arrival, auth):
            facts.update(decision.facts)
            if not decision.passes:
                return Examination(decision, raw, facts=facts, found=_found(auth))
            if decision.stage != engines.RSPAMD:  # whose reasons stand beside ours, or for them
                signs += decision.reasons
        return self._place(raw, root, sender, routes, arrival, auth, signs, facts)

    def _stages(
        self,
        raw: bytes,
        root: Entity,
        sender: str,
        guard: Protection,
        arrival: Arrival,
        auth: Authentication | None,
    ) -> Iterator[Decision]:
        if guard.headers:
            yield headers.check(raw, root, sender, arrival.now)
        if guard.attachments:
            yield attachments.check(raw, root, self._parts.rules)
        if guard.dmarc and (decided := self._dmarc(auth)) is not None:
            yield decided
        yield from arrival.engines

    # -- who sent it -------------------------------------------------------------------------------

    def _authentication(self, raw: bytes, arrival: Arrival) -> Authentication | None:
        if arrival.proofs is None:
            return None
        return proofs.settle(raw, arrival.proofs, arrival.sender, int(arrival.now))

    def _dmarc(self, auth: Authentication | None) -> Decision | None:
        result = auth.dmarc if auth is not None else None
        if auth is None or result is None:
            return None
        if result.outcome is Outcome.TEMPERROR and result.published in ("quarantine", "reject"):
            return None if self._believed(auth) else _unsure(result)
        if result.outcome is not Outcome.FAIL:
            return None
        facts: Facts = {"dmarc_policy": result.policy, "dmarc_domain": result.domain}
        if result.policy not in ("quarantine", "reject"):
            return Decision(STAGE_DMARC, facts=facts)
        if forwarder := self._believed(auth):
            said = f"{forwarder}, whom this service trusts, found it genuine before sending it on."
            return Decision(STAGE_DMARC, reasons=(Reason("arc", said),), facts=facts)
        said = (
            f"Nothing proves that it is from {result.author}, and {result.domain} asks to "
            f"{result.policy} such mail (DMARC)."
        )
        if result.policy == "quarantine":
            return Decision(STAGE_DMARC, reasons=(Reason("dmarc-quarantine", said),), facts=facts)
        return Decision(
            STAGE_DMARC,
            Act.REFUSE,
            "5.7.1",
            f"{said} Whoever manages {result.domain} can repair its SPF, DKIM or DMARC records.",
            page="dmarc",
            reasons=(Reason("dmarc-reject", said),),
            facts=facts,
        )

    def _believed(self, auth: Authentication) -> str:
        """The trusted forwarder who says that the message was in order when it reached him."""
        chain = auth.arc
        if chain is None or chain.outcome is not Outcome.PASS or not self._parts.trusted:
            return ""
        if not all(sealer in self._parts.trusted for sealer in chain.sealers):
            return ""
        return chain.sealers[0] if "dmarc=pass" in chain.results.replace(" ", "") else ""

    # -- where it goes -----------------------------------------------------------------------------

    def _place(
        self,
        raw: bytes,
        root: Entity,
        sender: str,
        routes: Sequence[Route],
        arrival: Arrival,
        auth: Authentication | None,
        signs: tuple[Reason, ...],
        facts: Facts,
    ) -> Examination:
        parts = self._parts
        quarantined = any(reason.code == "dmarc-quarantine" for reason in signs)
        guarded = [parts.view.protection(route) for route in routes]
        judged = any(one.spam for one in guarded)
        facts_for_spam = self._spam_facts(sender, arrival, auth, signs, len(routes))
        if judged or any(one.promotions or one.social for one in guarded):
            seen = self._with_reported(observe(raw, root, facts_for_spam), arrival.now)
        else:  # who wrote it still matters for the lists
            top = raw[: root.body]
            seen = observe(top, parse(top), facts_for_spam)
        author = self._sender_facts(sender, seen, auth)
        keys = tokens(seen) if judged else ()
        case = _Case(raw, sender, seen, keys, author, arrival.engines)
        placements: dict[int | str, Placement] = {}
        scores: list[float] = []
        for route in routes:
            key = _getter(route)
            if key not in placements:
                placement, score = self._for_account(case, route, route.account, quarantined)
                placements[key] = placement
                scores.append(score)
        chosen = tuple(placements[_getter(route)] for route in routes)
        facts["score"] = max(scores)
        found = _found(auth)
        proved = _proved(auth)
        spam = all(_taken_for_spam(placement) for placement in placements.values())
        refusals = [placement.refusal for placement in placements.values()]
        if None not in refusals:
            refusal = refusals[0]
            assert refusal is not None
            facts.update(refusal.facts)
            return Examination(refusal, raw, facts=facts, found=found, proved=proved, spam=spam)
        chosen = tuple(replace(placement, refusal=None) for placement in chosen)
        clean = spam_field.without(without_forged(raw, parts.hostname))
        return Examination(
            Decision(STAGE_SPAM),
            clean,
            self._fields(arrival, auth, sender),
            chosen,
            facts,
            found,
            proved,
            spam,
        )

    def _for_account(
        self, case: "_Case", route: Route, account: AccountInfo | None, quarantined: bool
    ) -> tuple[Placement, float]:
        parts = self._parts
        protection = parts.view.protection(route)
        matched = lists.decide(
            parts.view.sender_matches(route, case.sender),
            parts.view.sender_matches(route, case.author.author),
            case.author,
        )
        seen, own, known = case.seen, None, Familiarity()
        if not protection.dns_lists:
            seen = _unlisted(seen)
        if account is not None and (protection.spam or protection.promotions or protection.social):
            known = parts.acquaintances.familiarity(account.id, seen.from_address, case.raw)
            seen = _with_familiarity(seen, known)
            own = parts.store.account(account.id).counts()
        found: list[Reason] = []
        if protection.spam:
            verdict = judge(
                seen,
                parts.model.counts(),
                own,
                Thresholds(protection.spam_threshold, protection.refuse_threshold or None),
                case.keys,
            )
            found = [Reason(*reason) for reason in verdict.reasons]
        reasons = [
            *matched.decision.reasons,
            *engines.scored(found, case.engines, parts.scoring),
        ]
        score = round(sum(reason.score for reason in reasons), 2)
        if known.blocked:
            reasons.append(REPORTED)
        refusal = self._refusal(protection, matched, score, reasons)
        # Where another recipient takes it, it cannot be refused any more, and is spam here.
        spam = refusal is not None or (
            not matched.allowed
            and (matched.spam or known.blocked or quarantined or protection.files_as_spam(score))
        )
        if spam and refusal is None and account is None and route.kind is not AddressKind.LIST:
            refusal = replace(NOT_SENT_ON, facts={"score": score}, reasons=_against(reasons))
        category = ""
        if not spam and account is not None and not matched.allowed:
            category = self._category(protection, account, seen, reasons)
        return (
            Placement(
                SPAM if spam else category,
                spam_field.render(
                    score, protection.spam_threshold, SPAM if spam else "ham", reasons, category
                ),
                _why(reasons, matched, quarantined, spam) if not known.blocked else REPORTED.text,
                refusal,
                bool(case.author.aligned) and (known.knows or known.answered),
                listed=spam and (matched.spam or known.blocked or not matched.decision.passes),
                clean=_is_clean(case.engines),
                facts={
                    "score": score,
                    "threshold": protection.spam_threshold,
                    **matched.decision.facts,
                },
            ),
            score,
        )

    @staticmethod
    def _refusal(
        protection: Protection, matched: SenderDecision, score: float, reasons: Sequence[Reason]
    ) -> Decision | None:
        if not matched.decision.passes:
            return matched.decision
        if protection.refuses_as_spam(score) and not matched.allowed:
            return replace(TOO_MUCH, facts={"score": score}, reasons=_against(reasons))
        return None

    def _category(
        self,
        protection: Protection,
        account: AccountInfo,
        seen: Observation,
        reasons: list[Reason],
    ) -> str:
        if not (protection.promotions or protection.social):
            return ""
        mail = self._parts.store.account(account.id)
        found = categorize(seen, learned_categories.corrections(mail, seen))
        wanted = {
            Category.PROMOTIONS: PROMOTIONS if protection.promotions else "",
            Category.SOCIAL: SOCIAL if protection.social else "",
        }.get(found.category, "")
        if wanted:
            reasons += [Reason(*reason) for reason in found.reasons]
        return wanted

    # -- facts -------------------------------------------------------------------------------------

    def _spam_facts(
        self,
        sender: str,
        arrival: Arrival,
        auth: Authentication | None,
        signs: tuple[Reason, ...],
        recipients: int,
    ) -> SpamFacts:
        known = auth if auth is not None else Authentication()
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
            sender=sender,
            own_domains=frozenset(),
        )

    def _with_reported(self, seen: Observation, now: float) -> Observation:
        """With the hosts of links and the sender that people here reported."""
        names = [*reputation.hosts_of(seen, self._parts.own)]
        if seen.facts.aligned:
            names += reputation.sender_names(seen.from_address, self._parts.own)
        voices = self._voices(names, now) if names else {}
        if not voices:
            return seen
        facts = replace(seen.facts, reported_hosts=reputation.reported_hosts(voices))
        if reason := reputation.sender_reason(voices):
            facts = replace(facts, header_reasons=(*facts.header_reasons, reason))
        return replace(seen, facts=facts)

    def _voices(self, names: Sequence[Name], now: float) -> Mapping[Name, Voices]:
        """Mail does not wait for a file that only says what others thought."""
        try:
            return self._parts.reported.voices(names, now=now)
        except Unavailable as error:
            if time.monotonic() - self._complained >= LOG_SECONDS:
                self._complained = time.monotonic()
                _log.warning("mail is examined without what was reported: %s", error.text)
            return {}

    def _sender_facts(
        self, sender: str, seen: Observation, auth: Authentication | None
    ) -> SenderFacts:
        own = self._parts.own(seen.from_domain)
        if auth is None:
            return SenderFacts(sender, seen.from_address, None, "", own)
        unsure = auth.dmarc is not None and auth.dmarc.outcome is Outcome.TEMPERROR
        passed = auth.spf is not None and auth.spf.result is Spf.PASS
        return SenderFacts(
            sender,
            seen.from_address,
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


@dataclass(frozen=True, slots=True)
class _Case:
    """What is the same for all accounts."""

    raw: bytes
    sender: str
    seen: Observation
    keys: tuple[int, ...]
    author: SenderFacts
    engines: Sequence[Decision]


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


def _getter(route: Route) -> int | str:
    """Who gets it: an account, or whoever an address without one leads to."""
    return route.account.id if route.account is not None else route.address


def _against(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    """What speaks against a message, the heaviest first."""
    return tuple(sorted((one for one in reasons if one.score > 0), key=lambda one: -one.score))


def _unsure(result: DmarcResult) -> Decision:
    """Who could keep the DNS from answering would else escape the policy."""
    said = f"The DNS does not say for now whether it is from {result.author}."
    return Decision(
        STAGE_DMARC,
        Act.DEFER,
        "4.7.1",
        f"{said} Please try again later",
        basic=451,
        page="dmarc",
        reasons=(Reason("dmarc-unsure", said),),
        facts={"dmarc_policy": result.published, "dmarc_domain": result.domain},
    )


def _with_familiarity(seen: Observation, known: Familiarity) -> Observation:
    """A forged address is known to nobody: only what is proved counts, where proof can be had."""
    facts = seen.facts
    trusted = facts.aligned or not facts.authentication_known
    if not known.answered and not (known.knows and trusted):
        return seen
    return replace(
        seen,
        facts=replace(
            facts, known_correspondent=known.knows and trusted, replied_to_us=known.answered
        ),
    )


def _is_clean(asked: Sequence[Decision]) -> bool:
    """Whether a scanner for viruses looked at it and found none."""
    return any(one.facts.get(engines.CLAMAV) == "clean" for one in asked)


def _taken_for_spam(placement: Placement) -> bool:
    """And not only refused because of whom it is from."""
    refusal = placement.refusal
    return placement.kind == SPAM and (refusal is None or refusal.stage == STAGE_SPAM)


def _unlisted(seen: Observation) -> Observation:
    """As whoever wants no lists in the DNS sees it."""
    reasons = tuple(one for one in seen.facts.header_reasons if not one[0].startswith(LISTED))
    return replace(seen, facts=replace(seen.facts, header_reasons=reasons))


def _why(reasons: Sequence[Reason], matched: SenderDecision, quarantined: bool, spam: bool) -> str:
    if matched.spam or not matched.decision.passes:
        return matched.decision.reasons[-1].text
    if quarantined and spam:
        return "the sender's domain asks for it (DMARC)."
    heaviest = max(reasons, key=lambda reason: reason.score, default=None)
    return heaviest.text if spam and heaviest is not None else ""


def _facts_of(auth: Authentication | None) -> Facts:
    if auth is None:
        return {}
    facts: Facts = {}
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
