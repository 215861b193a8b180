"""Composed messages, read back by Python's own parser and by ours."""

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.message import compose, transfer
from alphorn.message.compose import Attachment, Draft
from alphorn.message.mailbox import Group, Mailbox
from alphorn.message.summarize import summarize
from tests.message import invariants

ANNA = Mailbox("Anna Müller", "anna", "example.test")
BEAT = Mailbox("Beispiel, Beat", "beat", "example.test")
NOON = 1739444400
PDF = Attachment("Übersicht der Dinge.pdf", bytes(range(256)) * 10, "application/pdf")
PICTURE = Attachment("p.png", b"\x89PNG", "image/png", "pic@example.test")


def draft(**changes: object) -> Draft:
    values: dict[str, object] = {
        "author": ANNA,
        "to": [BEAT],
        "subject": "Grüße",
        "date": NOON,
        "message_id": "one@example.test",
        "offset": 60,
    }
    return Draft(**{**values, **changes})  # type: ignore[arg-type]


def read(raw: bytes) -> EmailMessage:
    """As Python's parser sees it, which finds nothing to object to."""
    message = email.message_from_bytes(raw, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    assert not [part.defects for part in message.walk() if part.defects]
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert raw.isascii()
    invariants.check(raw)
    return message


def types(message: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


def test_header() -> None:
    raw = compose.compose(
        draft(
            text="x",
            cc=[Group("Team", (ANNA, BEAT))],
            bcc=[Mailbox("", "hidden", "example.test")],
            reply_to=[BEAT],
            sender=BEAT,
            in_reply_to=["zero@example.test"],
            references=["root@example.test", "zero@example.test"],
            fields=[("X-Note", "ä" * 100)],
        ),
        "T",
    )
    message = read(raw)
    assert message["Date"] == "Thu, 13 Feb 2025 12:00:00 +0100"
    assert message["From"].addresses[0].display_name == "Anna Müller"
    assert message["To"].addresses[0].display_name == "Beispiel, Beat"
    assert message["Cc"].groups[0].display_name == "Team"
    assert [a.addr_spec for a in message["Bcc"].addresses] == ["hidden@example.test"]
    assert message["Subject"] == "Grüße"
    assert message["Message-ID"] == "<one@example.test>"
    assert message["In-Reply-To"] == "<zero@example.test>"
    assert message["References"] == "<root@example.test> <zero@example.test>"
    assert message["X-Note"] == "ä" * 100
    assert message["MIME-Version"] == "1.0"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["text/plain"]),
        ({"text": "x"}, ["text/plain"]),
        ({"html": "<p>x</p>"}, ["text/html"]),
        ({"text": "x", "html": "x"}, ["multipart/alternative", "text/plain", "text/html"]),
        ({"attachments": [PDF]}, ["application/pdf"]),
        ({"text": "x", "attachments": [PDF]}, ["multipart/mixed", "text/plain", "application/pdf"]),
        ({"html": "x", "attachments": [PICTURE]}, ["multipart/related", "text/html", "image/png"]),
        (
            {"text": "x", "html": "x", "attachments": [PDF, PICTURE]},
            [
                *("multipart/mixed", "multipart/related", "multipart/alternative"),
                *("text/plain", "text/html", "image/png", "application/pdf"),
            ],
        ),
    ],
)
def test_only_the_parts_that_are_needed(changes: dict[str, object], expected: list[str]) -> None:
    assert types(read(compose.compose(draft(**changes), "T"))) == expected


def test_attachments_arrive_whole() -> None:
    raw = compose.compose(draft(text="x", attachments=[PDF, PICTURE]), "T")
    pdf = next(part for part in read(raw).walk() if part.get_content_type() == "application/pdf")
    assert pdf.get_filename() == PDF.name
    assert pdf.get_content_disposition() == "attachment"
    assert pdf.get_payload(decode=True) == PDF.data
    assert summarize(raw).has_attachment


def test_an_attached_message_is_not_encoded() -> None:
    inner = b"Subject: inner\r\n\r\ntext\r\n"
    raw = compose.compose(
        draft(text="x", attachments=[Attachment("m.eml", inner, "message/rfc822")]), "T"
    )
    assert types(read(raw)) == ["multipart/mixed", "text/plain", "message/rfc822", "text/plain"]
    assert inner in raw


def test_nothing_can_add_a_field() -> None:
    evil = "x\r\nBcc: victim@example.test\r\n\r\nbody"
    raw = compose.compose(
        draft(
            author=Mailbox(evil, "anna", "example.test"),
            to=[Mailbox("", evil, evil)],
            subject=evil,
            message_id=evil,
            in_reply_to=[evil],
            fields=[("X-A", evil)],
            text="x",
            attachments=[Attachment(evil, b"", evil, evil)],
        ),
        "T",
    )
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    assert all(part["Bcc"] is None for part in message.walk())


texts = st.text(alphabet="aä \t\r\n.=€\0" + "x" * 30, max_size=400) | st.text(max_size=300)


@given(texts)
def test_text_arrives_as_it_was_but_for_line_ends(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    part = compose.text_part(text)
    message = b"".join((part.head, b"\r\n", part.body))
    encoding = email.message_from_bytes(message)["Content-Transfer-Encoding"]
    expected = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    if expected and not expected.endswith("\r\n"):
        expected += "\r\n"
    assert transfer.decode(part.body, encoding).decode() == expected
    assert part.is_7bit
    limit = 998 if encoding == "7bit" else 76
    assert all(len(line) <= limit for line in part.body.split(b"\r\n"))
    if encoding == "quoted-printable":
        assert not any(line.endswith((b" ", b"\t")) for line in part.body.split(b"\r\n"))


def test_the_lightest_encoding() -> None:
    assert b"7bit" in compose.text_part("plain ASCII\n").head
    assert b"quoted-printable" in compose.text_part("mostly ASCII, ä bit not\n").head
    assert b"base64" in compose.text_part("日本語のメール\n" * 5).head
    assert b"quoted-printable" in compose.text_part("x" * 999).head
    assert b"7bit" in compose.text_part("x" * 998).head
    assert b"quoted-printable" in compose.text_part("blank at the end \n").head


def test_smtputf8_addresses_stay_utf8() -> None:
    raw = compose.compose(draft(text="x", to=[Mailbox("", "jörg", "exämple.test")]), "T")
    assert "To: jörg@exämple.test\r\n".encode() in raw
