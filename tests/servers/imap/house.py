"""An IMAP server with everything real behind it: store, directory, logins, sockets.

One account, anna@example.test, waits in it. Several workers can serve the same store; each has its
own connection to everything, as processes have, and hears of changes the way they do.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from alphorn.directory.last_use import LastUses
from alphorn.directory.values import AccountInfo
from alphorn.operations.authenticate import Authenticator
from alphorn.operations.throttle import LoginLimits, LoginThrottle
from alphorn.servers.host import Host
from alphorn.servers.imap.limits import ImapLimits
from alphorn.servers.imap.service import ImapService
from alphorn.servers.imap.watched import Watch
from alphorn.servers.tls import TlsFiles
from alphorn.store.sqlite import SqliteStore
from alphorn.store.state import State
from tests.support.installation import ITERATIONS, Installation
from tests.support.stage import stage

Subscriber = Callable[[int], None]

ADDRESS = "anna@example.test"
LIMITS = ImapLimits(failure_delay=0)


class House:
    def __init__(self, folder: Path) -> None:
        self.installation = Installation(folder)
        self.installation.domain()
        self.account: AccountInfo = self.installation.account(ADDRESS)
        self.folder = folder
        self.limits = LIMITS
        self.watch: Watch | None = None
        self.services: list[ImapService] = []
        self.hosts: list[Host] = []
        self._subscribers: dict[int, list[Subscriber]] = {}
        self._ends: list[Callable[[], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self.store = self.new_store()
        self.store.create(self.account.id)

    def new_store(self) -> SqliteStore:
        store = SqliteStore(self.folder / "mail", changed=self._changed)
        self._ends.append(store.close)
        return store

    def _changed(self, account_id: int, mailbox_id: int) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._tell, account_id, mailbox_id)

    def _tell(self, account_id: int, mailbox_id: int) -> None:
        for subscriber in tuple(self._subscribers.get(account_id, ())):
            subscriber(mailbox_id)

    def _subscribe(self, account_id: int, subscriber: Subscriber) -> Callable[[], None]:
        subscribers = self._subscribers.setdefault(account_id, [])
        subscribers.append(subscriber)
        return lambda: subscribers.remove(subscriber)

    def service(self, store: SqliteStore | None = None, *, tls: bool = False) -> ImapService:
        """The IMAP server of one more worker."""
        made = self.installation
        view = made.new_view()
        uses = LastUses(made.database)
        state = State(self.folder / "state.sqlite")
        throttle = LoginThrottle(state, LoginLimits(exempt=lambda peer: True))
        authenticator = Authenticator(
            view, made.keys, throttle, uses, ITERATIONS, report=lambda login: None
        )
        self._ends += [authenticator.close, view.close, state.close]
        service = ImapService(
            store or self.store,
            view,
            authenticator,
            self.limits,
            self._subscribe,
            hostname="mx.test",
            tls=tls,
            watch=self.watch,
        )
        self.services.append(service)
        return service

    @asynccontextmanager
    async def serving(
        self, store: SqliteStore | None = None, files: TlsFiles | None = None
    ) -> AsyncIterator[int]:
        """The port on which one more worker serves."""
        self._loop = asyncio.get_running_loop()
        service = self.service(store, tls=files is not None)
        async with stage(service.session, files) as (host, port):
            self.hosts.append(host)
            yield port

    def limit(self, **limits: object) -> None:
        self.limits = replace(self.limits, **limits)  # type: ignore[arg-type]

    def close(self) -> None:
        for end in reversed(self._ends):
            end()
        self.installation.close()
