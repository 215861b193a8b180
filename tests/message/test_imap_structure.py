"""What the golden files do not show: BODY without extension data, and parts beyond the bounds."""

from alphorn.message import imap_structure
from alphorn.message.parse import MAX_DEPTH, parse
from tests.message import imap_grammar

MESSAGE = (
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: inline\r\n"
    b"Content-ID: <a@b>\r\nContent-Description: words\r\n\r\none\r\ntwo\r\n"
    b"--b\r\nContent-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\n\r\nR0lG\r\n--b--\r\n"
)


def test_body_without_extension_data() -> None:
    assert imap_structure.render(MESSAGE, parse(MESSAGE), extended=False) == (
        '(("text" "plain" ("charset" "utf-8") "<a@b>" "words" "7bit" 8 1)'
        '("image" "gif" NIL NIL NIL "base64" 4) "mixed")'
    )


def test_bodystructure() -> None:
    assert imap_structure.render(MESSAGE, parse(MESSAGE)) == (
        '(("text" "plain" ("charset" "utf-8") "<a@b>" "words" "7bit" 8 1'
        ' NIL ("inline" NIL) NIL NIL)'
        '("image" "gif" NIL NIL NIL "base64" 4 NIL NIL NIL NIL)'
        ' "mixed" ("boundary" "b") NIL NIL NIL)'
    )


def test_beyond_the_depth_limit_stands_a_file() -> None:
    raw = b"Content-Type: message/rfc822\r\n\r\n" * (MAX_DEPTH + 5) + b"Subject: x\r\n\r\nx"
    value = imap_grammar.read(imap_structure.render(raw, parse(raw)).encode())
    for _ in range(MAX_DEPTH):
        assert value[:2] == [b"message", b"rfc822"]
        value = value[8]
    assert value[:2] == [b"application", b"octet-stream"]


def test_languages() -> None:
    for value, expected in (
        (b"de", '"de"'),
        (b"de, fr-CH (French), it", '("de" "fr-CH" "it")'),
        (b"", "NIL"),
        (b"()", "NIL"),
    ):
        raw = b"Content-Language: " + value + b"\r\n\r\nx"
        assert imap_structure.render(raw, parse(raw)).endswith(f" NIL NIL {expected} NIL)")
