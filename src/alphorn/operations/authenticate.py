"""Who is it? Checks passwords for every protocol, alike.

    AuthFailed   (Refused)      wrong address, wrong password, not allowed here
    Throttled    (Unavailable)  too many failures lately; `retry_after` seconds to wait

The answer to a wrong login never tells what was wrong, neither in words nor by its time: for an
address that does not exist the same hash is computed as for one that does. Only who has shown the
right password is told that it has expired or is not for this protocol. docs/adr/0020-passwords.md
says how passwords are kept and why.

Each login, good or bad, is reported once (`Login`); no report holds a password.
"""

import hmac
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from alphorn.base import password as passwords
from alphorn.base.errors import Refused, Unavailable
from alphorn.base.password import PasswordError
from alphorn.base.scram import KEY_OCTETS, SALT_OCTETS, matches
from alphorn.base.secret import Secret
from alphorn.directory.keys import KeyRing
from alphorn.directory.last_use import LastUses
from alphorn.directory.values import AccountInfo, Credentials, DeviceCredential
from alphorn.directory.view import DirectoryView
from alphorn.operations.throttle import LoginThrottle
from alphorn.operations.verdicts import Verdicts
from alphorn.wire.sasl.steps import ScramKeys

_log = logging.getLogger(__name__)
_NO_KEY = bytes(KEY_OCTETS)
MAX_ADDRESS = 320
_WRONG = "The user name or the password is wrong."


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
    salt: bytes = field(repr=False)
    iterations: int
    keys: tuple[ScramKeys, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """What happened. `reason` is "" for a success, else a short stable word; `device` is the id of
    the device password that was used, None for the account's own."""

    time: float
    address: str
    account_id: int | None
    protocol: str
    peer: str
    reason: str = ""
    device: int | None = None


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One try to log in: what came, and what is known of the address at this moment."""

    address: str
    credentials: Credentials | None
    protocol: str
    peer: str
    now: float

    @property
    def who(self) -> str:
        """One name for each spelling of an address, known or not."""
        return self.credentials.account.address if self.credentials else self.address.lower()

    @property
    def stored_key(self) -> bytes:
        """Of the account's password; where there is none, what no password gives."""
        return (self.credentials.stored_key if self.credentials else None) or _NO_KEY

    def login(self, reason: str = "", device: int | None = None) -> Login:
        account_id = self.credentials.account.id if self.credentials else None
        return Login(
            self.now, self.who[:MAX_ADDRESS], account_id, self.protocol, self.peer, reason, device
        )


def log_login(login: Login) -> None:
    """The usual report: one line in the log."""
    facts = {
        "address": login.address,
        "protocol": login.protocol,
        "peer": login.peer,
        "device": login.device,
    }
    if login.reason:
        _log.warning("login refused: %s", login.reason, extra=facts)
    else:
        _log.info("logged in", extra=facts)


class Authenticator:
    """One per process; callable from any thread. `protocol` is a `LoginProtocol` ("imap", "smtp"),
    `peer` the client's IP address in text form."""

    def __init__(
        self,
        view: DirectoryView,
        keys: KeyRing,
        throttle: LoginThrottle,
        uses: LastUses,
        iterations: int,
        *,
        clock: Callable[[], float] = time.time,
        report: Callable[[Login], None] = log_login,
    ) -> None:
        """`iterations` is what new accounts get, so that made-up ones look like them."""
        self._view = view
        self._keys = keys
        self._throttle = throttle
        self._uses = uses
        self._iterations = iterations
        self._clock = clock
        self._report = report
        self._verdicts = Verdicts()

    def password_fast(
        self, address: str, password: Secret, protocol: str, peer: str
    ) -> AccountInfo | None:
        """Try what needs no slow hash: device passwords, and passwords that were tried before.

        Never blocks: call it on the event loop, and `password` in a thread where it returns None.
        Raises AuthFailed, Throttled, Unavailable.
        """
        attempt = self._attempt(address, protocol, peer)
        device = self._device(attempt.credentials, password)
        if attempt.credentials is not None and device is not None:
            return self._admit(attempt, attempt.credentials.account, device)
        try:
            text = passwords.prepare(password)
        except PasswordError as error:
            raise self._refused(attempt, "unusable") from error
        verdict = self._verdicts.get(self._name(attempt, text), attempt.now)
        if verdict is False:
            raise self._refused(attempt, "wrong-password-again", repeated=True)
        right = attempt.credentials is not None and verdict
        # A guess that is turned away is not counted: were the right one let in all the same,
        # whoever is to wait could go on guessing without end.
        if not (right and self._throttle.knows(attempt.who, peer, attempt.now)):
            self._wait(attempt)
        if attempt.credentials is not None and verdict:
            return self._admit(attempt, attempt.credentials.account, None)
        return None

    def password(self, address: str, password: Secret, protocol: str, peer: str) -> AccountInfo:
        """The account this password opens. Takes the time of a slow hash (100 ms), alike for right,
        wrong and unknown. Raises AuthFailed, Throttled, Unavailable."""
        account = self.password_fast(address, password, protocol, peer)
        if account is not None:
            return account
        attempt = self._attempt(address, protocol, peer)
        text = passwords.prepare(password)
        salt, iterations = self._salt(attempt)
        right = matches(text, salt, iterations, attempt.stored_key)
        self._verdicts.put(self._name(attempt, text), right, attempt.now)
        if attempt.credentials is None or not right:
            raise self._refused(attempt, "wrong-password")
        self._throttle.succeeded(attempt.who, peer, attempt.now)
        return self._admit(attempt, attempt.credentials.account, None)

    def scram(self, address: str, protocol: str, peer: str) -> ScramCredentials:
        """What SCRAM needs to go on; never blocks. Raises Throttled, Unavailable."""
        attempt = self._attempt(address, protocol, peer)
        self._wait(attempt)
        found = attempt.credentials
        keys = [
            ScramKeys(device.stored_key, device.server_key, device.id)
            for device in (found.devices if found else ())
        ]
        if found and found.stored_key is not None and found.server_key is not None:
            keys.append(ScramKeys(found.stored_key, found.server_key, None))
        salt, iterations = self._salt(attempt)
        return ScramCredentials(
            attempt.who, salt, iterations, tuple(keys) or (self._decoy(attempt.who),)
        )

    def scram_succeeded(
        self, credentials: ScramCredentials, credential: int | None, protocol: str, peer: str
    ) -> AccountInfo:
        """The account, once the exchange ended in `Success` with `credential`; never blocks.

        Raises AuthFailed where it may not log in all the same (switched off, expired, not for this
        protocol, changed in the meantime), Unavailable.
        """
        attempt = self._attempt(credentials.address, protocol, peer)
        found = attempt.credentials
        proved = {keys.credential: keys.stored_key for keys in credentials.keys}.get(credential)
        if found is not None and proved is not None:
            if credential is None and found.stored_key == proved:
                self._throttle.succeeded(attempt.who, peer, attempt.now)
                return self._admit(attempt, found.account, None)
            for device in found.devices:
                if device.id == credential and device.stored_key == proved:
                    return self._admit(attempt, found.account, device)
        raise self._refused(attempt, "changed-meanwhile")

    def scram_failed(self, credentials: ScramCredentials, protocol: str, peer: str) -> None:
        """The client's proof fitted none: counts as a failed login. Raises Unavailable."""
        self._refused(self._attempt(credentials.address, protocol, peer), "wrong-password")

    def close(self) -> None:
        """Write what is still to be written."""
        self._uses.close()

    # -- one step each --

    def _attempt(self, address: str, protocol: str, peer: str) -> _Attempt:
        return _Attempt(address, self._view.credentials(address), protocol, peer, self._clock())

    def _device(self, credentials: Credentials | None, password: Secret) -> DeviceCredential | None:
        """The device password this is, of this account."""
        text = passwords.device_form(password)
        if text is None:
            return None
        keyed_hash = self._keys.hash_device_password(text)
        for device in credentials.devices if credentials else ():
            if hmac.compare_digest(device.keyed_hash, keyed_hash):
                return device
        return None

    def _admit(
        self, attempt: _Attempt, account: AccountInfo, device: DeviceCredential | None
    ) -> AccountInfo:
        """The password was right; whether it opens this door now. Raises AuthFailed."""
        reason, text = "", ""
        if not account.enabled:
            reason, text = "switched-off", "This account is switched off."
        elif device and device.expires is not None and device.expires <= attempt.now:
            reason, text = "expired", "This device password has expired; make a new one."
        elif device and attempt.protocol not in device.protocols:
            reason = "other-protocol"
            text = f"This device password is not for {attempt.protocol.upper()}."
        self._report(attempt.login(reason, device.id if device else None))
        if reason:
            raise AuthFailed(text, reason=reason)
        if device:
            self._uses.note(device.id, attempt.now)
        return account

    def _refused(self, attempt: _Attempt, reason: str, *, repeated: bool = False) -> AuthFailed:
        """Count and report a failed login; the error to raise."""
        self._throttle.failed(attempt.who, attempt.peer, attempt.now, repeated=repeated)
        self._report(attempt.login(reason))
        return AuthFailed(_WRONG, reason=reason)

    def _wait(self, attempt: _Attempt) -> None:
        seconds = self._throttle.wait(attempt.who, attempt.peer, attempt.now)
        if seconds:
            self._report(attempt.login("throttled"))
            raise Throttled(
                f"Too many failed logins; try again in {seconds} seconds.", retry_after=seconds
            )

    def _name(self, attempt: _Attempt, text: str) -> bytes:
        return self._verdicts.name(attempt.who, attempt.stored_key, text)

    def _salt(self, attempt: _Attempt) -> tuple[bytes, int]:
        if attempt.credentials is not None:
            return attempt.credentials.salt, attempt.credentials.iterations
        return self._keys.made_up("salt\0" + attempt.who)[:SALT_OCTETS], self._iterations

    def _decoy(self, who: str) -> ScramKeys:
        """Keys that no password has; a proof is computed against them like against real ones."""
        return ScramKeys(
            self._keys.made_up("stored\0" + who), self._keys.made_up("server\0" + who), None
        )
