"""What a check of SPF came to."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Spf(StrEnum):
    """RFC 7208 §2.6, as written in header fields (RFC 8601 §2.7.2)."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


Identity = Literal["mailfrom", "helo"]


@dataclass(frozen=True, slots=True)
class SpfResult:
    """`domain` is the one whose record was checked, as A-labels in lower case where it is a name;
    `ip` the client's address, IPv4-mapped ones as IPv4.

    `mechanism` is the term that decided, as published but for its qualifier, "default" where none
    matched, "" where none was come to. `explanation` is the owner's own text for a FAIL (`exp=`,
    RFC 7208 §6.2): printable ASCII of at most `explanation.MAX_TEXT` characters, foreign words to
    be shown as such. `problem` says for PERMERROR what is wrong with whose record and who can
    repair it, for TEMPERROR what the DNS did not answer; "" else.
    """

    result: Spf
    domain: str
    identity: Identity
    ip: str
    mechanism: str = ""
    explanation: str = ""
    problem: str = ""
