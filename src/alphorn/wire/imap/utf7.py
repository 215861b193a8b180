"""Mailbox names in modified UTF-7 (RFC 3501 §5.1.3).

`encode` writes the one canonical form; `decode` takes only that form, so that two different
spellings never mean the same mailbox.
"""

import re
from binascii import Error, a2b_base64, b2a_base64
from functools import lru_cache

_TO_ENCODE = re.compile(r"[^ -~]+|&")
_ENCODED = re.compile(r"&([A-Za-z0-9+,]*)-|&")
_PLAIN = re.compile(r"[ -%'-~]*")


@lru_cache(maxsize=4096)
def encode(name: str) -> str:
    """The name in printable ASCII. Raises ValueError for a lone surrogate."""
    if _PLAIN.fullmatch(name):
        return name
    return _TO_ENCODE.sub(_encode_run, name)


def decode(text: str) -> str:
    """The name. Raises ValueError for what `encode` would not have written."""
    if "&" not in text:
        if not _PLAIN.fullmatch(text):
            raise ValueError("not printable ASCII")
        return text
    name = _ENCODED.sub(_decode_run, text)
    if encode(name) != text:
        raise ValueError("not canonical modified UTF-7")
    return name


def _encode_run(match: re.Match[str]) -> str:
    run = match[0]
    if run == "&":
        return "&-"
    coded = b2a_base64(run.encode("utf-16-be"), newline=False).rstrip(b"=").replace(b"/", b",")
    return f"&{coded.decode('ascii')}-"


def _decode_run(match: re.Match[str]) -> str:
    coded = match[1]
    if coded is None:
        raise ValueError("unterminated shift")
    if not coded:
        return "&"
    padded = coded.replace(",", "/") + "=" * (-len(coded) % 4)
    try:
        return a2b_base64(padded).decode("utf-16-be")
    except Error as error:
        raise ValueError("bad base64 in shift") from error
