"""The document in which an account keeps its responders, and the senders that were proved.

One field says which responder is active: two cannot be, whoever writes at the same moment. Pure.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from alphorn.base.fields import FieldError, Fields, read_json
from alphorn.sieve import responder
from alphorn.sieve.responder import MAX_ADDRESS, MAX_ID, Responder

MAX_RESPONDERS = 20
MAX_SENDERS = 20
_LATEST = 2**40


@dataclass(frozen=True, slots=True)
class Sender:
    """An address elsewhere that the owner wants to answer from. `verified` is when he proved that
    it is his (seconds UTC), 0 where he has not; until then `proof` is a keyed hash of the code
    that was sent there, which holds until `expires`; `tries` wrong ones were said."""

    address: str
    verified: int = 0
    proof: str = ""
    expires: int = 0
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Responders:
    """`active` is the id of one of them, "" for none."""

    responders: tuple[Responder, ...] = ()
    active: str = ""
    senders: tuple[Sender, ...] = ()

    def of(self, responder_id: str) -> Responder | None:
        return next((one for one in self.responders if one.id == responder_id), None)

    def sender(self, address: str) -> Sender | None:
        return next((one for one in self.senders if one.address.lower() == address.lower()), None)


def read(document: str) -> Responders:
    """As `write` wrote it; "" for none. Raises FieldError."""
    if not document:
        return Responders()
    fields = Fields(read_json(document, "responders"), "document")
    found = Responders(
        fields.list_of("responders", MAX_RESPONDERS, responder.checked),
        fields.line("active", MAX_ID, ""),
        fields.list_of("senders", MAX_SENDERS, _sender),
    )
    fields.done()
    if len({one.id for one in found.responders}) < len(found.responders):
        raise FieldError("document.responders", "has two of the same id")
    if found.active and found.of(found.active) is None:
        raise FieldError("document.active", "names none of the responders")
    return found


def write(responders: Responders) -> str:
    """The document; "" for nothing."""
    if responders == Responders():
        return ""
    given: dict[str, object] = {
        "active": responders.active,
        "responders": list(map(responder.as_json, responders.responders)),
        "senders": list(map(_sender_as_json, responders.senders)),
    }
    kept = {name: value for name, value in given.items() if value}
    return json.dumps(kept, ensure_ascii=False, indent=1)


def active_of(document: str) -> Responder | None:
    """The active one alone. Raises FieldError."""
    found = read(document)
    return found.of(found.active) if found.active else None


def with_changed(responders: Sequence[Responder], changed: Responder) -> tuple[Responder, ...]:
    """The same with another one of this id."""
    return tuple(changed if one.id == changed.id else one for one in responders)


def _sender(value: object, name: str) -> Sender:
    fields = Fields(value, name)
    found = Sender(
        fields.line("address", MAX_ADDRESS),
        fields.whole("verified", 0, _LATEST, 0),
        fields.line("proof", 64, ""),
        fields.whole("expires", 0, _LATEST, 0),
        fields.whole("tries", 0, 1000, 0),
    )
    fields.done()
    return found


def _sender_as_json(sender: Sender) -> dict[str, object]:
    given: dict[str, object] = {
        "address": sender.address,
        "verified": sender.verified,
        "proof": sender.proof,
        "expires": sender.expires,
        "tries": sender.tries,
    }
    return {name: value for name, value in given.items() if value}
