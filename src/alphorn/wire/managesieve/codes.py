"""Response codes (RFC 5804 §1.3): those that we send; they stand in parentheses after the status.

A code is bytes without the parentheses, as `render` takes it. What is below another code (QUOTA/…)
is for clients that know only the upper one the same.
"""

from alphorn.wire.managesieve.strings import string
from alphorn.wire.sasl import base64

ACTIVE = b"ACTIVE"
ALREADYEXISTS = b"ALREADYEXISTS"
AUTH_TOO_WEAK = b"AUTH-TOO-WEAK"
ENCRYPT_NEEDED = b"ENCRYPT-NEEDED"
NONEXISTENT = b"NONEXISTENT"
QUOTA = b"QUOTA"
QUOTA_MAXSCRIPTS = b"QUOTA/MAXSCRIPTS"
QUOTA_MAXSIZE = b"QUOTA/MAXSIZE"
TRYLATER = b"TRYLATER"
WARNINGS = b"WARNINGS"


def sasl(data: bytes) -> bytes:
    """What the mechanism says with its success (RFC 4422 §3.6)."""
    return b"SASL " + string(base64.encode(data))


def tag(text: str) -> bytes:
    """The answer to NOOP with a tag (RFC 5804 §2.13)."""
    return b"TAG " + string(text)
