from pathlib import Path

from alphorn.message import parts
from alphorn.message.parse import parse
from alphorn.message.text import searchable

GOLDEN = Path(__file__).parent / "golden"


def test_header_lines_are_decoded_and_unfolded() -> None:
    text = searchable((GOLDEN / "plain.eml").read_bytes())
    assert 'Subject: Re: [list] Grüße aus Zürich and "more"' in text.header.splitlines()
    assert 'To: "Beispiel, Beat" <beat@example.test>, carl@example.test' in text.header
    assert "äöü" in text.body
    assert "> an old line that is quoted\nGood morning" in text.body


def test_signatures_are_left_out_of_the_header() -> None:
    raw = (
        b"DKIM-Signature: v=1;\r\n b=secretnoise\r\nARC-Seal: noise\r\nSubject: kept\r\n"
        b"X-MS-Exchange-Foo: noise\r\nReceived: from kept\r\n\r\n"
    )
    assert searchable(raw).header == "Subject: kept\nReceived: from kept"


def test_html_and_file_names() -> None:
    text = searchable((GOLDEN / "attachments.eml").read_bytes())
    assert "A picture:" in text.body
    assert "color" not in text.body
    assert "Über uns.pdf" in text.body
    assert "JVBER" not in text.body
    assert "iVBOR" not in text.body


def test_attached_messages() -> None:
    text = searchable((GOLDEN / "forwarded.eml").read_bytes())
    assert "Subject: The minutes" in text.body
    assert "From: Carl <carl@example.org>" in text.body
    assert "Plain minutes\nof the meeting" in text.body
    assert "Rich minutes" in text.body
    assert "The minutes" not in text.header


def test_the_amount_is_bounded() -> None:
    raw = b"Content-Type: text/plain\r\n\r\n" + b"word " * 100_000
    assert len(searchable(raw, limit=1000).body) == 1000


def test_file_names() -> None:
    for value, expected in (
        ('attachment; filename="a.txt"', "a.txt"),
        ("attachment; filename*=utf-8''%C3%BC.txt; filename=u.txt", "ü.txt"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\temp\\\\x.doc"', "x.doc"),
        ("attachment", "from-type.txt"),
        ('attachment; filename="=?utf-8?B?w7w=?="', "ü"),
        ("attachment; filename=" + "x" * 1000, "x" * parts.MAX_FILE_NAME),
    ):
        raw = f"Content-Type: a/b; name=from-type.txt\r\nContent-Disposition: {value}\r\n\r\n"
        assert parts.file_name(parse(raw.encode())) == expected


def test_part_text_in_its_charset() -> None:
    raw = (
        b"Content-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        b"8NLJ18XU\r\n"
    )
    assert parts.text(raw, parse(raw)) == "Привет"
    assert parts.octets(raw, parse(raw)) == "Привет".encode("koi8-r")
