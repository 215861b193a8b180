"""A SASL exchange of `wire.sasl`, taken to its end with what the authenticator knows.

For protocols whose sessions run commands as coroutines. What is quick (device passwords, passwords
seen before, SCRAM) is done on the event loop; a slow hash runs in a thread.
"""

from alphorn.base.errors import Refused
from alphorn.directory.values import AccountInfo, LoginProtocol
from alphorn.operations.authenticate import Authenticator, AuthFailed, ScramCredentials
from alphorn.servers.connection import IO
from alphorn.wire.sasl.steps import (
    Challenge,
    CheckPassword,
    Exchange,
    Failure,
    FailureKind,
    FindScram,
    Success,
)


class Unusable(Refused):
    """The client misused the mechanism: nothing was tried, and it counts as no failed login."""

    code = "sasl"


class Dialog:
    """One exchange. `final` is what the mechanism says with its success, None for nothing."""

    __slots__ = ("_authenticator", "_exchange", "_io", "_protocol", "_scram", "final")

    def __init__(
        self, exchange: Exchange, authenticator: Authenticator, protocol: LoginProtocol, io: IO
    ) -> None:
        self.final: bytes | None = None
        self._exchange = exchange
        self._authenticator = authenticator
        self._protocol = protocol
        self._io = io
        self._scram: ScramCredentials | None = None

    async def respond(self, data: bytes) -> bytes | AccountInfo:
        """Take the client's answer to the last challenge; as `advance`."""
        self._exchange.respond(data)
        return await self.advance()

    async def advance(self) -> bytes | AccountInfo:
        """The next challenge, or who has logged in. Raises AuthFailed, Throttled, Unavailable,
        Unusable."""
        authenticator, protocol, peer = self._authenticator, self._protocol, self._io.peer.address
        while True:
            match self._exchange.step:
                case Challenge(data, last):
                    if not last:
                        return data
                    self.final = data
                    self._exchange.respond(b"")
                case FindScram(username):
                    self._scram = found = authenticator.scram(username, protocol, peer)
                    self._exchange.found(found.salt, found.iterations, found.keys)
                case CheckPassword(identity, password):
                    account = authenticator.password_fast(identity, password, protocol, peer)
                    if account is None:
                        account = await self._io.run_long(
                            authenticator.password, identity, password, protocol, peer
                        )
                    return account
                case Success(_, credential):
                    assert self._scram is not None
                    return authenticator.scram_succeeded(self._scram, credential, protocol, peer)
                case Failure(kind, text):
                    raise self._failed(kind, text)

    def _failed(self, kind: FailureKind, text: str) -> Refused:
        if kind is not FailureKind.CREDENTIALS:
            return Unusable(text)
        if self._scram is not None:
            self._authenticator.scram_failed(self._scram, self._protocol, self._io.peer.address)
        return AuthFailed(text, reason="wrong-password")
