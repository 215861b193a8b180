"""What one ManageSieve connection may cost; every number is a limit that a test names."""

from dataclasses import dataclass, field, replace

from alphorn.base import settings as table
from alphorn.base.settings import Settings
from alphorn.servers.plain_login import PlainLogin
from alphorn.store.limits import MAX_SCRIPT_OCTETS
from alphorn.wire.managesieve.limits import Limits as WireLimits

NAME_OCTETS = 1024
"""What the name of a script may take beside it, as a literal."""


@dataclass(frozen=True, slots=True)
class SieveLimits:
    """Seconds, octets and counts.

    `idle`: silence of a client that is logged in (RFC 5804 §1.1: 30 minutes at least); `login`:
    silence of one that is not. `early_commands`: commands before login. `failed_logins`: after so
    many the connection is closed; each is answered `failure_delay` seconds late.
    `connections_per_account`: in one worker.
    """

    idle: float = 1800.0
    login: float = 60.0
    early_commands: int = 30
    failed_logins: int = 3
    failure_delay: float = 2.0
    connections_per_account: int = 20
    plain_login: PlainLogin = PlainLogin.LOOPBACK
    wire: WireLimits = field(
        default_factory=lambda: replace(WireLimits(), literal=MAX_SCRIPT_OCTETS + NAME_OCTETS)
    )

    @staticmethod
    def of(settings: Settings) -> "SieveLimits":
        """What the settings say."""
        return SieveLimits(
            idle=settings[table.SIEVE_TIMEOUT],
            login=settings[table.SIEVE_LOGIN_TIMEOUT],
            connections_per_account=settings[table.SIEVE_CONNECTIONS_PER_ACCOUNT],
            plain_login=PlainLogin(settings[table.SIEVE_PLAIN_LOGIN]),
        )
