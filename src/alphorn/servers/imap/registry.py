"""Which sessions of this worker belong to which account.

It passes hints of changes on to them, limits how many an account may have, and ends those whose
login is no longer good: account switched off or removed, password changed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from alphorn.base.errors import Unavailable
from alphorn.directory.values import AccountInfo
from alphorn.directory.view import DirectoryView

if TYPE_CHECKING:
    from alphorn.servers.imap.session import ImapSession

Subscribe = Callable[[int, Callable[[int], None]], Callable[[], None]]
"""`Bus.subscribe`: call back with a mailbox's id on each hint for this account; returns the end."""

ROUND_TICKS = 300
"""In so many ticks each idle session looks by itself once, should a hint have been lost. Seldom,
so that accounts whose owners are away stay closed."""


@dataclass(slots=True)
class _Group:
    """The sessions of an account."""

    sessions: set["ImapSession"] = field(default_factory=set)
    unsubscribe: Callable[[], None] = lambda: None


class Registry:
    """Used on the event loop only."""

    def __init__(self, directory: DirectoryView, subscribe: Subscribe, per_account: int) -> None:
        self._directory = directory
        self._subscribe = subscribe
        self._per_account = per_account
        self._groups: dict[int, _Group] = {}
        self._round: Iterator[int] = iter(())

    def join(self, session: "ImapSession", account: AccountInfo) -> bool:
        """Whether one more session of this account is allowed; it is counted then."""
        group = self._groups.get(account.id)
        if group is None:
            group = self._groups[account.id] = _Group()
            group.unsubscribe = self._subscribe(account.id, partial(self._changed, group))
        if len(group.sessions) >= self._per_account:
            return False
        group.sessions.add(session)
        return True

    def leave(self, session: "ImapSession", account: AccountInfo) -> None:
        """A session that joined has ended."""
        group = self._groups[account.id]
        group.sessions.discard(session)
        if not group.sessions:
            group.unsubscribe()
            del self._groups[account.id]

    def _changed(self, group: _Group, mailbox_id: int) -> None:
        for session in group.sessions:
            session.changed(mailbox_id)

    def tick(self) -> None:
        """Called every other second."""
        self._end_stale()
        self._look_around()

    def _end_stale(self) -> None:
        """It costs one cached look-up for each account that is logged in."""
        for account_id, group in tuple(self._groups.items()):
            try:
                now = self._directory.account(account_id)
            except Unavailable:
                return
            for session in tuple(group.sessions):
                then = session.account
                if then is None or now is None or not now.enabled or now.version != then.version:
                    session.end("Please log in again")

    def _look_around(self) -> None:
        """The idle sessions whose turn it is look for changes."""
        turns = tuple(islice(self._round, -(-len(self._groups) // ROUND_TICKS)))
        if not turns:
            self._round = iter(tuple(self._groups))
        for account_id in turns:
            group = self._groups.get(account_id)
            for session in group.sessions if group is not None else ():
                session.look()

    def count(self) -> int:
        """How many sessions are logged in."""
        return sum(len(group.sessions) for group in self._groups.values())
