"""SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side, without channel binding.

    client-first    n,,n=user,r=cnonce                -> FindScram
    server-first    r=cnonce+snonce,s=salt,i=4096     <- Challenge
    client-final    c=biws,r=cnonce+snonce,p=proof    -> checked here
    server-final    v=signature                       <- Challenge
    (empty)                                           -> Success

One salt and one iteration count serve all secrets of an account, so that a proof can be made with
its password or with any device password; each candidate is tried in constant time, and all are
tried whichever fits. The password itself never passes here.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence

from alphorn.wire.sasl import base64
from alphorn.wire.sasl.steps import (
    MAX_NAME,
    MAX_RESPONSE,
    Challenge,
    Failure,
    FailureKind,
    FindScram,
    Malformed,
    ScramKeys,
    Step,
    Success,
    stands_for_other,
    text_of,
)

MAX_NONCE = 256
"""Octets of the client's nonce; programs use 16 to 64."""

# RFC 5802 §7: gs2-header, then client-first-message-bare; printable excludes the comma.
_NONCE = rb"[!-+\x2d-~]+"
_CLIENT_FIRST = re.compile(
    rb"(?P<gs2>(?P<flag>n|y|p=[A-Za-z0-9.-]+),(?:a=(?P<authzid>[^,\0]*))?,)"
    rb"(?P<bare>(?P<mandatory>m=[^,\0]*,)?n=(?P<name>[^,\0]*),r=(?P<nonce>" + _NONCE + rb")"
    rb"(?:,[A-Za-z]=[^,\0]*)*)"
)
_CLIENT_FINAL = re.compile(
    rb"(?P<without>c=(?P<binding>[A-Za-z0-9+/=]+),r=(?P<nonce>" + _NONCE + rb")"
    rb"(?:,[A-Za-z]=[^,\0]*)*),p=(?P<proof>[A-Za-z0-9+/=]+)"
)
_ESCAPE = re.compile(rb"=(2C|3D|)")
_WRONG = "The user name or the password is wrong"


class ScramSha256:
    """`nonce` gives the server's part: printable ASCII, no comma, 18 random octets or more."""

    __slots__ = ("_auth_message", "_combined", "_gs2", "_identity", "_keys", "_nonce",
                 "_success", "step")  # fmt: skip

    def __init__(self, nonce: Callable[[], bytes]) -> None:
        self._nonce = nonce
        self._identity = ""
        self._gs2 = b""
        self._combined = b""
        self._auth_message = b""
        self._keys: Sequence[ScramKeys] = ()
        self._success: Success | None = None
        self.step: Step = Challenge(b"")

    def respond(self, response: bytes) -> Step:
        if not isinstance(self.step, Challenge):
            raise ValueError("no response is awaited")
        try:
            if len(response) > MAX_RESPONSE:
                raise Malformed("The message is too long")
            if self._success:
                if response:
                    raise Malformed("Only an empty message may follow the last challenge")
                self.step = self._success
            elif self._combined:
                self.step = self._client_final(response)
            else:
                self.step = self._client_first(response)
        except Malformed as error:
            self.step = Failure(FailureKind.MALFORMED, str(error), self._identity)
        return self.step

    def found(self, salt: bytes, iterations: int, keys: Sequence[ScramKeys]) -> Step:
        if not isinstance(self.step, FindScram):
            raise ValueError("no keys are awaited")
        self._keys = keys
        server_first = b"r=%b,s=%b,i=%d" % (self._combined, base64.encode(salt), iterations)
        self._auth_message += b"," + server_first
        self.step = Challenge(server_first)
        return self.step

    def _client_first(self, message: bytes) -> Step:
        match = _CLIENT_FIRST.fullmatch(message)
        if not match:
            raise Malformed("That is not the first message of SCRAM")
        if match["mandatory"]:
            raise Malformed("A SCRAM extension is asked for that is not offered")
        if match["flag"].startswith(b"p"):
            raise Malformed("Channel binding is not offered")
        if len(match["nonce"]) > MAX_NONCE:
            raise Malformed(f"The nonce is longer than {MAX_NONCE} octets")
        self._identity = _name(match["name"], "user name")
        authzid = _name(match["authzid"], "authorization identity") if match["authzid"] else ""
        if other := stands_for_other(self._identity, authzid):
            return other
        self._gs2 = match["gs2"]
        self._combined = match["nonce"] + self._nonce()
        self._auth_message = match["bare"]
        return FindScram(self._identity)

    def _client_final(self, message: bytes) -> Step:
        match = _CLIENT_FINAL.fullmatch(message)
        if not match:
            raise Malformed("That is not the final message of SCRAM")
        try:
            binding = base64.decode(match["binding"])
            proof = base64.decode(match["proof"])
        except ValueError as error:
            raise Malformed(str(error)) from None
        if binding != self._gs2:
            raise Malformed("The channel binding differs from the first message's")
        if not hmac.compare_digest(match["nonce"], self._combined):
            raise Malformed("The nonce differs from the one given")
        auth_message = self._auth_message + b"," + match["without"]
        winner: ScramKeys | None = None
        for keys in self._keys:
            if _proves(keys.stored_key, auth_message, proof):
                winner = keys
        if winner is None:
            return Failure(FailureKind.CREDENTIALS, _WRONG, self._identity)
        self._success = Success(self._identity, winner.credential)
        signature = hmac.digest(winner.server_key, auth_message, "sha256")
        return Challenge(b"v=" + base64.encode(signature), last=True)


def _proves(stored_key: bytes, auth_message: bytes, proof: bytes) -> bool:
    """RFC 5802 §3: ClientKey := ClientProof XOR ClientSignature; its hash must be StoredKey."""
    signature = hmac.digest(stored_key, auth_message, "sha256")
    if len(proof) != len(signature):
        return False
    client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), stored_key)


def _name(escaped: bytes, what: str) -> str:
    """A saslname: `=2C` is a comma, `=3D` an equals sign, any other `=` an error."""
    if any(match[1] == b"" for match in _ESCAPE.finditer(escaped)):
        raise Malformed(f"The {what} holds a bare equals sign")
    return text_of(escaped.replace(b"=2C", b",").replace(b"=3D", b"="), MAX_NAME, what)
