"""Trace fields (RFC 5321 §4.4): Received, Return-Path, Delivered-To; and loops seen in them.

Whatever a client said goes in cleaned, so that nothing in it can end the field or open a comment.
"""

import re
from dataclasses import dataclass

from alphorn.message import addresses, dates, header

MAX_ADDRESS = 1000
MAX_SEEN = 200

_UNSAFE = re.compile(r"[^A-Za-z0-9.:_\u0080-\U0010ffff\[\]-]")
_CLIENT = re.compile(r"from \S+ \((?:(\S+) )?\[(?:IPv6:)?([0-9A-Fa-f:.]+)\]\)")
_UNSAFE_IN_ADDRESS = re.compile(r"[\x00-\x1f\x7f<>]")
_UNSAFE_TEXT = re.compile(r"[\x00-\x1f\x7f()\\]")


@dataclass(frozen=True, slots=True)
class Hop:
    """How a message came in.

    `protocol` is RFC 3848's or RFC 6531's word ("ESMTPS", "UTF8SMTPSA", "LMTP"). `peer` is the
    client's IP address, "" to leave it out; `peer_name` its verified name, "" for none. `tls` is a
    comment such as "TLSv1.3 TLS_AES_256_GCM_SHA384". `recipient` belongs in only where there is
    just one (else it would disclose blind copies).
    """

    host: str
    protocol: str
    transaction: str
    helo: str = ""
    peer: str = ""
    peer_name: str = ""
    tls: str = ""
    recipient: str = ""


def field(hop: Hop, now: float, offset: int | None = 0) -> bytes:
    """A Received field for this hop at this moment; `offset` is minutes east of UTC."""
    lines = []
    if hop.helo or hop.peer:
        known = _clean(hop.helo) or "unknown"
        if hop.peer:
            literal = f"IPv6:{_clean(hop.peer)}" if ":" in hop.peer else _clean(hop.peer)
            name = f"{_clean(hop.peer_name)} " if hop.peer_name else ""
            known += f" ({name}[{literal}])"
        lines.append(f"from {known}")
    if hop.tls:
        lines.append(f"(using {_UNSAFE_TEXT.sub(' ', hop.tls)})")
    lines.append(f"by {_clean(hop.host)} (Alphorn) with {_clean(hop.protocol)}")
    lines.append(f"id {_clean(hop.transaction)}")
    if hop.recipient:
        lines.append(f"for <{_address(hop.recipient)}>")
    text = "\r\n\t".join(lines)
    return f"Received: {text};\r\n\t{dates.format(now, offset)}\r\n".encode("utf-8", "replace")


def return_path(sender: str) -> bytes:
    """The envelope sender, "" for the null reverse-path; added at final delivery only."""
    return f"Return-Path: <{_address(sender)}>\r\n".encode("utf-8", "replace")


def delivered_to(address: str) -> bytes:
    """The address that a message was delivered to, so that a loop shows."""
    return f"Delivered-To: {_address(address)}\r\n".encode("utf-8", "replace")


def client(raw: bytes) -> tuple[str, str]:
    """The address and the verified name of whoever handed the message over, as `field` wrote them
    into the first Received field; "" for what is not there."""
    found = _CLIENT.match(header.get(raw, "Received") or "")
    return ("", "") if found is None else (found[2], found[1] or "")


def hops(head: header.Head) -> int:
    """How many Received fields there are (RFC 5321 §6.3)."""
    return head.names.count(b"received")


def been_at(head: header.Head) -> frozenset[str]:
    """The addresses, in lower case, at which the message has been before.

    Ours stand on top, so that the first `MAX_SEEN` fields are enough, and none is longer than
    `MAX_ADDRESS`: whoever sends a header full of others does not make us read it.
    """
    values = head.get_all("Delivered-To", MAX_SEEN)
    return frozenset(
        mailbox.address.lower()
        for value in values
        if len(value) <= MAX_ADDRESS
        for mailbox in addresses.mailboxes(value)
    )


def _clean(text: str) -> str:
    return _UNSAFE.sub("?", text)[:255]


def _address(text: str) -> str:
    return _UNSAFE_IN_ADDRESS.sub("?", text)[:MAX_ADDRESS]
