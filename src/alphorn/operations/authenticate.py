"""Who is it? Checks passwords for every protocol, alike.

AuthFailed   (Refused)      wrong address, wrong password, not allowed here: one text for all
Throttled    (Unavailable)  too many failures lately; `retry_after` seconds to wait
"""

from dataclasses import dataclass, field

from alphorn.base.errors import Refused, Unavailable
from alphorn.base.secret import Secret
from alphorn.directory.values import AccountInfo
from alphorn.wire.sasl.steps import ScramKeys


class AuthFailed(Refused):
    """The login is refused. `text` is for the other side; `reason` is for the log only."""

    code = "auth-failed"

    def __init__(self, text: str, *, reason: str) -> None:
        super().__init__(text)
        self.reason = reason


class Throttled(Unavailable):
    """Too many failed logins for this account or from this network; wait `retry_after` seconds."""

    code = "auth-throttled"

    def __init__(self, text: str, *, retry_after: int) -> None:
        super().__init__(text)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class ScramCredentials:
    """What a SCRAM-SHA-256 exchange needs (`Exchange.found`): a proof that fits any key is right.

    For an unknown address they are made up, the same each time, and fit no password.
    """

    address: str
    salt: bytes
    iterations: int
    keys: tuple[ScramKeys, ...] = field(repr=False)


class Authenticator:
    """One per process; callable from any thread. `protocol` is a `LoginProtocol` ("imap", "smtp"),
    `peer` the client's IP address in text form."""

    def password_fast(
        self, address: str, password: Secret, protocol: str, peer: str
    ) -> AccountInfo | None:
        """Try what needs no slow hash: device passwords, and account passwords that were right
        before. Never blocks: call it on the event loop, and `password` in a thread where it
        returns None. Raises AuthFailed, Throttled, Unavailable."""
        raise NotImplementedError

    def password(self, address: str, password: Secret, protocol: str, peer: str) -> AccountInfo:
        """The account this password opens. Takes the time of a slow hash (100 ms), alike for right,
        wrong and unknown. Raises AuthFailed, Throttled, Unavailable."""
        raise NotImplementedError

    def scram(self, address: str, protocol: str, peer: str) -> ScramCredentials:
        """What SCRAM needs to go on; never blocks. Raises Throttled, Unavailable."""
        raise NotImplementedError

    def scram_succeeded(
        self, credentials: ScramCredentials, credential: int | None, protocol: str, peer: str
    ) -> AccountInfo:
        """The account, once the exchange ended in `Success` with `credential`; never blocks. Raises AuthFailed where
        it may not log in all the same (switched off, password not for this protocol)."""
        raise NotImplementedError

    def scram_failed(self, credentials: ScramCredentials, protocol: str, peer: str) -> None:
        """The client's proof fitted none: counts as a failed login."""
        raise NotImplementedError
