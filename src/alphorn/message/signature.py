"""Signatures: what stands below what a person writes. Pure.

A signature has a text, and may have HTML. Below a text it stands behind the line `-- `, by which
programs know it (RFC 3676 §4.3).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from alphorn.base.fields import FieldError, Fields, read_json

MAX_SIGNATURES = 30
MAX_ID = 40
MAX_NAME = 100
MAX_TEXT = 4 * 1024
"""Octets of UTF-8."""
MAX_HTML = 16 * 1024


@dataclass(frozen=True, slots=True)
class Signature:
    """`id` is a word of ours, "" before it has one. Lines end with LF; `html` is "" for none."""

    id: str
    name: str
    text: str
    html: str = ""


def checked(value: object, name: str = "signature") -> Signature:
    """From what JSON gives. Raises FieldError."""
    fields = Fields(value, name)
    found = Signature(
        check_id(fields.line("id", MAX_ID), f"{name}.id"),
        fields.line("name", MAX_NAME),
        fields.text("text", MAX_TEXT),
        fields.text("html", MAX_HTML, ""),
    )
    fields.done()
    if not found.name:
        raise FieldError(f"{name}.name", "is empty")
    if not found.text.strip():
        raise FieldError(f"{name}.text", "is empty")
    return found


def check_id(text: str, field: str) -> str:
    """Letters, digits and hyphens of ASCII. Raises FieldError."""
    if not text.isascii() or not text.replace("-", "").isalnum():
        raise FieldError(field, "is to consist of letters and digits")
    return text


def as_json(signature: Signature) -> dict[str, str]:
    """What `checked` reads."""
    given = {"id": signature.id, "name": signature.name, "text": signature.text}
    return given | ({"html": signature.html} if signature.html else {})


def read(document: str) -> tuple[Signature, ...]:
    """The document of an account, "" for none. Raises FieldError."""
    if not document:
        return ()
    fields = Fields(read_json(document, "signatures"), "document")
    found = fields.list_of("signatures", MAX_SIGNATURES, checked)
    fields.done()
    if len({one.id for one in found}) < len(found):
        raise FieldError("document.signatures", "has two of the same id")
    return found


def write(signatures: Sequence[Signature]) -> str:
    """What `read` reads; "" for none."""
    if not signatures:
        return ""
    return json.dumps({"signatures": list(map(as_json, signatures))}, ensure_ascii=False, indent=1)


def below_text(text: str, signature: Signature) -> str:
    """The text with the signature below it."""
    return f"{text.rstrip()}\n\n-- \n{signature.text.strip()}\n"


def below_html(html: str, signature: Signature) -> str:
    """The HTML with the signature below it, made of its text where it has no HTML itself."""
    own = signature.html or escape(signature.text.strip()).replace("\n", "<br>\n")
    return f'{html.rstrip()}\n<div class="signature"><br>-- <br>\n{own}\n</div>\n'
