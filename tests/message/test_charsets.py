import pytest

from alphorn.message import charsets


@pytest.mark.parametrize(
    ("data", "label", "expected"),
    [
        ("Grüße".encode(), "utf-8", "Grüße"),
        ("Grüße".encode(), "UTF8", "Grüße"),
        ("Grüße".encode(), '"utf-8"', "Grüße"),
        ("Grüße".encode("latin-1"), "iso-8859-1", "Grüße"),
        (b"\x80\x93", "ISO-8859-1", "€“"),
        ("Grüße".encode("latin-1"), "us-ascii", "Grüße"),
        ("Grüße".encode(), "us-ascii", "Grüße"),
        ("Grüße".encode("latin-1"), "utf-8", "Grüße"),
        ("Grüße".encode(), "x-nobody-knows", "Grüße"),
        ("Привет".encode("koi8-r"), "KOI8-R", "Привет"),
        ("Привет".encode("cp1251"), "windows-1251", "Привет"),
        ("Привет".encode("cp1251"), "cp-1251", "Привет"),
        ("日本語".encode("shift_jis"), "Shift_JIS", "日本語"),
        ("日本語".encode("euc_jp"), "x-euc-jp", "日本語"),
        ("日本語".encode("iso2022_jp"), "ISO-2022-JP", "日本語"),
        ("中文".encode("gbk"), "gb2312", "中文"),
        ("中文".encode("big5"), "Big5", "中文"),
        ("한국".encode("cp949"), "ks_c_5601-1987", "한국"),
        ("ไทย".encode("cp874"), "tis-620", "ไทย"),
        ("שלום".encode("iso8859-8"), "iso-8859-8-i", "שלום"),
        ("x".encode("utf-16"), "utf-16", "x"),
        (b"+AOQ-", "utf-7", "ä"),
        (b"abc", "rot13", "abc"),
        (b"YWJj", "base64", "YWJj"),
        (b"\\u0041", "unicode_escape", "\\u0041"),
        (b"abc", "x" * 1000, "abc"),
        (b"abc", "a\0b", "abc"),
    ],
)
def test_decode(data: bytes, label: str, expected: str) -> None:
    assert charsets.decode(data, label) == expected


def test_damaged_utf8_keeps_what_is_whole() -> None:
    assert charsets.decode_unlabelled("Grüße aus".encode() + b" Z\xfcrich") == "Grüße aus Zürich"
    many = ("ä€" * 3000).encode() + b"\xfc" * 2000
    assert charsets.decode_unlabelled(many) == "ä€" * 3000 + "ü" * 2000


def test_every_octet_can_be_encoded_again() -> None:
    everything = bytes(range(256))
    for label in ("utf-8", "ascii", "latin-1", "utf-7", "utf-16", "gb2312", "hz", "iso-2022-kr"):
        charsets.decode(everything, label).encode("utf-8")
    charsets.repair(everything.decode("utf-8", "surrogateescape")).encode("utf-8")
