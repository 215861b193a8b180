"""Signatures of an account: what its owner has to put below what he writes.

The holder of the account sees and changes them, and so does whoever manages the organization. None
of these functions may be called within a transaction on the control plane: each is one.
"""

import secrets
from dataclasses import replace

from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.message import signature
from alphorn.message.signature import MAX_SIGNATURES, Signature
from alphorn.operations.control import Control
from alphorn.operations.owners import changing, mail_of
from alphorn.operations.responding import read as read_responders
from alphorn.store.api import Document


def list_signatures(control: Control, account: str) -> tuple[Signature, ...]:
    """In the order in which they were made. Raises NotFound, AddressError, Forbidden,
    Unavailable."""
    return signature.read(mail_of(control, account).document(Document.SIGNATURES))


def show_signature(control: Control, account: str, name: str) -> Signature:
    """By its id or its name. Raises as `list_signatures`."""
    return _find(list_signatures(control, account), name)


def add_signature(
    control: Control, account: str, name: str, text: str, html: str = ""
) -> Signature:
    """Raises Exists where there is one of this name, Refused("too-many"), FieldError, and as
    `list_signatures`."""
    with changing(control, account) as mail:
        found = signature.read(mail.document(Document.SIGNATURES))
        made = _checked(Signature(secrets.token_hex(8), name, text, html))
        if len(found) >= MAX_SIGNATURES:
            raise Refused(f"An account has at most {MAX_SIGNATURES} signatures.", code="too-many")
        _require_free(found, made)
        mail.put_document(Document.SIGNATURES, signature.write((*found, made)))
        return made


def change_signature(
    control: Control,
    account: str,
    name: str,
    *,
    new_name: str | None = None,
    text: str | None = None,
    html: str | None = None,
) -> Signature:
    """What is None stays; whatever it is attached to says the new one from now on. Raises as
    `add_signature`."""
    with changing(control, account) as mail:
        found = signature.read(mail.document(Document.SIGNATURES))
        old = _find(found, name)
        new = _checked(
            replace(
                old,
                name=old.name if new_name is None else new_name,
                text=old.text if text is None else text,
                html=old.html if html is None else html,
            )
        )
        _require_free(found, new)
        written = signature.write([new if one.id == new.id else one for one in found])
        mail.put_document(Document.SIGNATURES, written)
        return new


def remove_signature(control: Control, account: str, name: str) -> Signature:
    """Raises Refused("in-use") while it is attached to a responder, and as `list_signatures`."""
    with changing(control, account) as mail:
        found = signature.read(mail.document(Document.SIGNATURES))
        gone = _find(found, name)
        responders = read_responders(mail.document(Document.RESPONDERS)).responders
        users = [one.name for one in responders if one.signature == gone.id]
        if users:
            raise Refused(
                f"The signature “{gone.name}” stands below the responder “{users[0]}”; "
                "give that another one first.",
                code="in-use",
            )
        kept = [one for one in found if one.id != gone.id]
        mail.put_document(Document.SIGNATURES, signature.write(kept))
        return gone


def _checked(made: Signature) -> Signature:
    return signature.checked(signature.as_json(made))


def _find(found: tuple[Signature, ...], name: str) -> Signature:
    for one in found:
        if one.id == name or one.name.lower() == name.strip().lower():
            return one
    raise NotFound(f"There is no signature “{name[:80]}”.", code="no-such-signature")


def _require_free(found: tuple[Signature, ...], made: Signature) -> None:
    if any(one.name.lower() == made.name.lower() and one.id != made.id for one in found):
        raise Exists(f"There is a signature “{made.name}” already.", code="signature-exists")
