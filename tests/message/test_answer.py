"""What a machine answers: fields, thread, subject, text and entities, whatever came in."""

from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.message import answer, header
from alphorn.message.answer import MAX_REFERENCES, MAX_SUBJECT, Reply, compose, smtputf8_needed
from alphorn.message.mailbox import Mailbox

ANNA = Mailbox("Anna Muster", "anna", "example.test")
ORIGINAL = b"\r\n".join(
    (
        b"From: =?utf-8?q?J=C3=BCrg?= <bert@b.test>",
        b"To: anna@example.test",
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
        b"Message-ID: <3@b.test>",
        b"References: <1@b.test> nonsense <2@b.test>",
        b"",
        b"text",
    )
)


def reply(**given: object) -> Reply:
    base: dict[str, object] = {
        "to": "bert@b.test", "author": ANNA, "text": "I am away.\n", "date": 1_800_000_000.0,
        "message_id": "x@example.test",
    }  # fmt: skip
    return Reply(**(base | given))  # type: ignore[arg-type]


def parsed(raw: bytes):  # type: ignore[no-untyped-def]
    assert b"\n" not in raw.replace(b"\r\n", b"")
    return message_from_bytes(raw, policy=policy.default)


def test_the_fields_of_an_answer() -> None:
    raw = compose(reply(), ORIGINAL)
    found = parsed(raw)
    assert found["To"] == "Jürg <bert@b.test>"
    assert found["From"] == "Anna Muster <anna@example.test>"
    assert found["Subject"] == "Auto: Grüße"
    assert found["In-Reply-To"] == "<3@b.test>"
    assert found["References"] == "<1@b.test> <2@b.test> <3@b.test>"
    assert found["Auto-Submitted"] == "auto-replied"
    assert found["Message-ID"] == "<x@example.test>"
    assert found["Date"] == "Fri, 15 Jan 2027 08:00:00 +0000"
    assert found.get_content() == "I am away.\r\n"
    assert raw.isascii()
    assert not smtputf8_needed(raw)


@pytest.mark.parametrize(
    ("own", "of_message", "expected"),
    [
        ("Away", b"Hi", "Away"),
        ("Я в отпуске", b"Hi", "Я в отпуске"),
        ("=?utf-8?b?w4TDlsOc?= x", b"Hi", "ÄÖÜ x"),
        ("", b"Re: Hi", "Auto: Re: Hi"),
        ("", b"", "Automatische Antwort"),
        ("", b"x" * 5000, "Auto: " + "x" * (MAX_SUBJECT - 7) + "…"),
        ("two\r\nBcc: x@y.test", b"", "two Bcc: x@y.test"),
        ("", b"=?utf-8?q?a=0D=0ABcc:_x@y.test?=", "Auto: a Bcc: x@y.test"),
    ],
)
def test_subjects(own: str, of_message: bytes, expected: str) -> None:
    original = b"From: bert@b.test\r\nSubject: " + of_message + b"\r\n\r\n"
    raw = compose(reply(subject=own, language="de"), original)
    assert parsed(raw)["Subject"] == expected
    assert header.count(raw, "Bcc") == 0
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    ("fields", "in_reply_to", "references"),
    [
        (b"", None, None),
        (b"Message-ID: nothing\r\n", None, None),
        (b"Message-ID: <1@b>\r\n", "<1@b>", "<1@b>"),
        (b"Message-ID: <2@b>\r\nIn-Reply-To: <1@b>\r\n", "<2@b>", "<1@b> <2@b>"),
        (b"Message-ID: <2@b>\r\nIn-Reply-To: <0@b> <1@b>\r\n", "<2@b>", "<2@b>"),
        (b"Message-ID: <2@b>\r\nReferences: <2@b> <1@b> <1@b>\r\n", "<2@b>", "<1@b> <2@b>"),
        (b"Message-ID: <\xc3\xa9@b>\r\n", None, None),
    ],
)
def test_threads(fields: bytes, in_reply_to: str | None, references: str | None) -> None:
    raw = compose(reply(), b"From: bert@b.test\r\n" + fields + b"\r\n")
    assert header.get(raw, "In-Reply-To") == in_reply_to
    assert header.get(raw, "References") == references


