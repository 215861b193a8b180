import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.message.line_ends import tidy, with_crlf


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", b""),
        (b"a", b"a\r\n"),
        (b"a\r\nb\r\n", b"a\r\nb\r\n"),
        (b"a\nb\n", b"a\r\nb\r\n"),
        (b"a\r\r\nb", b"a\r\nb\r\n"),
        (b"a\rb\r\n", b"a b\r\n"),
        (b"\n\r", b"\r\n \r\n"),
    ],
)
def test_line_ends(raw: bytes, expected: bytes) -> None:
    assert with_crlf(raw) == expected


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"a"]), max_size=12).map(b"".join))
def test_the_result_is_tidy_and_stays_so(raw: bytes) -> None:
    once = with_crlf(raw)
    assert tidy(once)
    assert with_crlf(once) == once
