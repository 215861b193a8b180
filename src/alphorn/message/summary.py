"""What is computed once, when a message arrives, and stored in the form it is sent in.

`Summary` is the contract between the parser and the store; `summarize` makes one.
"""

from typing import NamedTuple


class Summary(NamedTuple):
    """Everything that listing, fetching parts and sorting need, without reading the message again.

    `envelope` and `structure` are the IMAP syntax of ENVELOPE and BODYSTRUCTURE (RFC 9051 §7.5.2),
    parentheses included, valid for IMAP4rev1 clients (7-bit; encoded words left as they came).
    `parts` packs the part tree's offsets (`alphorn.message.offsets` reads it): a client's
    BODY[2.1]<0.1000> is then a slice. `thread_keys` are Message-IDs (own first, then In-Reply-To
    and References) that join a message to a thread; they and `message_id` stand without angle
    brackets. `subject` is decoded; `base_subject` is RFC 5256 §2.1's, folded.

    `sent` is the Date field in seconds UTC, or None; `sent_day` is the day it names in its own
    zone, as days since 1970-01-01 (SENTON and its kin disregard the zone).
    Sort keys are folded (`alphorn.message.collate.fold`), so that comparing them as they are
    compares without case: the mailbox names of RFC 5256 §3, and the names to show of RFC 5957.

    A tuple, because each message that arrives makes three.
    """

    size: int
    header_size: int
    envelope: bytes
    structure: bytes
    parts: bytes
    message_id: str
    thread_keys: tuple[str, ...]
    subject: str
    base_subject: str
    sent: int | None
    sort_from: str
    sort_to: str
    sort_cc: str
    preview: str
    has_attachment: bool
    sent_day: int | None = None
    sort_display_from: str = ""
    sort_display_to: str = ""
