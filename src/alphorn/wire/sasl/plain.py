"""PLAIN (RFC 4616): one message `authzid NUL authcid NUL password`."""

from collections.abc import Callable, Sequence

from alphorn.base.secret import Secret
from alphorn.wire.sasl.steps import (
    MAX_NAME,
    MAX_PASSWORD,
    Challenge,
    CheckPassword,
    Failure,
    FailureKind,
    Malformed,
    ScramKeys,
    Step,
    stands_for_other,
    text_of,
)


class Plain:
    """Where the client sends no initial response, it is asked for with an empty challenge."""

    __slots__ = ("step",)

    def __init__(self, nonce: Callable[[], bytes]) -> None:
        self.step: Step = Challenge(b"")

    def respond(self, response: bytes) -> Step:
        if not isinstance(self.step, Challenge):
            raise ValueError("no response is awaited")
        self.step = _read(response)
        return self.step

    def found(self, salt: bytes, iterations: int, keys: Sequence[ScramKeys]) -> Step:
        raise ValueError("PLAIN asks for no keys")


def _read(message: bytes) -> Step:
    try:
        fields = message.split(b"\0")
        if len(fields) != 3:
            raise Malformed("PLAIN takes an identity, a user name and a password with NULs between")
        authzid = text_of(fields[0], MAX_NAME, "authorization identity") if fields[0] else ""
        identity = text_of(fields[1], MAX_NAME, "user name")
        password = text_of(fields[2], MAX_PASSWORD, "password")
    except Malformed as error:
        return Failure(FailureKind.MALFORMED, str(error))
    return stands_for_other(identity, authzid) or CheckPassword(identity, Secret(password))
