"""The client's side of SCRAM-SHA-256, written from RFC 5802, for tests."""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode


class Scram:
    """Messages are in base64, as SMTP and IMAP carry them."""

    def __init__(self, user: str, password: str, nonce: str = "") -> None:
        self._bare = (
            f"n={user.replace('=', '=3D').replace(',', '=2C')},r={nonce or secrets.token_hex(12)}"
        )
        self._password = password.encode()
        self._signature = b""

    def first(self) -> str:
        return b64encode(f"n,,{self._bare}".encode()).decode()

    def final(self, challenge: str) -> str:
        server_first = b64decode(challenge).decode()
        fields = dict(field.split("=", 1) for field in server_first.split(","))
        without = f"c=biws,r={fields['r']}"
        text = f"{self._bare},{server_first},{without}".encode()
        salted = hashlib.pbkdf2_hmac(
            "sha256", self._password, b64decode(fields["s"]), int(fields["i"])
        )
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(client_key).digest(), text, "sha256")
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        self._signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), text, "sha256")
        return b64encode(f"{without},p={b64encode(proof).decode()}".encode()).decode()

    def check(self, challenge: str) -> None:
        """The server knows the secret too."""
        assert b64decode(challenge) == b"v=" + b64encode(self._signature)
