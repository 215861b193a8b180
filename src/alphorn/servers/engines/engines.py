"""The engines of an installation, asked about a message together.

    engines.needs(protection)               is there one to ask for this recipient?
    await engines.check(raw, facts)         a decision from each
    policy.engines.scored(...)              their scores and ours

Asked on the event loop while the message's client waits. Each engine has its own time, and what
does not answer is a decision too: none of this raises. One that hangs again and again is left alone
for a while (`breaker`).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from alphorn.directory.values import Protection
from alphorn.policy import engines as policy
from alphorn.policy.decision import Decision
from alphorn.policy.engines import OnFailure, RspamdRules, Scoring
from alphorn.servers.engines.breaker import REST_SECONDS, Breaker
from alphorn.servers.engines.clamav import Clamd
from alphorn.servers.engines.failure import TIMEOUT, EngineFailure
from alphorn.servers.engines.rspamd import EngineFacts, Rspamd

_log = logging.getLogger(__name__)

Report = Callable[[str, str, float], None]
"""Told of each question the engine, what came of it ("answered", "failed", "too-large", "resting"
where it is left alone), and how many seconds it took."""


RESTING = "resting"


def unreported(engine: str, outcome: str, seconds: float) -> None:
    """For whoever keeps no figures."""


@dataclass(frozen=True, slots=True)
class RspamdPart:
    """`max_message` in octets."""

    client: Rspamd
    rules: RspamdRules
    max_message: int


@dataclass(frozen=True, slots=True)
class ClamavPart:
    client: Clamd
    on_failure: OnFailure
    max_message: int


class Engines:
    """One per worker, used on its event loop. Without an engine it costs nothing."""

    def __init__(
        self,
        rspamd: RspamdPart | None = None,
        clamav: ClamavPart | None = None,
        report: Report = unreported,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rspamd = rspamd
        self._clamav = clamav
        self._report = report
        self._ticks = ticks
        self._breakers = {policy.RSPAMD: Breaker(), policy.CLAMAV: Breaker()}
        self._any = rspamd is not None or clamav is not None
        self._silent: set[str] = set()

    @property
    def scoring(self) -> Scoring:
        """What Rspamd's score is to ours, for `policy.engines.scored`."""
        return self._rspamd.rules.scoring if self._rspamd is not None else Scoring.ADD

    def needs(self, protection: Protection) -> bool:
        """Whether there is an engine to ask for whom this protects."""
        return self._any and protection.engines

    async def check(self, raw: bytes, facts: EngineFacts) -> tuple[Decision, ...]:
        """What each engine says of the message; that of ClamAV first.

        `raw` is the message as it came, with our fields on top or without.
        """
        if not self._any:
            return ()
        asked = []
        if self._clamav is not None:
            asked.append(self._virus(self._clamav, raw))
        if self._rspamd is not None:
            asked.append(self._spam(self._rspamd, raw, facts))
        return tuple(await asyncio.gather(*asked)) if len(asked) > 1 else (await asked[0],)

    def close(self) -> None:
        """Let go of connections that are kept."""
        if self._rspamd is not None:
            self._rspamd.client.close()

    async def _virus(self, part: ClamavPart, raw: bytes) -> Decision:
        async def judge() -> Decision:
            return policy.judge_virus(await part.client.scan(raw))

        return await self._ask(policy.CLAMAV, part.on_failure, len(raw) > part.max_message, judge)

    async def _spam(self, part: RspamdPart, raw: bytes, facts: EngineFacts) -> Decision:
        async def judge() -> Decision:
            return policy.judge_spam(await part.client.check(raw, facts), part.rules)

        rules, too_large = part.rules, len(raw) > part.max_message
        return await self._ask(policy.RSPAMD, rules.on_failure, too_large, judge)

    async def _ask(
        self,
        stage: str,
        on_failure: OnFailure,
        too_large: bool,
        judge: Callable[[], Awaitable[Decision]],
    ) -> Decision:
        if too_large:
            self._report(stage, "too-large", 0.0)
            return policy.skipped(stage)
        breaker = self._breakers[stage]
        begin = self._ticks()
        if not breaker.lets(begin):
            self._report(stage, RESTING, 0.0)
            return policy.unanswered(stage, RESTING, on_failure)
        tries = breaker.is_open
        try:
            decision, outcome = await judge(), "answered"
        except EngineFailure as failure:
            self._fails(stage, failure, breaker)
            decision, outcome = policy.unanswered(stage, failure.code, on_failure), "failed"
        except Exception:
            _log.exception("an engine could not be asked", extra={"engine": stage})
            decision, outcome = policy.unanswered(stage, "fault", on_failure), "failed"
        else:
            self._answers(stage, breaker)
        finally:
            if tries:
                breaker.gives_up()
        seconds = self._ticks() - begin
        self._report(stage, outcome, seconds)
        return replace(decision, facts={**decision.facts, f"{stage}_seconds": round(seconds, 4)})

    def _fails(self, stage: str, failure: EngineFailure, breaker: Breaker) -> None:
        """Logged when it begins, when it is left alone, and when it is over."""
        if stage not in self._silent:
            self._silent.add(stage)
            _log.warning("an engine does not answer: %s", failure.text, extra={"engine": stage})
        if failure.code != TIMEOUT:
            breaker.answers()
        elif breaker.hangs(self._ticks()):
            _log.warning(
                "an engine hangs and is left alone; every %d seconds a message tries it again",
                REST_SECONDS,
                extra={"engine": stage},
            )

    def _answers(self, stage: str, breaker: Breaker) -> None:
        breaker.answers()
        if stage in self._silent:
            self._silent.discard(stage)
            _log.info("an engine answers again", extra={"engine": stage})
