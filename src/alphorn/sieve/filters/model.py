"""What a filter is: a name, whether it is on, conditions and actions.

Filters run one after the other, in their order. Each that is on and whose conditions hold does its
actions, and unless one of these stops, the next follows. A message that none of them moves,
deletes, refuses or sends on without a copy stays where it would be without filters.

Everything is compared without regard to case. The order of a filter's actions has no meaning, but
flags hold for what is filed from there on: also by later filters, not by earlier ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Match(Enum):
    """When a filter acts: where all of its conditions hold, or any of them, or always."""

    ALL = "all"
    ANY = "any"
    EVERY = "every"


class Field(Enum):
    """What a condition looks at."""

    FROM = "from"
    TO = "to"
    CC = "cc"
    RECIPIENT = "recipient"
    """To or Cc."""
    SUBJECT = "subject"
    HEADER = "header"
    """The header field that the condition names."""
    BODY = "body"
    """The text of all text parts."""
    SIZE = "size"
    ATTACHMENT = "attachment"
    """A part that says that it is one (RFC 2183 §2.2)."""
    LIST = "list"
    """The identifier of a mailing list, without angle brackets (RFC 2919)."""
    DATE = "date"
    """The day on which it is received, in the owner's time zone."""
    WEEKDAY = "weekday"
    TIME = "time"
    SENDER = "envelope-from"
    """The envelope's, where failures are reported to."""
    ADDRESSEE = "envelope-to"
    """The address that it was sent to."""
    DETAIL = "detail"
    """What stands behind the plus in that address (RFC 5233)."""
    SPAM = "spam"
    """How certainly it is spam, in percent."""


class How(Enum):
    """How values are compared; where there are several, one of them is enough."""

    IS = "is"
    CONTAINS = "contains"
    STARTS = "starts"
    ENDS = "ends"
    MATCHES = "matches"
    """With `*` for any text and `?` for any character; behind a backslash they are themselves."""
    REGEX = "regex"
    """A POSIX extended regular expression, anywhere in the value."""
    EXISTS = "exists"
    OVER = "over"
    UNDER = "under"
    BEFORE = "before"
    ON = "on"
    AFTER = "after"
    BETWEEN = "between"
    """From the first time on, and before the second; over midnight where that is the earlier."""


class Kind(Enum):
    """What values are, and how they are written."""

    TEXT = "a text"
    ADDRESS = "an address, or a part of one"
    LIST = "the identifier of a list"
    OCTETS = "a number of octets"
    DAY = "a day such as 2030-12-31"
    WEEKDAY = "a day of the week"
    TIME = "a time such as 08:30"
    PERCENT = "a number between 1 and 100"
    NONE = "nothing"


TEXTUAL = (How.IS, How.CONTAINS, How.STARTS, How.ENDS, How.MATCHES, How.REGEX)


@dataclass(frozen=True, slots=True)
class Row:
    """What can be asked of a field: how, and with which values."""

    hows: tuple[How, ...]
    kind: Kind


FIELDS: Mapping[Field, Row] = {
    Field.FROM: Row((*TEXTUAL, How.EXISTS), Kind.ADDRESS),
    Field.TO: Row((*TEXTUAL, How.EXISTS), Kind.ADDRESS),
    Field.CC: Row((*TEXTUAL, How.EXISTS), Kind.ADDRESS),
    Field.RECIPIENT: Row(TEXTUAL, Kind.ADDRESS),
    Field.SUBJECT: Row((*TEXTUAL, How.EXISTS), Kind.TEXT),
    Field.HEADER: Row((*TEXTUAL, How.EXISTS), Kind.TEXT),
    Field.BODY: Row(TEXTUAL, Kind.TEXT),
    Field.SIZE: Row((How.OVER, How.UNDER), Kind.OCTETS),
    Field.ATTACHMENT: Row((How.EXISTS,), Kind.NONE),
    Field.LIST: Row((How.EXISTS, How.IS, How.CONTAINS, How.STARTS, How.ENDS), Kind.LIST),
    Field.DATE: Row((How.BEFORE, How.ON, How.AFTER), Kind.DAY),
    Field.WEEKDAY: Row((How.IS,), Kind.WEEKDAY),
    Field.TIME: Row((How.BETWEEN,), Kind.TIME),
    Field.SENDER: Row(TEXTUAL, Kind.ADDRESS),
    Field.ADDRESSEE: Row(TEXTUAL, Kind.ADDRESS),
    Field.DETAIL: Row(TEXTUAL, Kind.TEXT),
    Field.SPAM: Row((How.OVER, How.UNDER), Kind.PERCENT),
}

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""As values of conditions; their position is their number in Sieve (RFC 5260 §4.2)."""

FLAGGED = "\\Flagged"
INBOX = "INBOX"


@dataclass(frozen=True, slots=True)
class Condition:
    """`values` are texts, written as the field's `Kind` says; none for `EXISTS`, two for `BETWEEN`.
    `header` is the name of a header field, "" unless the field is `HEADER`.

    For addresses, `CONTAINS` looks at the whole field with the names of people in it, everything
    else at each address alone.
    """

    field: Field
    how: How
    values: tuple[str, ...] = ()
    header: str = ""
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """Into this mailbox, made where it is missing and `create`; INBOX keeps it in the inbox."""

    mailbox: str
    create: bool = True


@dataclass(frozen=True, slots=True)
class CopyTo:
    """Into this mailbox as well."""

    mailbox: str
    create: bool = True


@dataclass(frozen=True, slots=True)
class Flag:
    """`FLAGGED`, or a keyword."""

    flag: str = FLAGGED


@dataclass(frozen=True, slots=True)
class MarkRead:
    """As if it had been read."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """On to another address; `keep` leaves it here too."""

    address: str
    keep: bool = True


@dataclass(frozen=True, slots=True)
class Reject:
    """Refused with a text for its sender. Alone in its filter, and no filter behind it runs."""

    text: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Into the trash, or `for_good`."""

    for_good: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """No filter behind this one runs, nor the owner's script."""


Action = Move | CopyTo | Flag | MarkRead | Redirect | Reject | Delete | Stop


@dataclass(frozen=True, slots=True)
class Filter:
    """`conditions` is empty exactly where `match` is `EVERY`; there is at least one action."""

    name: str
    match: Match
    conditions: tuple[Condition, ...]
    actions: tuple[Action, ...]
    on: bool = True
