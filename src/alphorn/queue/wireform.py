"""A message as SMTP carries it, and the parameters of MAIL and RCPT for it. Pure functions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from alphorn.message.envelope import Body, EnvelopeRecipient
from alphorn.message.line_ends import with_crlf
from alphorn.queue.bound import domain_of
from alphorn.queue.values import QueuedMessage, Reply, ours

_MAILBOX = re.compile(
    r'(?:"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"|[^\s<>"\x00-\x1f\x7f]+)@[^\s<>"@\x00-\x1f\x7f]+'
)


def body_for_wire(raw: bytes) -> bytes:
    """The message after DATA: CRLF line ends only, dots doubled, and the end (RFC 5321 §4.5.2).

    What came in over SMTP has CRLF only; this holds for whatever else is queued too, as some
    servers take a bare CR or LF for a line end, and a message could end where we do not think it
    does (docs/adr/0010-line-ends.md).
    """
    raw = with_crlf(raw)
    stuffed = raw.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    return stuffed + (b".\r\n" if stuffed else b"\r\n.\r\n")


@dataclass(frozen=True, slots=True)
class Features:
    """What a server said in reply to EHLO. `size` is its limit in octets, 0 for none known."""

    size: int | None
    eight_bit: bool
    smtputf8: bool
    dsn: bool

    @staticmethod
    def of(extensions: Mapping[str, str]) -> "Features":
        """From keywords in lower case and their parameters."""
        size = extensions.get("size")
        return Features(
            size=None if size is None else int(size) if size.isascii() and size.isdigit() else 0,
            eight_bit="8bitmime" in extensions,
            smtputf8="smtputf8" in extensions,
            dsn="dsn" in extensions,
        )


def obstacle(features: Features, message: QueuedMessage) -> Reply | None:
    """Why the message cannot go through a server with these features, or None.

    A message with octets above 127 goes even where 8BITMIME is not offered: no server has cleared
    the eighth bit for decades, and to encode it anew would break its signatures.
    """
    sender = message.envelope.sender
    if sender and not _MAILBOX.fullmatch(sender):
        return ours(553, "5.1.7", "The sender's address is not one that can be written.")
    if features.size and message.size > features.size:
        return ours(
            552,
            "5.3.4",
            f"The message has {message.size} octets; this server takes at most {features.size}.",
        )
    if message.utf8_header and message.envelope.smtputf8 and not features.smtputf8:
        return ours(
            550,
            "5.6.7",
            "The message has international characters in its header, which this server cannot "
            "handle (SMTPUTF8).",
        )
    if not features.smtputf8 and not _local(sender).isascii():
        return _needs_utf8("sender's address")
    return None


def recipient_obstacle(features: Features, address: str) -> Reply | None:
    """The same for one recipient."""
    if not _MAILBOX.fullmatch(address):
        return ours(553, "5.1.3", "The address is not one that can be sent to.")
    if not features.smtputf8 and not _local(address).isascii():
        return _needs_utf8("address")
    return None


def _needs_utf8(what: str) -> Reply:
    return ours(
        550,
        "5.6.7",
        f"The {what} has international characters before the @, which this server cannot handle "
        "(SMTPUTF8).",
    )


def mail_command(features: Features, message: QueuedMessage) -> bytes:
    """MAIL FROM with what the server understands of SIZE, BODY, SMTPUTF8 and DSN."""
    envelope = message.envelope
    words = [f"FROM:<{_written(features, envelope.sender) if envelope.sender else ''}>"]
    if features.size is not None:
        words.append(f"SIZE={message.size}")
    if features.eight_bit and (message.eight_bit or envelope.body is Body.EIGHT_BIT):
        words.append(f"BODY={Body.EIGHT_BIT.value}")
    if features.smtputf8 and envelope.smtputf8:
        words.append("SMTPUTF8")
    if features.dsn:
        if envelope.ret:
            words.append(f"RET={envelope.ret}")
        if envelope.envid:
            words.append(f"ENVID={envelope.envid}")
    return " ".join(words).encode()


def recipient_command(features: Features, recipient: EnvelopeRecipient, sender: str) -> bytes:
    """RCPT TO with what the server understands of DSN.

    A report must not lead to another: with the null sender nothing is to be reported
    (RFC 3461 §6.1).
    """
    words = [f"TO:<{_written(features, recipient.address)}>"]
    if features.dsn:
        if not sender:
            words.append("NOTIFY=NEVER")
        elif recipient.notify:
            names = sorted(word.value for word in recipient.notify)
            words.append("NOTIFY=" + ",".join(names))
        if recipient.original and (features.smtputf8 or recipient.original.isascii()):
            words.append(f"ORCPT={recipient.original}")
    return " ".join(words).encode()


def _local(address: str) -> str:
    return address.rpartition("@")[0]


def _written(features: Features, address: str) -> str:
    """The address as this server can read it: its domain as A-labels without SMTPUTF8."""
    if features.smtputf8 or address.isascii():
        return address
    return f"{_local(address)}@{domain_of(address)}"
