"""A signer for tests that puts any tags together, right or wrong, and signs what comes of it."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from alphorn.mailauth.dkim.canonical import (
    relaxed_body,
    relaxed_field,
    simple_body,
    simple_field,
    split,
    split_fields,
)
from alphorn.mailauth.dkim.fields import select

NOW = 1_700_000_000
DOMAIN = "example.test"
MESSAGE = (
    b"Received: from there\r\n"
    b"From: Anna <anna@example.test>\r\n"
    b"To: Bert <bert@remote.test>\r\n"
    b"Subject: A long\r\n\tsubject \t folded  \r\n"
    b"Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
    b"Message-ID: <1@example.test>\r\n"
    b"\r\n"
    b"Hello  Bert,\t \r\n\r\nthis is it. \r\n\r\n\r\n"
)


@dataclass(frozen=True)
class Key:
    private: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    selector: str

    @property
    def algorithm(self) -> str:
        return "rsa-sha256" if isinstance(self.private, rsa.RSAPrivateKey) else "ed25519-sha256"

    @property
    def p(self) -> str:
        """What stands in the key record."""
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            return spki(public)
        return base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    @property
    def record(self) -> bytes:
        return f"v=DKIM1; k={self.algorithm.partition('-')[0]}; p={self.p}".encode()

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(data, PKCS1v15(), SHA256())
        return self.private.sign(sha256(data).digest())


def spki(public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def signed(
    key: Key,
    message: bytes = MESSAGE,
    *,
    c: str = "relaxed/relaxed",
    h: str = "From:To:Subject:Date",
    changes: Mapping[str, str | None] | None = None,
) -> bytes:
    """The message under a signature. `changes` are made to the tags before it is signed: another
    value, a further tag, or None for none. With `l` the hash is of so many octets."""
    header, body = split(message)
    relaxed_header, _, how = c.partition("/")
    canonical = relaxed_field if relaxed_header == "relaxed" else simple_field
    hashed = relaxed_body(body) if how == "relaxed" else simple_body(body)
    tags: dict[str, str | None] = {
        "v": "1",
        "a": key.algorithm,
        "c": c,
        "d": DOMAIN,
        "s": key.selector,
        "h": h,
    }
    tags |= changes or {}
    length = tags.get("l")
    if length is not None and length.isdecimal():
        hashed = hashed[: int(length)]
    tags.setdefault("bh", base64.b64encode(sha256(hashed).digest()).decode())
    text = "; ".join(f"{name}={value}" for name, value in tags.items() if value is not None)
    field = f"DKIM-Signature: {text};\r\n b=".encode()
    names = [name.strip() for name in (tags["h"] or "").split(":")]
    data = b"".join(
        canonical(each) + b"\r\n" for each in select(split_fields(header), filter(None, names))
    )
    value = base64.b64encode(key.sign(data + canonical(field)))
    return field + value + b"\r\n" + message
