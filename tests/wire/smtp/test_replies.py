import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.wire.smtp import replies
from alphorn.wire.smtp.replies import MAX_REPLY_LINE, Reply


def test_the_class_follows_from_the_enhanced_code() -> None:
    assert Reply("5.1.1", "x").code == 550
    assert Reply("4.2.2", "x").code == 452
    assert Reply("5.9.9", "x").code == 550
    assert Reply("4.9.9", "x").code == 451
    assert Reply("2.9.9", "x").code == 250
    assert (Reply("4.2.2", "x").passing, Reply("5.2.2", "x").passing) == (True, False)


def test_every_row_of_the_table_agrees_with_its_class() -> None:
    assert all(code // 100 == int(status[0]) for status, code in replies._CODES.items())


def test_other_digits_of_another_class_are_a_mistake() -> None:
    with pytest.raises(ValueError):
        Reply("5.1.1", "x", 450)


def test_encoding() -> None:
    assert Reply("2.0.0", "OK").encode() == b"250 2.0.0 OK\r\n"
    assert Reply("", "Go on", 354).encode() == b"354 Go on\r\n"
    assert Reply("5.7.1", "one\ntwo").encode() == b"550-5.7.1 one\r\n550 5.7.1 two\r\n"
    assert Reply("5.7.1", "a\rb\0c\td\u00fc").encode() == b"550 5.7.1 a?b?c?d?\r\n"
    assert Reply("2.0.0", "Goodbye", 221).encode() == b"221 2.0.0 Goodbye\r\n"


@given(st.text(max_size=3000))
def test_no_text_breaks_the_protocol(text: str) -> None:
    """Invariant: lines of the right form, none too long, and only the last one says it is."""
    lines = Reply("5.7.1", text).encode().split(b"\r\n")
    assert lines.pop() == b""
    assert all(len(line) + 2 <= MAX_REPLY_LINE for line in lines)
    assert all(re.fullmatch(rb"550-5\.7\.1 [ -~]*", line) for line in lines[:-1])
    assert re.fullmatch(rb"550 5\.7\.1 [ -~]*", lines[-1])
