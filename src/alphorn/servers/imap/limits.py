"""What one IMAP connection may cost; every number is a limit that a test names."""

from dataclasses import dataclass, field
from enum import Enum

from alphorn.wire.imap.framing import Limits as WireLimits


class PlainLogin(Enum):
    """Who may log in without TLS."""

    NEVER = "never"
    LOOPBACK = "loopback"
    ALWAYS = "always"


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
    message: int = 50 << 20
    plain_login: PlainLogin = PlainLogin.LOOPBACK
    wire: WireLimits = field(default_factory=WireLimits)
