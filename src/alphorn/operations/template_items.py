"""What templates make in an account, signatures and auto-replies alike. For `applying`.

Each goes the way that its owner goes, so that the same rules hold; of an auto-reply only what it
says is touched, never when it runs, as whom and for whom.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from alphorn.directory.values import TemplateKind
from alphorn.message.signature import Signature
from alphorn.operations import accounts, responders, signatures
from alphorn.operations.control import Control
from alphorn.sieve.responder import Responder
from alphorn.sieve.responder_times import NO_ZONE


@dataclass(frozen=True, slots=True)
class Item:
    """`id` and `name` are "" for one that is in no account yet."""

    subject: str
    text: str
    html: str
    id: str = ""
    name: str = ""


class Items(Protocol):
    """Those of one kind. Raises as `operations.signatures` and `operations.responders`."""

    def of(self, control: Control, account: str) -> tuple[Item, ...]:
        """All that the account has."""

    def add(self, control: Control, account: str, name: str, new: Item) -> Item: ...

    def change(self, control: Control, account: str, old: Item, new: Item) -> Item:
        """What it says; it keeps its name."""


class _Signatures:
    def of(self, control: Control, account: str) -> tuple[Item, ...]:
        return tuple(map(_of_signature, signatures.list_signatures(control, account)))

    def add(self, control: Control, account: str, name: str, new: Item) -> Item:
        return _of_signature(signatures.add_signature(control, account, name, new.text, new.html))

    def change(self, control: Control, account: str, old: Item, new: Item) -> Item:
        return _of_signature(
            signatures.change_signature(control, account, old.id, text=new.text, html=new.html)
        )


class _Responders:
    def of(self, control: Control, account: str) -> tuple[Item, ...]:
        listed = responders.list_responders(control, account)
        return tuple(_of_responder(one.responder) for one in listed)

    def add(self, control: Control, account: str, name: str, new: Item) -> Item:
        zone = accounts.show_account(control, account).zone or NO_ZONE
        made = Responder("", name, new.text, new.html, subject=new.subject, zone=zone)
        return _of_responder(responders.add_responder(control, account, made).responder)

    def change(self, control: Control, account: str, old: Item, new: Item) -> Item:
        there = responders.show_responder(control, account, old.id).responder
        changed = replace(there, text=new.text, html=new.html, subject=new.subject)
        done = responders.change_responder(control, account, old.id, changed)
        return _of_responder(done.responder)


ITEMS: dict[TemplateKind, Items] = {
    TemplateKind.SIGNATURE: _Signatures(),
    TemplateKind.RESPONDER: _Responders(),
}


def _of_signature(one: Signature) -> Item:
    return Item("", one.text, one.html, one.id, one.name)


def _of_responder(one: Responder) -> Item:
    return Item(one.subject, one.text, one.html, one.id, one.name)