def test_a_long_thread_is_cut_in_the_middle() -> None:
    ids = b" ".join(b"<%d@b.test>" % number for number in range(500))
    original = b"Message-ID: <own@b.test>\r\nReferences: " + ids + b"\r\n\r\n"
    found = (header.get(compose(reply(), original), "References") or "").split()
    assert len(found) == MAX_REFERENCES
    assert (found[0], found[-2], found[-1]) == ("<0@b.test>", "<499@b.test>", "<own@b.test>")


def test_text_and_html_come_as_the_script_has_them() -> None:
    entity = (
        "From: evil@c.test\nBcc: all@c.test\nMIME-Version: 1.0\n"
        "Content-Type: multipart/alternative; boundary=b\nSubject: no\n\n"
        "--b\nContent-Type: text/plain\n\nText\n"
        "--b\nContent-Type: text/html\n\n<b>Html</b>\n--b--\n"
    )
    raw = compose(reply(text=entity, mime=True), ORIGINAL)
    found = parsed(raw)
    assert found["From"] == "Anna Muster <anna@example.test>"
    assert [found["Bcc"], found["Subject"]] == [None, "Auto: Grüße"]
    assert header.count(raw, "MIME-Version") == header.count(raw, "From") == 1
    assert [part.get_content_type() for part in found.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


@pytest.mark.parametrize(
    ("entity", "kind", "text"),
    [
        ("Content-Type: text/html\n\n<b>x</b>\n", "text/html", "<b>x</b>\r\n"),
        ("Content-Language: de\n\nGrüße\n", "text/plain", "Grüße\r\n"),
        ("Content-Type: text/plain; charset=utf-8\n\nGrüße\n", "text/plain", "Grüße\r\n"),
        ("\nGrüße\n", "text/plain", "Grüße\r\n"),
        ("Grüße\n", "text/plain", "Grüße\r\n"),
    ],
)
def test_entities_that_lack_something(entity: str, kind: str, text: str) -> None:
    raw = compose(reply(text=entity, mime=True), ORIGINAL)
    found = parsed(raw)
    assert (found.get_content_type(), found.get_content()) == (kind, text)
    assert raw[: header.header_end(raw)].isascii()


@pytest.mark.parametrize(
    ("to", "author", "needed"),
    [
        ("bert@b.test", ANNA, False),
        ("bert@b.test", Mailbox("Ännchen", "anna", "example.test"), False),
        ("jürg@b.test", ANNA, True),
        ("bert@bücher.test", ANNA, True),
    ],
)
def test_only_addresses_need_smtputf8(to: str, author: Mailbox, needed: bool) -> None:
    raw = compose(reply(to=to, author=author, text="Grüße"), ORIGINAL)
    assert smtputf8_needed(raw) is needed
    assert (header.get(raw, "To") or "").endswith(f"<{to}>")


def test_names_of_senders_cannot_add_anybody() -> None:
    original = b'From: "x>, <evil@c.test" <bert@b.test>\r\n\r\n'
    raw = compose(reply(), original)
    assert [one.addr_spec for one in parsed(raw)["To"].addresses] == ["bert@b.test"]


@given(st.binary(max_size=300), st.text(max_size=80), st.text(max_size=200), st.booleans())
def test_any_message_and_any_text(noise: bytes, subject: str, text: str, mime: bool) -> None:
    """The header is ours alone, whatever comes from elsewhere; lines are not too long."""
    original = b"From: bert@b.test\r\nSubject: " + noise + b"\r\nMessage-ID: " + noise + b"\r\n\r\n"
    raw = compose(reply(subject=subject, text=text, mime=mime), original)
    head = raw[: header.header_end(raw)]
    names = [one.name.lower() for one in header.iterate(raw)]
    assert head.isascii()
    assert names[:4] == [b"date", b"from", b"to", b"subject"]
    assert {name for name in names if not name.startswith(b"content-")} <= {
        b"date", b"from", b"to", b"subject", b"message-id", b"in-reply-to", b"references",
        b"auto-submitted", b"x-auto-response-suppress", b"mime-version",
    }  # fmt: skip
    assert header.get(raw, "To") == "<bert@b.test>"
    assert b"\n" not in head.replace(b"\r\n", b"")


def test_every_language_has_a_subject() -> None:
    from alphorn.directory.values import LANGUAGES

    assert set(answer.SUBJECTS) == set(LANGUAGES)
