"""What a check of authentication came to, in the words of RFC 8601 §2.7.

SPF has words of its own (RFC 8601 §2.7.2).
"""

from enum import StrEnum


class Outcome(StrEnum):
    """For DKIM, ARC and DMARC; the values stand as they are in Authentication-Results."""

    NONE = "none"
    """There is nothing to check."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"

    NEUTRAL = "neutral"
    """There is something, and its syntax or its kind keeps us from saying anything about it."""

    POLICY = "policy"
    """It holds by the standard; it is not accepted by a rule of ours."""

    TEMPERROR = "temperror"
    """It could not be checked now; later it may be (the DNS does not answer)."""

    PERMERROR = "permerror"
    """It cannot be checked, now or later (a field that says contradictory things, no key)."""
