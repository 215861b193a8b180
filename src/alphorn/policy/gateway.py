"""Whether a certificate is the one by which a gateway is recognized. Pure functions.

That the certificate is genuine (issued by the gateway's own authority, valid now) has been seen to
by TLS; here it is asked whose it is. `clients` of a gateway are, one of them is enough:

    `gw.hin.test`      the certificate is for this name: among its DNS names, or, where it has none,
                       its common name, as certificates for clients often are made
    `sha256:0a1b…`     exactly this certificate, by the digest of its DER form in hexadecimal
    `any`              whatever certificate the gateway's authority issued

No wildcards: neither does `*.hin.test` in a certificate stand for a client, nor here.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

ANY = "any"
DIGEST = "sha256:"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NAME = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a client showed: `names` are the DNS names in its certificate, `common_name` its
    subject's, both as written, `digest` the SHA-256 of its DER form in lower case."""

    names: tuple[str, ...]
    common_name: str
    digest: str


def recognizes(clients: Collection[str], shown: Shown) -> bool:
    """Whether the certificate is that of one of these clients."""
    if ANY in clients or f"{DIGEST}{shown.digest}" in clients:
        return True
    names = shown.names or (shown.common_name,)
    return any(name.lower() in clients for name in names if name)


def read_client(text: str) -> str:
    """A client as it is stored: in lower case, a digest without colons between its octets. Raises
    ValueError with a sentence."""
    word = text.strip().lower()
    if word == ANY:
        return word
    if word.startswith(DIGEST):
        word = DIGEST + word.removeprefix(DIGEST).replace(":", "")
        if _DIGEST.fullmatch(word):
            return word
        raise ValueError(f"{text!r} is no SHA-256 digest: {DIGEST} and 64 hexadecimal digits")
    if _NAME.fullmatch(word):
        return word
    raise ValueError(
        f"{text!r} is neither a name in a certificate, such as gw.example.org, nor a digest"
        f" ({DIGEST}…), nor {ANY!r}"
    )
