"""What becomes of a message by the will of whom it is for: his filters, his script, his responder.

In this order, once neither a list of senders nor an end of his address has decided already: the
filters that he made by clicking; the script that he wrote, unless one of the filters stops; where
he then says nothing of where to keep it, the folder that the examination chose; at last the active
responder, never for spam. What is taken for spam is neither sent on nor answered by any rule.

Everything is decided here and nothing is done: `operations.acting` does it.
"""

from collections.abc import Callable, Mapping

from alphorn.directory.values import AccountInfo, Pause
from alphorn.directory.view import DirectoryView
from alphorn.operations.compiled_rules import RESPONDER, Compiled, CompiledRules
from alphorn.operations.filter_environment import AtDelivery, zone_of
from alphorn.operations.filter_plan import Incoming, Plan
from alphorn.operations.placement import SPAM
from alphorn.operations.planning import Planning, no_limit
from alphorn.operations.sent_on_limit import SentOnLimit
from alphorn.sieve.actions import Reject, Result, Vacation
from alphorn.sieve.interpreter import run_all
from alphorn.sieve.mail import Mail
from alphorn.store.api import Account


class Filtering:
    """One per process; every method may be called from any thread and reads the account."""

    def __init__(
        self,
        view: DirectoryView,
        *,
        hostname: str = "",
        zone: Callable[[AccountInfo, float], int] = zone_of,
        rules: CompiledRules | None = None,
        limit: SentOnLimit | None = None,
    ) -> None:
        """`zone` is an owner's time zone at a moment, in minutes east of UTC; `limit` bounds what
        rules send on."""
        self._limit = limit
        self._view = view
        self._hostname = hostname
        self._zone = zone
        self._rules = rules if rules is not None else CompiledRules()

    def plan(self, mail: Account, version: int, incoming: Incoming) -> Plan:
        """What is to be done for this account, whose rules are of this version at this moment.

        Never fails because of what somebody wrote into his rules. Raises Unavailable, NotFound.
        """
        rules = self._rules.of(mail, incoming.account.id, version)
        message = Mail(incoming.raw)
        world = AtDelivery(
            incoming,
            mail,
            self._view,
            self._hostname,
            self._zone(incoming.account, incoming.now),
            lambda name: rules.script(mail, name),
        )
        result = run_all(rules.scripts, message, world)
        reached = self._limit.reached if self._limit is not None else no_limit
        planning = Planning(incoming, world, self._view, rules, self._paused(incoming), reached)
        for action in result.actions:
            planning.add(action)
        if answer := self._responder(rules, result, message, world):
            planning.add(answer)
        return planning.finish(result)

    def _responder(
        self, rules: Compiled, result: Result, message: Mail, world: AtDelivery
    ) -> Vacation | None:
        """The answer of the active responder, where no script answers, or refuses the message."""
        if (
            rules.responder is None
            or world.incoming.placement.kind == SPAM
            or any(isinstance(action, Vacation | Reject) for action in result.actions)
        ):
            return None
        script, about = rules.responder
        there = world.at_zone(about.offset(world.now))
        asked = run_all(((RESPONDER, script),), message, there).actions
        return next((action for action in asked if isinstance(action, Vacation)), None)

    def _paused(self, incoming: Incoming) -> Callable[[], Mapping[str, Pause]]:
        domain = incoming.route.address.rpartition("@")[2]
        return lambda: self._view.paused(domain)
