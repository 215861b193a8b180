"""Which header fields a signature covers, and how they are picked (RFC 6376 §5.4).

A field that is signed once more often than it occurs ("oversigned", §5.4.2) cannot be added by
somebody on the way without breaking the signature: whoever replays a signed message cannot give it
another Subject or a second From.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

MAX_INSTANCES = 20
"""Of one field, counted from the bottom; a message with more is not one that we wrote."""


class Cover(Enum):
    """How often a field's name stands in `h=`."""

    ALWAYS = "always"  # each instance and one more, even where there is none
    PRESENT = "present"  # each instance and one more, where there is one
    EACH = "each"  # each instance: others on the way (mailing lists) may add theirs


@dataclass(frozen=True, slots=True)
class SignedField:
    name: str
    cover: Cover


SIGNED_FIELDS = (
    SignedField("From", Cover.ALWAYS),
    SignedField("Subject", Cover.ALWAYS),
    SignedField("To", Cover.ALWAYS),
    SignedField("Cc", Cover.ALWAYS),
    SignedField("Date", Cover.ALWAYS),
    SignedField("Reply-To", Cover.ALWAYS),
    SignedField("Message-ID", Cover.PRESENT),
    SignedField("Sender", Cover.PRESENT),
    SignedField("In-Reply-To", Cover.PRESENT),
    SignedField("References", Cover.PRESENT),
    SignedField("MIME-Version", Cover.PRESENT),
    SignedField("Content-Type", Cover.PRESENT),
    SignedField("Content-Transfer-Encoding", Cover.PRESENT),
    SignedField("Content-Disposition", Cover.PRESENT),
    SignedField("Content-Language", Cover.EACH),
    SignedField("Resent-From", Cover.EACH),
    SignedField("Resent-Sender", Cover.EACH),
    SignedField("Resent-To", Cover.EACH),
    SignedField("Resent-Cc", Cover.EACH),
    SignedField("Resent-Date", Cover.EACH),
    SignedField("Resent-Message-ID", Cover.EACH),
    SignedField("List-Id", Cover.EACH),
    SignedField("List-Post", Cover.EACH),
    SignedField("List-Help", Cover.EACH),
    SignedField("List-Owner", Cover.EACH),
    SignedField("List-Archive", Cover.EACH),
    SignedField("List-Subscribe", Cover.EACH),
    SignedField("List-Unsubscribe", Cover.EACH),
    SignedField("List-Unsubscribe-Post", Cover.EACH),
    SignedField("Feedback-ID", Cover.EACH),
    SignedField("Auto-Submitted", Cover.EACH),
    SignedField("Autocrypt", Cover.EACH),
)


def names_to_sign(fields: Iterable[bytes]) -> list[str]:
    """The value of `h=` for a message with these fields, in the order of the table."""
    counts: dict[bytes, int] = {}
    for field in fields:
        name = field_name(field)
        counts[name] = counts.get(name, 0) + 1
    names: list[str] = []
    for row in SIGNED_FIELDS:
        count = min(counts.get(row.name.lower().encode(), 0), MAX_INSTANCES)
        once_more = row.cover is Cover.ALWAYS or (row.cover is Cover.PRESENT and count > 0)
        names += [row.name] * (count + once_more)
    return names


def select(fields: Sequence[bytes], names: Iterable[str]) -> list[bytes]:
    """The fields that `names` (an `h=`) stands for, in that order, each used once from the bottom
    up; a name without a field left stands for nothing (RFC 6376 §5.4.2)."""
    left: dict[bytes, list[bytes]] = {}
    for field in fields:
        left.setdefault(field_name(field), []).append(field)
    chosen = []
    for name in names:
        instances = left.get(name.lower().encode())
        if instances:
            chosen.append(instances.pop())
    return chosen


def field_name(field: bytes) -> bytes:
    """In lower case; "" for a line that is no field."""
    name, colon, _ = field.partition(b":")
    return name.rstrip(b" \t").lower() if colon else b""
