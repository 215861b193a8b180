"""LOGIN (draft-murchison-sasl-login): never a standard, still what some mail programs speak.

Two challenges, "Username:" and "Password:" (the words that old programs look for). An initial
response, which the draft does not know, is taken as the user name, as other servers do.
"""

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
    text_of,
)


class Login:
    __slots__ = ("_identity", "step")

    def __init__(self, nonce: Callable[[], bytes]) -> None:
        self._identity = ""
        self.step: Step = Challenge(b"Username:")

    def respond(self, response: bytes) -> Step:
        if not isinstance(self.step, Challenge):
            raise ValueError("no response is awaited")
        try:
            if self._identity:
                password = text_of(response, MAX_PASSWORD, "password")
                self.step = CheckPassword(self._identity, Secret(password))
            else:
                self._identity = text_of(response, MAX_NAME, "user name")
                self.step = Challenge(b"Password:")
        except Malformed as error:
            self.step = Failure(FailureKind.MALFORMED, str(error), self._identity)
        return self.step

    def found(self, salt: bytes, iterations: int, keys: Sequence[ScramKeys]) -> Step:
        raise ValueError("LOGIN asks for no keys")
