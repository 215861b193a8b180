import pytest

from alphorn.message import addresses, imap_envelope, imap_structure, words
from alphorn.message.imap_string import MAX_QUOTED, ascii_string, utf8_string
from alphorn.message.mailbox import Mailbox
from alphorn.message.parse import parse
from tests.message import imap_grammar


@pytest.mark.parametrize(
    ("text", "ascii_form", "utf8_form"),
    [
        ("", '""', '""'),
        ("plain", '"plain"', '"plain"'),
        ('a "b" \\c', '"a \\"b\\" \\\\c"', '"a \\"b\\" \\\\c"'),
        ("a\tb", '"a\tb"', '"a\tb"'),
        ("a\rb\nc\0d", '"a b c d"', '"a b c d"'),
        ("Grüße", '"=?UTF-8?B?R3LDvMOfZQ==?="', '"Grüße"'),
        ("\udcfc", '"=?UTF-8?B?w7w=?="', '"ü"'),
        ("x" * MAX_QUOTED, f'"{"x" * MAX_QUOTED}"', f'"{"x" * MAX_QUOTED}"'),
        ('"' * 1001, "{1001}\r\n" + '"' * 1001, "{1001}\r\n" + '"' * 1001),
    ],
)
def test_strings(text: str, ascii_form: str, utf8_form: str) -> None:
    assert ascii_string(text) == ascii_form
    assert utf8_string(text) == utf8_form
    imap_grammar.read(ascii_form.encode("ascii"))
    imap_grammar.read(utf8_form.encode("utf-8"))


def test_a_literal_counts_octets() -> None:
    assert utf8_string("ü" * 1001).startswith("{2002}\r\n")


INTERNATIONAL = (
    "From: Jörg <jörg@exämple.test>\r\n"
    "Subject: Grüße\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: message/global\r\n\r\nSubject: ä\r\n\r\nx\r\n--b--\r\n"
).encode()


def test_what_a_client_without_utf8_is_given() -> None:
    root = parse(INTERNATIONAL)
    envelope = imap_grammar.read(imap_envelope.render(root.fields).encode("ascii"))
    ((name, _, local, host),) = envelope[2]
    assert (local, host) == (b"invalid", b"internationalized-address.invalid")
    shown = words.decode(name.decode("ascii"))
    assert addresses.parse(shown) == [Mailbox("Jörg", "jörg", "exämple.test")]
    structure = imap_grammar.read(imap_structure.render(INTERNATIONAL, root).encode("ascii"))
    assert structure[0][:2] == [b"message", b"global"]
    assert structure[0][7:] == [None, None, None, None]  # no envelope in IMAP4rev1


def test_what_a_client_with_utf8_is_given() -> None:
    root = parse(INTERNATIONAL)
    envelope = imap_grammar.read(imap_envelope.render(root.fields, utf8_string).encode())
    assert envelope[1] == "Grüße".encode()
    assert envelope[2] == [["Jörg".encode(), None, "jörg".encode(), "exämple.test".encode()]]
    structure = imap_grammar.read(imap_structure.render(INTERNATIONAL, root, utf8_string).encode())
    assert structure[0][7][1] == "ä".encode()
    assert structure[0][8][:2] == [b"text", b"plain"]
    assert structure[0][9] == 2
