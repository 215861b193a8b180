"""What all ManageSieve sessions of a worker share, and where they come from."""

from collections import Counter

from alphorn.directory.values import AccountInfo
from alphorn.directory.view import DirectoryView
from alphorn.operations.authenticate import Authenticator
from alphorn.servers.connection import IO
from alphorn.servers.managesieve import login
from alphorn.servers.managesieve.handlers import HANDLERS
from alphorn.servers.managesieve.limits import SieveLimits
from alphorn.servers.managesieve.session import ManageSieveSession
from alphorn.sieve.extensions import METHODS, STANDARD
from alphorn.sieve.limits import DEFAULT
from alphorn.store.api import Store
from alphorn.wire.managesieve import capabilities, render
from alphorn.wire.managesieve.capabilities import Facts
from alphorn.wire.managesieve.core import ManageSieveCore
from alphorn.wire.sasl.mechanisms import MECHANISMS

IMPLEMENTATION = "Alphorn"
SASL_MECHANISMS = tuple(mechanism.name for mechanism in MECHANISMS)


class ManageSieveService:
    """One per worker, used on its event loop. `tls`: STARTTLS can be had."""

    def __init__(
        self,
        store: Store,
        directory: DirectoryView,
        authenticator: Authenticator,
        limits: SieveLimits,
        *,
        hostname: str,
        tls: bool,
    ) -> None:
        self.store = store
        self.directory = directory
        self.authenticator = authenticator
        self.limits = limits
        self.handlers = HANDLERS
        self.respond = login.respond
        self.greeting = f"{hostname} Alphorn at your service"
        self._tls = tls
        self._sessions: Counter[int] = Counter()

    def session(self) -> ManageSieveSession:
        """A session for a new connection."""
        return ManageSieveSession(self)

    def core(self, io: IO) -> ManageSieveCore:
        """The protocol core of a new connection."""
        secure = self.limits.plain_login.trusts(io)
        return ManageSieveCore(self.limits.wire, secure, starttls=self._tls and not io.tls)

    def capabilities(self, core: ManageSieveCore, account: AccountInfo | None) -> bytes:
        """What CAPABILITY shows on that connection now."""
        facts = Facts(
            IMPLEMENTATION,
            STANDARD.capabilities,
            tuple(METHODS),
            DEFAULT.redirects,
            mechanisms=SASL_MECHANISMS if core.secure else (),
            starttls=core.starttls and account is None,
            owner="" if account is None else account.address,
        )
        return render.capabilities(capabilities.lines(facts))

    # -- who is logged in --

    def join(self, account_id: int) -> bool:
        """Whether one more session of this account is allowed; it is counted then."""
        if self._sessions[account_id] >= self.limits.connections_per_account:
            return False
        self._sessions[account_id] += 1
        return True

    def leave(self, account_id: int) -> None:
        """A session that joined has ended."""
        self._sessions[account_id] -= 1
        if not self._sessions[account_id]:
            del self._sessions[account_id]

    def count(self) -> int:
        """How many sessions are logged in."""
        return self._sessions.total()

    def still_valid(self, account: AccountInfo) -> bool:
        """Whether a login is still good: the account is there, switched on, and its password the
        same. One look-up that is cached. Raises Unavailable."""
        now = self.directory.account(account.id)
        return now is not None and now.enabled and now.version == account.version
