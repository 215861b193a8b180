"""What all IMAP sessions of a worker share, and where they come from."""

import asyncio
import weakref
from array import array
from collections.abc import Sequence

from alphorn.directory.view import DirectoryView
from alphorn.operations.authenticate import Authenticator
from alphorn.servers.connection import IO
from alphorn.servers.imap.fetching.recent import recent_lines, recent_messages
from alphorn.servers.imap.handlers import HANDLERS
from alphorn.servers.imap.limits import ImapLimits
from alphorn.servers.imap.registry import Registry, Subscribe
from alphorn.servers.imap.session import ImapSession
from alphorn.servers.imap.view import View
from alphorn.servers.imap.watched import Watch, watched
from alphorn.store.api import Account, Store
from alphorn.wire.imap import capabilities
from alphorn.wire.imap.core import ImapCore
from alphorn.wire.sasl.mechanisms import MECHANISMS

TICK_SECONDS = 2.0
SASL_MECHANISMS = tuple(mechanism.name for mechanism in MECHANISMS)


class ImapService:
    """One per worker, used on its event loop. `subscribe` is the bus's; `tls`: STARTTLS can be had.
    The worker runs `watch` beside the sessions.
    """

    def __init__(
        self,
        store: Store,
        directory: DirectoryView,
        authenticator: Authenticator,
        limits: ImapLimits,
        subscribe: Subscribe,
        *,
        hostname: str,
        tls: bool,
        watch: Watch | None = None,
        sieve: str | None = None,
    ) -> None:
        """`watch` is told what people do with their mail. `sieve` is where the scripts are uploaded
        that run on it, "" for nowhere, None where none is run."""
        self.store = store
        self._watch = watch
        self.directory = directory
        self.authenticator = authenticator
        self.limits = limits
        self.greeting = f"{hostname} Alphorn at your service"
        self.registry = Registry(directory, subscribe, limits.connections_per_account)
        self.tls = tls
        self._sieve = sieve
        self.handlers = HANDLERS
        self.recent = recent_messages()
        self.recent_lines = recent_lines()
        self._shared: weakref.WeakValueDictionary[tuple[int, int, int], array[int]] = (
            weakref.WeakValueDictionary()
        )

    def mail(self, account_id: int) -> Account:
        """The store's account, for whoever is logged in to it. Raises NotFound."""
        account = self.store.account(account_id)
        return account if self._watch is None else watched(account, account_id, self._watch)

    def session(self) -> ImapSession:
        """A session for a new connection."""
        return ImapSession(self)

    async def watch(self) -> None:
        """End what must not go on, and look for what nobody hinted at; until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.registry.tick()

    def core(self, io: IO) -> ImapCore:
        """The protocol core of a new connection."""
        starttls = self.tls and not io.tls
        return ImapCore(self.limits.wire, self.limits.plain_login.trusts(io), starttls)

    def capabilities(self, core: ImapCore) -> bytes:
        """What CAPABILITY shows on that connection now."""
        return capabilities.names(
            core.state, core.secure, SASL_MECHANISMS, core.starttls, self._sieve
        )

    def shared_uids(self, account_id: int, view: View) -> Sequence[int]:
        """The view's UIDs, or the same ones as another session holds them already."""
        uids = view.uids
        if not isinstance(uids, array):
            return uids
        key = (account_id, view.mailbox_id, view.modseq)
        held = self._shared.get(key)
        if held == uids:
            return held
        self._shared[key] = uids
        return uids
