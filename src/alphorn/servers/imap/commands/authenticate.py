"""AUTHENTICATE (RFC 9051 §6.2.2, RFC 4959): the SASL room's exchanges in IMAP's clothes."""

from collections.abc import Coroutine
from typing import Any

from alphorn.operations.authenticate import AuthFailed, ScramCredentials, Throttled
from alphorn.servers.imap.commands.login import PROTOCOL, admit, refuse, with_password
from alphorn.servers.imap.failures import Bad, No
from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.session import ImapSession
from alphorn.wire.imap import render
from alphorn.wire.imap.commands import Authenticate
from alphorn.wire.sasl import mechanisms
from alphorn.wire.sasl.steps import (
    Challenge,
    CheckPassword,
    Exchange,
    Failure,
    FailureKind,
    FindScram,
    Success,
)

Next = Outcome | Coroutine[Any, Any, Outcome]


def authenticate(session: ImapSession, command: Authenticate, tag: bytes) -> Next:
    exchange = mechanisms.begin(command.mechanism, command.initial)
    if exchange is None:
        raise No("No such mechanism", b"CANNOT")
    session.dialog = Dialog(tag, exchange)
    return session.dialog.advance(session)


class Dialog:
    """An authentication that waits for the client. `tag` is AUTHENTICATE's."""

    __slots__ = ("_exchange", "_scram", "tag")

    def __init__(self, tag: bytes, exchange: Exchange) -> None:
        self.tag = tag
        self._exchange = exchange
        self._scram: ScramCredentials | None = None

    def respond(self, session: ImapSession, data: bytes | None) -> Next:
        """The client's answer to the last challenge; None: it gives up."""
        if data is None:
            raise Bad("Authentication cancelled")
        self._exchange.respond(data)
        return self.advance(session)

    def advance(self, session: ImapSession) -> Next:
        """Do what the exchange asks for, until it waits for the client or is over."""
        authenticator = session.service.authenticator
        peer = session.io.peer.address
        match self._exchange.step:
            case Challenge(data):
                session.send(render.challenge(data))
                return None
            case FindScram(username):
                try:
                    self._scram = found = authenticator.scram(username, PROTOCOL, peer)
                except Throttled as error:
                    return refuse(session, error)
                self._exchange.found(found.salt, found.iterations, found.keys)
                return self.advance(session)
            case CheckPassword(identity, password):
                return with_password(session, identity, password)
            case Success(_, credential):
                assert self._scram is not None
                try:
                    account = authenticator.scram_succeeded(self._scram, credential, PROTOCOL, peer)
                except AuthFailed as error:
                    return refuse(session, error)
                return admit(session, account)
            case Failure(kind, text):
                return self._failed(session, kind, text)

    def _failed(self, session: ImapSession, kind: FailureKind, text: str) -> Next:
        match kind:
            case FailureKind.MALFORMED:
                raise Bad(text)
            case FailureKind.AUTHORIZATION:
                raise No(text, b"AUTHORIZATIONFAILED")
            case FailureKind.CREDENTIALS:
                if self._scram is not None:
                    session.service.authenticator.scram_failed(
                        self._scram, PROTOCOL, session.io.peer.address
                    )
                return refuse(session, AuthFailed(text, reason="wrong-password"))
