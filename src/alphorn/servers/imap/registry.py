"""Which sessions of this worker belong to which account.

It passes wake-ups on to them, limits how many an account may have, and ends those whose login is no
longer good: account switched off or removed, password changed.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from alphorn.base.errors import Unavailable
from alphorn.directory.values import AccountInfo
from alphorn.directory.view import DirectoryView

if TYPE_CHECKING:
    from alphorn.servers.imap.session import ImapSession


class Registry:
    """Used on the event loop only."""

    def __init__(self, directory: DirectoryView, per_account: int) -> None:
        self._directory = directory
        self._per_account = per_account
        self._sessions: dict[int, set[ImapSession]] = {}

    def join(self, session: "ImapSession", account: AccountInfo) -> bool:
        """Whether one more session of this account is allowed; it is counted then."""
        sessions = self._sessions.setdefault(account.id, set())
        if len(sessions) >= self._per_account:
            return False
        sessions.add(session)
        return True

    def leave(self, session: "ImapSession") -> None:
        """The session has ended; also one that never joined."""
        account = session.account
        sessions = self._sessions.get(account.id) if account is not None else None
        if account is not None and sessions is not None:
            sessions.discard(session)
            if not sessions:
                del self._sessions[account.id]

    def changed(self, account_id: int, mailbox_id: int) -> None:
        """Something may have changed in a mailbox (0: in the list of mailboxes)."""
        for session in self._sessions.get(account_id, ()):
            session.changed(mailbox_id)

    def end_stale(self) -> None:
        """End the sessions whose account or password is no longer what it was at their login.

        Called every few seconds; it costs one cached look-up for each account that is logged in.
        """
        for account_id in list(self._sessions):
            try:
                now = self._directory.account(account_id)
            except Unavailable:
                return
            for session in self._stale(account_id, now):
                session.end("Please log in again")

    def _stale(self, account_id: int, now: AccountInfo | None) -> "Iterator[ImapSession]":
        for session in list(self._sessions[account_id]):
            then = session.account
            if then is None or now is None or not now.enabled or now.version != then.version:
                yield session

    def count(self) -> int:
        """How many sessions are logged in."""
        return sum(map(len, self._sessions.values()))
