"""What is expected of a client on the MX port besides correct commands: that it waits.

* **For the greeting** (RFC 5321 §3.1). A client of which nothing good is known is left waiting for
  a moment; one that speaks in the meantime is no mail server.
* **For replies** where it has to (RFC 2920 §3.1); the machine notices (`Machine.ahead`).
* **Ever longer**, when it asks for one recipient after the other that does not exist. That is
  counted over all connections of its network, so that connecting anew does not help.

Each is counted against the client's network and ends in a ban at some time. Nobody is made to wait
who is exempt or has a good name, and no thread or task waits with him.

A session on the MX port has a `Guest`, and asks it

    connected   guest.greeting(): a future to wait for before `machine.greet()`, or None
    received    before the greeting: guest.spoke(): the reply to end with, or None to go on
    MAIL        guest.begins(sender)
    RCPT        guest.answer(reply, recipient): a future to wait for before replying, or None
    closed      guest.left(machine.ahead)
"""

import math
from asyncio import Future
from dataclasses import dataclass

from alphorn.base.door import Offence
from alphorn.operations.doorkeeper import Doorkeeper
from alphorn.policy.reputation import Standing
from alphorn.servers.pauses import Pauses
from alphorn.wire.smtp.replies import Reply

EARLY = Reply("5.7.1", "You spoke before you were greeted, as no mail server does", 554, "manners")
UNKNOWN = "5.1.1"
"""The status of a recipient that does not exist."""
FIRST_PAUSE = 0.5
MAX_OF_MESSAGE = 5
"""Unknown recipients of one message that count against its network: one user of a large provider
must not have it banned with one long list of recipients."""
SLOWEST_AFTER = 16
"""Doublings after which a pause grows no more, whatever the limit."""


@dataclass(frozen=True, slots=True)
class MannersSettings:
    """`greeting_delay`: seconds. `refuse_early`, `refuse_ahead`: whether who does not wait is sent
    away. After `tarpit_after` unknown recipients replies wait, up to `tarpit_limit` seconds."""

    greeting_delay: float = 0.4
    refuse_early: bool = True
    refuse_ahead: bool = True
    tarpit_after: int = 5
    tarpit_limit: float = 20


class Manners:
    """One per worker."""

    def __init__(self, keeper: Doorkeeper, settings: MannersSettings, pauses: Pauses) -> None:
        self.keeper = keeper
        self.settings = settings
        self.pauses = pauses

    def arrives(self, client: str) -> "Guest":
        """A client has connected; `client` is its IP address in text form."""
        return Guest(self, client)


class Guest:
    """One connection. `strict` is for `Machine.synchronous`."""

    __slots__ = (
        "_client",
        "_counted",
        "_early",
        "_exempt",
        "_good",
        "_level",
        "_manners",
        "_report",
        "_unknown",
        "strict",
    )

    def __init__(self, manners: Manners, client: str) -> None:
        self._manners = manners
        self._client = client
        self._exempt = manners.keeper.exempt(client)
        self._good: bool | None = None  # asked for when it matters
        self._early = False
        self._unknown = self._counted = 0
        self._level = 0.0
        self._report = False
        self.strict = manners.settings.refuse_ahead and not self._exempt

    def greeting(self) -> "Future[None] | None":
        """What the greeting waits for."""
        delay = self._manners.settings.greeting_delay
        if not delay or self._exempt or self._has_good_name():
            return None
        return self._manners.pauses.begin(delay)

    def spoke(self) -> Reply | None:
        """Octets came before the greeting: the reply after which the connection is closed; None
        where that is only noted."""
        if not self._early:
            self._early = True
            self._manners.keeper.offended(self._client, Offence.EARLY)
        return EARLY if self._manners.settings.refuse_early else None

    def begins(self, sender: str) -> None:
        """A message begins; `sender` is its reverse-path, "" for the empty one."""
        self._counted = 0
        self._report = not sender

    def answer(self, reply: Reply, recipient: str) -> "Future[None] | None":
        """A recipient is about to get this reply: what it waits for."""
        if reply.status != UNKNOWN or self._exempt:
            return None
        self._unknown += 1
        self._counted += 1
        if self._counted <= MAX_OF_MESSAGE:
            keeper = self._manners.keeper
            self._level = keeper.unknown_recipient(self._client, recipient, report=self._report)
        seconds = self._delay(max(self._unknown, math.ceil(self._level)))
        if not seconds or self._has_good_name():
            return None
        return self._manners.pauses.begin(seconds)

    def left(self, ahead: str) -> None:
        """The connection is over; `ahead` is the command to which the client did not wait for the
        reply, "" where it behaved."""
        if ahead and not self._early:
            self._manners.keeper.offended(self._client, Offence.AHEAD, f"after {ahead}")

    def _delay(self, unknown: int) -> float:
        """Seconds, doubled with each unknown recipient."""
        settings = self._manners.settings
        more = unknown - settings.tarpit_after
        if more <= 0:
            return 0.0
        return min(FIRST_PAUSE * 2.0 ** min(more, SLOWEST_AFTER), settings.tarpit_limit)

    def _has_good_name(self) -> bool:
        if self._good is None:
            self._good = self._manners.keeper.standing(self._client) is Standing.GOOD
        return self._good
