"""What the servers ask and tell at the door: who is banned, who is greylisted, who behaved how.

Everything here is quick enough for the event loop and never fails: where the file of the door
cannot be used (locked, full, missing, damaged), whoever asks is told to let pass, and the log says
so once a minute. Mail never waits for what is only remembered of clients.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from alphorn.base.door import Evidence, Offence, Scope, Tally
from alphorn.base.errors import AlphornError
from alphorn.base.network import Networks, network_of
from alphorn.operations.authenticate import Login
from alphorn.policy import bans, reputation
from alphorn.policy import greylist as grey
from alphorn.policy.bans import Settings as BanSettings
from alphorn.policy.decision import Decision
from alphorn.policy.reputation import Settings as ReputationSettings
from alphorn.policy.reputation import Standing
from alphorn.store.bans import Bans
from alphorn.store.door import Door, Sightings
from alphorn.store.history import History, domain_name, network_name

LOG_SECONDS = 60.0
MAX_EXPECTED = 100
"""Recipients of one message whose answers are expected."""
CROWDED = 0.8
"""When so much of the greylist is in use, first tries are forgotten sooner."""
GUESSES = frozenset(("wrong-password",))
"""Failed logins that count as a guess; a program with an old password makes the same over and over
("wrong-password-again")."""

REPORT_WEIGHT = 0.2
"""How much an unknown recipient of a report counts against its network: reports on mail that
somebody sent in the name of an address of ours that does not exist come from honest servers."""

_PASSES = Decision(grey.STAGE)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """`exempt` are networks that nothing here is done to; `exempt_loopback` adds this machine.
    `greylisting`: whether mail is greylisted where the recipient has not decided for himself (which
    each `Facts.wanted` says). `max_records`: how many the greylist keeps."""

    greylisting: bool = True
    max_records: int = 1_000_000
    exempt: Networks = field(default_factory=lambda: Networks(()))
    exempt_loopback: bool = False
    greylist: grey.Settings = field(default_factory=grey.Settings)
    reputation: ReputationSettings = field(default_factory=ReputationSettings)
    bans: BanSettings = field(default_factory=BanSettings)


class Doorkeeper:
    """One per process; callable from any thread. Client addresses are IP addresses in text form."""

    def __init__(
        self, door: Door, settings: DoorSettings, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.sightings = Sightings(door, settings.max_records)
        self.history = History(door, settings.reputation.half_life)
        self.bans = Bans(door)
        self._door = door
        self._complained = float("-inf")

    def exempt(self, client: str) -> bool:
        """Whether nothing is done to this client."""
        settings = self.settings
        if settings.exempt_loopback and (client == "::1" or client.startswith("127.")):
            return True
        return client in settings.exempt

    # -- asking ------------------------------------------------------------------------------------

    def refusal(self, client: str, scope: Scope) -> Decision | None:
        """The refusal of a banned client, None for others. `scope` is MX or LOGINS."""
        now = self.clock()
        try:
            found = self.bans.matching(client, now)
        except AlphornError as error:
            self._complain(error)
            return None
        closed = [ban for ban in found if bans.covers(ban, scope)]
        if not closed or self.exempt(client):
            return None
        return bans.refusal(max(closed, key=lambda ban: ban.until), client)

    def greylist(self, facts: grey.Facts) -> Decision:
        """Whether this recipient is to be deferred (451 4.7.1), and what is remembered of it."""
        if not facts.wanted or self.exempt(facts.client):
            return _PASSES
        now, rules = self.clock(), self.settings.greylist
        named = grey.keys(facts)
        try:
            records = self.sightings.read(named.all)
            verdict = grey.decide(now, facts, named, records, rules)
            if verdict.waits:
                # Only now is it worth while to ask how this sender has behaved.
                facts = self._with_standing(facts, now)
                verdict = grey.decide(now, facts, named, records, rules)
            if verdict.writes:
                self.sightings.write(verdict.writes)
        except AlphornError as error:
            self._complain(error)
            return replace(_PASSES, facts={"greylist": f"unavailable: {error.code}"})
        return verdict.decision

    def standing(self, client: str) -> Standing:
        """What is thought of the client's network."""
        try:
            now = self.clock()
            (tally,) = self.history.of([network_name(network_of(client))], now)
        except AlphornError as error:
            self._complain(error)
            return Standing.UNKNOWN
        return reputation.standing(tally, now, self.settings.reputation)

    # -- telling -----------------------------------------------------------------------------------

    def wrote(self, sender: str, recipients: Sequence[str]) -> None:
        """Our user has sent a message: answers to it, and reports on it, are not delayed."""
        now = self.clock()
        named = grey.expected(sender, tuple(recipients[:MAX_EXPECTED]), now)
        try:
            known = self.sightings.read(named)
            stale = now - grey.REFRESH_SECONDS
            fresh = grey.expectation(now)
            writes = [(key, fresh) for key in named if key not in known or known[key].used < stale]
            if writes:
                self.sightings.write(writes)
        except AlphornError as error:
            self._complain(error)

    def came(self, client: str, what: Tally, domains: Sequence[str] = ()) -> None:
        """Count what has come from a client (`policy.reputation` has GOOD, SPAM, UNKNOWN, REFUSED);
        for a message also in the name of the domains that it proved to come from."""
        if self.exempt(client):
            return
        names = [network_name(network_of(client)), *map(domain_name, dict.fromkeys(domains))]
        self.history.note(names, what, self.clock())

    def unknown_recipient(self, client: str, recipient: str, *, report: bool = False) -> float:
        """A recipient was refused because there is no such mailbox; how many of them count against
        the client's network now. `report`: the reverse-path is empty."""
        if not report:
            self.came(client, reputation.UNKNOWN)
        weight = REPORT_WEIGHT if report else 1.0
        return self.offended(client, Offence.DICTIONARY, recipient, weight)

    def spam(self, client: str, sample: str = "") -> None:
        """A message was spam; `sample` says which one, for the operator."""
        self.came(client, reputation.SPAM)
        self.offended(client, Offence.SPAM, sample)

    def login(self, login: Login) -> None:
        """Told of each login, good or bad."""
        if login.reason in GUESSES:
            self.offended(login.peer, Offence.LOGINS, f"{login.protocol} {login.address}")

    def offended(
        self, client: str, offence: Offence, sample: str = "", weight: float = 1.0
    ) -> float:
        """Count an offence against the client's network, and ban it where that was one too many;
        how many count now."""
        rules = self.settings.bans
        limit = rules.limits.get(offence)
        if limit is None or self.exempt(client):
            return 0.0
        now, network = self.clock(), network_of(client)
        try:
            evidence = self.bans.offended(
                network,
                offence,
                now,
                limit=limit,
                window=rules.window,
                weight=weight,
                sample=sample,
            )
            if bans.is_full(evidence, limit):
                self._judge(network, evidence, now)
        except AlphornError as error:
            self._complain(error)
            return 0.0
        return evidence.level

    # -- tidying up --------------------------------------------------------------------------------

    def purge(self) -> None:
        """Forget what has become old. Waits for the disk; for the housekeeping thread. Raises
        Unavailable."""
        now, rules = self.clock(), self.settings
        kept = rules.greylist.retry_within
        if self.sightings.count() > CROWDED * rules.max_records:
            kept //= 4
        self.sightings.purge(now - kept, now - rules.greylist.keep)
        self.history.flush(now)
        self.history.purge(now)
        self.bans.purge(now - rules.bans.memory, now - 2 * rules.bans.window)

    def flush(self) -> None:
        """Write the counts that wait."""
        try:
            self.history.flush(self.clock())
        except AlphornError as error:
            self._complain(error)

    def close(self) -> None:
        """Write what waits, and give back the file."""
        self.flush()
        self._door.close()

    # -- inside ------------------------------------------------------------------------------------

    def _with_standing(self, facts: grey.Facts, now: float) -> grey.Facts:
        names = [network_name(network_of(facts.client))]
        if facts.spf_domain:
            names.append(domain_name(facts.spf_domain))
        standings = [
            reputation.standing(tally, now, self.settings.reputation)
            for tally in self.history.of(names, now)
        ]
        domain = standings[1] if facts.spf_domain else Standing.UNKNOWN
        return replace(facts, network=standings[0], domain=domain)

    def _judge(self, network: str, evidence: Evidence, now: float) -> None:
        (tally,) = self.history.of([network_name(network)], now)
        before = self.bans.last(network)
        ban = bans.judge(network, evidence, tally, before, now, self.settings.bans)
        if ban is None:
            return
        self.bans.put(ban)
        _log.warning(
            "a network is banned",
            extra={
                "network": network,
                "until": bans.moment(ban.until),
                "offence": ban.offence.value,
                "count": evidence.count,
                "times": ban.times,
            },
        )

    def _complain(self, error: AlphornError) -> None:
        now = time.monotonic()
        if now - self._complained >= LOG_SECONDS:
            self._complained = now
            _log.warning("let pass at the door without a look: %s", error.text)
