import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.message import content, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text", "plain text"),
        ("=?US-ASCII?Q?Keith_Moore?=", "Keith Moore"),
        ("=?ISO-8859-1?Q?Patrik_F=E4ltstr=F6m?=", "Patrik Fältström"),
        # RFC 2047 §8
        ("(=?ISO-8859-1?Q?a?=)", "(a)"),
        ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
        ("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
        ("(=?ISO-8859-1?Q?a?=\r\n  \t=?ISO-8859-1?Q?b?=)", "(ab)"),
        ("(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
        ("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
        # RFC 2231 §5
        ("=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"),
        # as programs really write them
        ("=?utf-8?B?R3LDvMOfZQ?=", "Grüße"),
        ("=?utf-8?B?R3LDvMOfZQ===?=", "Grüße"),
        ("=?utf-8?b?4p?= =?utf-8?b?yT?=", "✓"),
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "ü"),
        ("=?utf-8?Q?What??=", "What?"),
        ("=?utf-8?Q?with spaces in it?=", "with spaces in it"),
        ("a=?utf-8?Q?b?=c", "abc"),
        ("=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"),
        ("=?x-unheard-of?Q?=C3=BC?=", "ü"),
        ("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?gb2312?B?1tDOxA==?=", "中文"),
        ("=?ks_c_5601-1987?B?x9GxuQ==?=", "한국"),
        ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
        ("=?windows-1252?Q?=80?=", "€"),
        ("=?iso-8859-1?Q?=93x=94?=", "“x”"),
        ("=?utf-8?Q?no end", "=?utf-8?Q?no end"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("=?utf-8?Q??=", ""),
        ("tab\there", "tab here"),
        ("=?utf-8?Q?a=0D=0AX:_b?=", "a  X: b"),
        ("=?utf-8?Q?=00?=", " "),
        ("raw \udcfc octet", "raw ü octet"),
    ],
)
def test_decode(text: str, expected: str) -> None:
    assert words.decode(text) == expected


def test_a_character_cut_between_words_is_whole_again() -> None:
    assert words.decode("=?utf-8?b?4p0=?= =?utf-8?b?pA==?=") == "❤"


def test_other_codecs_of_python_are_out_of_reach() -> None:
    for label in ("rot13", "hex", "zip", "unicode_escape", "punycode", "idna", "undefined", "bz2"):
        assert words.decode(f"=?{label}?Q?abc?=") == "abc"


def test_utf7_gives_no_lone_surrogates() -> None:
    words.decode("=?utf-7?Q?+2AA-?=").encode("utf-8")


@given(st.text(max_size=200), st.integers(min_value=0, max_value=40))
def test_encoding_round_trips(text: str, used: int) -> None:
    text = text.encode("utf-8", "replace").decode()
    coded = words.encode_words(text, used)
    assert words.decode_words(" ".join(coded)) == text
    for number, word in enumerate(coded):
        assert len(word) <= words.MAX_WORD - (used if number == 0 else 0)
        assert re.fullmatch(r"=\?UTF-8\?[QB]\?[!-~]*\?=", word)
        words.decode_words(word).encode("utf-8")
        assert "\ufffd" not in words.decode_words(word) or "\ufffd" in text


def test_plain_text_is_not_encoded() -> None:
    assert words.encode("Plain, with: signs") == "Plain, with: signs"
    assert words.encode("=?utf-8?Q?not_one?=").startswith("=?UTF-8?")
    assert words.decode(words.encode("=?utf-8?Q?not_one?=")) == "=?utf-8?Q?not_one?="


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # RFC 2231 §3, §4, §4.1
        (
            "; URL*0=\"ftp://\"; URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"",
            {"url": "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"},
        ),
        (
            "; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
            {"title": "This is ***fun***"},
        ),
        (
            "; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20;"
            " title*2=\"isn't it!\"",
            {"title": "This is even more ***fun*** isn't it!"},
        ),
        # in any order, cut within a character, without a charset, with a gap
        ("; f*1*=%BC; f*0*=utf-8''%C3", {"f": "ü"}),
        ("; f*=%C3%BC", {"f": "ü"}),
        ("; f*0=a; f*2=c", {"f": "ac"}),
        ("; f=plain.txt; f*=utf-8''%C3%BC.txt", {"f": "ü.txt"}),
        ("; f=\"=?utf-8?Q?=C3=BC?=.txt\"", {"f": "ü.txt"}),
        ("; f=first; f=second", {"f": "first"}),
        ("; f*0*=utf-8''a%0D%0Ab", {"f": "a  b"}),
    ],
)  # fmt: skip
def test_parameters(value: str, expected: dict[str, str]) -> None:
    assert words.parameters(content.parameters(value, 0)) == expected


@given(st.text(max_size=300))
def test_parameters_round_trip(value: str) -> None:
    value = re.sub(r"[\x00-\x1f\x7f]", "", value.encode("utf-8", "replace").decode())
    pieces = words.encode_parameter("filename", value)
    line = "; ".join(["attachment", *pieces])
    assert line.isascii()
    assert line.isprintable()
    assert all(len(piece) <= words.MAX_WORD + 15 for piece in pieces)
    found = words.parameters(content.parameters(line, len("attachment")))
    if "=?" not in value:
        assert found == {"filename": value}
