"""RFC 6376 §3.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.mailauth.dkim import tags
from alphorn.mailauth.dkim.tags import BadTagList
from tests.support.cost import cost


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a=1; b=2", {"a": "1", "b": "2"}),
        (b" a = 1 ;\r\n\tb\r\n =\r\n 2 ; ", {"a": "1", "b": "2"}),
        (b"a=;b= ", {"a": "", "b": ""}),
        (b"a=x=y==", {"a": "x=y=="}),
        (b"A=1;a=2", {"A": "1", "a": "2"}),
        (b"a1_b=x y", {"a1_b": "x y"}),
        ("d=käse.test".encode(), {"d": "käse.test"}),
        (b"", {}),
        (b" \r\n ", {}),
    ],
)
def test_lists(text: bytes, expected: dict[str, str]) -> None:
    assert tags.read(text) == expected
    assert list(tags.read(text)) == list(expected)


@pytest.mark.parametrize(
    "text",
    [
        b"a=1; a=2",
        b"a=1;; b=2",
        b";",
        b"a=1;;",
        b"a",
        b"a=1; b",
        b"1a=1",
        b"a b=1",
        b"a-b=1",
        b"=1",
        b"a=\x00",
        b"a=1\rb",
        b"a=1\nb",
        b"a=1\r\nb=2",
        b"a=\x7f",
        b"a=\xff",
        "ä=1".encode(),
    ],
)
def test_what_is_no_list(text: bytes) -> None:
    with pytest.raises(BadTagList):
        tags.read(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("aGk=", b"hi"),
        (" aG\r\n k = ", b"hi"),
        ("aGk", b"hi"),
        ("", b""),
        ("aGk==", None),
        ("a", None),
        ("aG*k", None),
        ("aG=k", None),
        ("ä", None),
    ],
)
def test_base64(value: str, expected: bytes | None) -> None:
    assert tags.base64(value) == expected


def test_words_and_numbers() -> None:
    assert tags.words(" a : b:\r\n c::") == ["a", "b", "c"]
    assert tags.number("012", 3) == 12
    for value in ("", "-1", "1234", "1 2", "١", "0x1", "²"):
        assert tags.number(value, 3) is None


@given(st.binary(max_size=200) | st.text("ab=; \t\r\n1_ä", max_size=60).map(str.encode))
def test_any_octets_are_a_list_or_none(text: bytes) -> None:
    try:
        found = tags.read(text)
    except BadTagList:
        return
    again = "; ".join(f"{name}={value}" for name, value in found.items())
    assert tags.read(again.encode()) == found


@given(st.text(max_size=60))
def test_any_text_is_base64_or_none(text: str) -> None:
    found = tags.base64(text)
    assert found is None or isinstance(found, bytes)


@pytest.mark.parametrize(
    "text",
    [b"a=" + b" " * 1_000_000, b"\r\n " * 300_000, b"a=;" * 300_000, b"a" * 1_000_000 + b"="],
)
def test_time_is_linear(text: bytes) -> None:
    def read() -> None:
        try:
            tags.read(text)
        except BadTagList:
            pass

    assert cost(read, 1) < 1
