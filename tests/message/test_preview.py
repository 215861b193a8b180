import pytest

from alphorn.message.preview import MAX_PREVIEW
from alphorn.message.summarize import summarize


def preview(body: str, kind: str = "text/plain; charset=utf-8", encoding: str = "8bit") -> str:
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return summarize((head + body).encode()).preview


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Hello\r\n\r\n  world \t!\r\n", "Hello world !"),
        ("> quoted\r\nanswer\r\n >> more\r\nend", "answer end"),
        ("> only quoted", "> only quoted"),
        ("", ""),
        ("a\u200b\u200cb\u00ad\ufeff c\u00a0d", "ab c d"),
        ("\u034f \u200c " * 100 + "after the padding", "after the padding"),
        ("a\0b\x01c", "abc"),
    ],
)
def test_plain(body: str, expected: str) -> None:
    assert preview(body) == expected


def test_length() -> None:
    assert preview("word " * 1000) == ("word " * 40).strip()
    assert preview("x" * 10_000) == "x" * MAX_PREVIEW
    assert preview("ü " * 10_000) == ("ü " * 100).strip()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>Hello <b>wor</b>ld</p><p>again</p>", "Hello world again"),
        ("<head><title>x</title></head><body>text &amp; more&nbsp;text", "text & more text"),
        ("<style>p {}</style><script>if (a < b) x()</script>text", "text"),
        ("<!-- <p>hidden</p> -->seen<!-- never closed", "seen"),
        ("a < b and c > d", "a < b and c > d"),
        ("<img src=x onerror=alert(1)", ""),
        (f"<style>{'x' * 10_000}</style><body>late", "late"),
        (f"<body>{'<i> </i>' * 1000}late", "late"),
    ],
)
def test_html(body: str, expected: str) -> None:
    assert preview(body, "text/html; charset=utf-8") == expected


def test_encodings() -> None:
    assert preview("R3LDvMOfZSBh\r\ndXM=", encoding="base64") == "Grüße aus"
    assert preview("Gr=C3=BC=C3=9F=\r\ne", encoding="quoted-printable") == "Grüße"
    assert preview("Gr=FC=DFe", "text/plain; charset=iso-8859-1", "quoted-printable") == "Grüße"


def test_html_is_read_where_the_plain_text_is_empty() -> None:
    raw = (
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\n \r\n\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n<p>rich</p>\r\n--b--\r\n"
    )
    assert summarize(raw).preview == "rich"
