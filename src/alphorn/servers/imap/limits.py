"""What one IMAP connection may cost; every number is a limit that a test names."""

from dataclasses import dataclass, field, replace

from alphorn.base import settings as table
from alphorn.base.settings import Settings
from alphorn.servers.plain_login import PlainLogin
from alphorn.wire.imap.framing import Limits as WireLimits


@dataclass(frozen=True, slots=True)
class ImapLimits:
    """Seconds, octets and counts.

    `idle`: silence of a client that is logged in (RFC 9051 §5.4: 30 minutes at least); `login`:
    silence of one that is not. `early_commands`: commands before login, so that nobody stays for
    ever by sending NOOP. `failed_logins`: after so many the connection is closed; each is answered
    `failure_delay` seconds late. `connections_per_account`: in one worker.
    """

    idle: float = 1800.0
    login: float = 60.0
    early_commands: int = 30
    failed_logins: int = 3
    failure_delay: float = 2.0
    connections_per_account: int = 100
    message: int = WireLimits().append
    plain_login: PlainLogin = PlainLogin.LOOPBACK
    wire: WireLimits = field(default_factory=WireLimits)

    @staticmethod
    def of(settings: Settings) -> "ImapLimits":
        """What the settings say; a message that SMTP takes can be appended too."""
        message = settings[table.SMTP_MAX_MESSAGE_OCTETS]
        wire = WireLimits()
        return ImapLimits(
            idle=settings[table.IMAP_TIMEOUT],
            login=settings[table.IMAP_LOGIN_TIMEOUT],
            connections_per_account=settings[table.IMAP_CONNECTIONS_PER_ACCOUNT],
            message=message,
            plain_login=PlainLogin(settings[table.IMAP_PLAIN_LOGIN]),
            wire=replace(wire, append=message, append_total=2 * message, discard=5 * message),
        )
