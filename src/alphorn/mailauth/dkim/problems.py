"""Why a signature is not accepted: a table of causes, each with its outcome and its sentence.

Sentences are for the person who asks later what became of a message; `{domain}`, `{selector}` and
`{detail}` are filled in from the signature at hand.
"""

from dataclasses import dataclass

from alphorn.mailauth.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Problem:
    """`code` is a short stable word for programs."""

    code: str
    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem of one signature or key."""

    problem: Problem
    detail: str = ""

    def sentence(self, domain: str, selector: str) -> str:
        return self.problem.text.format(
            domain=domain or "an unnamed domain", selector=selector, detail=self.detail
        )


# -- the signature itself (RFC 6376 §6.1.1) --------------------------------------------------------

MALFORMED = Problem(
    "malformed",
    Outcome.NEUTRAL,
    "The signature of {domain} is not written as the standard demands: {detail}.",
)
INCOMPLETE = Problem(
    "incomplete",
    Outcome.NEUTRAL,
    "The signature of {domain} lacks {detail}=, without which it cannot be checked.",
)
UNKNOWN_VERSION = Problem(
    "unknown-version",
    Outcome.NEUTRAL,
    "The signature of {domain} is of a version of DKIM that is not known ({detail}).",
)
UNKNOWN_KIND = Problem(
    "unknown-kind",
    Outcome.NEUTRAL,
    "The signature of {domain} was made in a way that is not known ({detail}).",
)
OVERSIZED = Problem(
    "oversized",
    Outcome.POLICY,
    "The signature of {domain} was not checked, because {detail}.",
)
SHA1 = Problem(
    "sha1",
    Outcome.POLICY,
    "The signature of {domain} uses SHA-1, which is no longer accepted because it can be forged.",
)
FOREIGN_IDENTITY = Problem(
    "foreign-identity",
    Outcome.PERMERROR,
    "The signature of {domain} speaks for {detail}, which does not belong to that domain.",
)
FROM_UNSIGNED = Problem(
    "from-unsigned",
    Outcome.PERMERROR,
    "The signature of {domain} does not cover the From field, so that it says nothing of the "
    "sender.",
)
CONTRADICTORY_TIMES = Problem(
    "contradictory-times",
    Outcome.PERMERROR,
    "The signature of {domain} says that it ended before it was made.",
)
EXPIRED = Problem(
    "expired",
    Outcome.FAIL,
    "The signature of {domain} has expired {detail}.",
)
FROM_THE_FUTURE = Problem(
    "from-the-future",
    Outcome.POLICY,
    "The signature of {domain} says that it was made in the future; the signer's clock is wrong.",
)

# -- the key (RFC 6376 §6.1.2) ---------------------------------------------------------------------

KEY_UNAVAILABLE = Problem(
    "key-unavailable",
    Outcome.TEMPERROR,
    "The key {selector} of {domain} could not be asked for, because the DNS gave no answer.",
)
KEY_MISSING = Problem(
    "key-missing",
    Outcome.PERMERROR,
    "The domain {domain} publishes no DKIM key {selector}.",
)
KEY_REVOKED = Problem(
    "key-revoked",
    Outcome.PERMERROR,
    "The domain {domain} has revoked its key {selector}.",
)
KEY_MALFORMED = Problem(
    "key-malformed",
    Outcome.PERMERROR,
    "The key {selector} that {domain} publishes cannot be read: {detail}.",
)
KEY_UNSUITABLE = Problem(
    "key-unsuitable",
    Outcome.PERMERROR,
    "The key {selector} that {domain} publishes is not for this signature: {detail}.",
)
KEY_SIZE = Problem(
    "key-size",
    Outcome.POLICY,
    "The key {selector} of {domain} is not accepted: {detail}.",
)

# -- what was signed (RFC 6376 §6.1.3) -------------------------------------------------------------

HEADER_CHANGED = Problem(
    "header-changed",
    Outcome.FAIL,
    "The header was changed after {domain} signed it, or somebody else made the signature.",
)
BODY_CHANGED = Problem(
    "body-changed",
    Outcome.FAIL,
    "The body was changed after {domain} signed it.",
)
BODY_SHORTER = Problem(
    "body-shorter",
    Outcome.FAIL,
    "The body is shorter than what {domain} signed.",
)
PARTLY_SIGNED = Problem(
    "partly-signed",
    Outcome.POLICY,
    "The signature of {domain} holds, but covers only the beginning of the body (l=); {detail} "
    "behind it may come from anybody, so that the signature is not trusted.",
)
