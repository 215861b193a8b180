"""Making DKIM signatures (RFC 6376 §5, RFC 8463 §3): relaxed/relaxed, SHA-256.

`sign` is a function of its arguments: both algorithms are deterministic, so that the same message,
key and time give the same octets.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from alphorn.base.errors import Refused
from alphorn.mailauth.dkim.canonical import relaxed_body, relaxed_field, split, split_fields
from alphorn.mailauth.dkim.fields import names_to_sign, select
from alphorn.mailauth.dkim.keys import SigningKey, algorithm_of, load

LINE = 76
"""The longest line of the field, but for a domain or selector that is longer."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_PADDING = PKCS1v15()
_SHA256 = SHA256()


def sign(raw: bytes, keys: Sequence[SigningKey], now: int, lifetime: int | None = None) -> bytes:
    """A DKIM-Signature field for each key, each with its CRLF, to stand before the message.

    `now` is seconds UTC for `t=`; `lifetime` in seconds adds `x=`. `raw` has CRLF line ends and is
    what will leave the machine: whoever changes it afterwards breaks the signature. Raises
    `Refused` (code "dkim-key") for a key that cannot be used.
    """
    if not keys:
        return b""
    header, body = split(raw)
    fields = split_fields(header)
    names = names_to_sign(fields)
    signed = b"".join(relaxed_field(field) + b"\r\n" for field in select(fields, names))
    body_hash = b64encode(sha256(relaxed_body(body)).digest()).decode()
    return b"".join(_field(key, names, body_hash, signed, now, lifetime) for key in keys)


def _field(
    key: SigningKey,
    names: Sequence[str],
    body_hash: str,
    signed: bytes,
    now: int,
    lifetime: int | None,
) -> bytes:
    check_names(key)
    tags = [
        "v=1;",
        f"a={algorithm_of(key.private_key_der).value};",
        "c=relaxed/relaxed;",
        f"d={key.domain};",
        f"s={key.selector};",
        f"t={now};",
    ]
    if lifetime is not None:
        tags.append(f"x={now + lifetime};")
    unsigned = "".join(
        (
            folded("DKIM-Signature:", tags, " "),
            folded("\r\n\th=", [f"{name}:" for name in names[:-1]] + [f"{names[-1]};"], ""),
            f"\r\n\tbh={body_hash};",
            "\r\n\tb=",
        )
    ).encode("ascii")
    value = signature_over(key.private_key_der, signed + relaxed_field(unsigned))
    pieces = [value[at : at + LINE - 4] for at in range(0, len(value), LINE - 4)]
    return unsigned + "\r\n\t ".join(pieces).encode() + b"\r\n"


def check_names(key: SigningKey) -> None:
    """Raises `Refused` (code "dkim-key") for a domain or selector that could add tags."""
    for name in (key.domain, key.selector):
        if not _NAME.fullmatch(name):
            raise Refused(f"{name!r} cannot stand in a DKIM signature.", code="dkim-key")


def signature_over(private_key_der: bytes, data: bytes) -> str:
    """In base64. Raises as `keys.load` does."""
    key = load(private_key_der)
    if isinstance(key, Ed25519PrivateKey):
        # RFC 8463 §3: what is signed is the hash, by PureEdDSA.
        return b64encode(key.sign(sha256(data).digest())).decode()
    return b64encode(key.sign(data, _PADDING, _SHA256)).decode()


def folded(start: str, words: Sequence[str], glue: str) -> str:
    """`start` and the words after it, on lines of `LINE` characters, folded before a word."""
    lines = [start]
    for word in words:
        if len(lines[-1].lstrip("\r\n")) + len(glue) + len(word) > LINE:
            lines.append(f"\t {word}" if glue == "" else f"\t{word}")
        else:
            lines[-1] += glue + word
    return "\r\n".join(lines)
