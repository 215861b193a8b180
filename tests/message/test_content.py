import pytest

from alphorn.message import content
from alphorn.message.comments import strip_comments
from alphorn.message.content import MediaType


def media(full: str, /, **parameters: str) -> MediaType:
    kind, _, subtype = full.partition("/")
    return MediaType(kind, subtype, tuple(parameters.items()))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text/html", media("text/html")),
        ("TEXT/HTML; Charset=UTF-8", media("text/html", charset="UTF-8")),
        ('text/plain; charset="utf-8"; a=b', media("text/plain", charset="utf-8", a="b")),
        ("text / plain ;charset = us-ascii (Plain)", media("text/plain", charset="us-ascii")),
        ("text/plain; charset=us-ascii(Plain)", media("text/plain", charset="us-ascii")),
        ("text/plain charset=utf-8", media("text/plain", charset="utf-8")),
        ("text/plain; charset=utf-8 format=flowed", media("text/plain", charset="utf-8")),
        ('a/x; name="a \\"b\\" \\\\c"', media("a/x", name='a "b" \\c')),
        ("a/x; name=my file (1).pdf; x=y", media("a/x", name="my file (1).pdf", x="y")),
        ('a/x; name="never closed', media("a/x", name="never closed")),
        ("image/jpeg; name=", media("image/jpeg", name="")),
        ("(comment) image(x)/(y)png", media("image/png")),
        ("text", content.TEXT_PLAIN),
        ("", content.TEXT_PLAIN),
        ("/plain", content.TEXT_PLAIN),
        (";charset=x", content.TEXT_PLAIN),
        ('multipart/mixed; boundary="=_x;y"', media("multipart/mixed", boundary="=_x;y")),
    ],
)
def test_media_type(value: str, expected: MediaType) -> None:
    assert content.media_type(value) == expected
    assert content.media_type(" " * 80 + value) == expected  # both ways, cached and not


def test_the_first_parameter_of_a_name_counts() -> None:
    assert content.media_type("a/b; x=1; X=2").get("x") == "1"
    assert content.media_type("a/b").get("x") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("attachment", ("attachment", ())),
        ("INLINE; filename=a.txt", ("inline", (("filename", "a.txt"),))),
        ('attachment; filename="a;b"; x=3', ("attachment", (("filename", "a;b"), ("x", "3")))),
        ('filename="x.pdf"', ("attachment", (("filename", "x.pdf"),))),
        ("; filename=x.pdf", ("attachment", (("filename", "x.pdf"),))),
        ("", ("", ())),
        ('"?"', ("", ())),
    ],
)
def test_disposition(value: str, expected: tuple[str, content.Parameters]) -> None:
    assert content.disposition(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("base64", "base64"),
        ("BASE64", "base64"),
        (" Quoted-Printable (yes)", "quoted-printable"),
        ("7bit;", "7bit"),
        ("", ""),
        ("()", ""),
    ],
)
def test_transfer_encoding(value: str, expected: str) -> None:
    assert content.transfer_encoding(value) == expected


def test_parameters_are_bounded() -> None:
    value = "a/b" + "; x=y" * 10 * content.MAX_PARAMETERS
    assert len(content.media_type(value).parameters) == content.MAX_PARAMETERS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", "none"),
        ("a (b) c", "a   c"),
        ("a (b (c) d) e", "a   e"),
        ("a (never closed", "a "),
        ("a) b", "a  b"),
        ('"(quoted)" (gone)', '"(quoted)"  '),
        ("(a \\) b) c", "  c"),
        ("\\(kept", "\\(kept"),
    ],
)
def test_comments(text: str, expected: str) -> None:
    assert strip_comments(text) == expected
