import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.message import words, write
from alphorn.message.header import unfold

values = st.lists(st.text(alphabet="ab1,;<>@ä", min_size=1, max_size=90), max_size=30).map(" ".join)


@given(values)
def test_folding_is_undone_by_unfolding(value: str) -> None:
    raw = write.field("Name", value).decode()
    assert raw.endswith("\r\n")
    assert unfold(raw[5:]) == value.strip()
    lines = raw[:-2].split("\r\n")
    assert all(line.startswith(" ") for line in lines[1:])
    assert all(line.strip() for line in lines)
    for line in lines:
        assert len(line) <= write.MAX_LINE or " " not in line.removeprefix("Name:").strip()


@given(st.text(max_size=200))
def test_text_fields_are_ascii_in_short_lines(value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    raw = write.text_field("Subject", value)
    assert raw.isascii()
    if not value.isascii() or not value.isprintable():
        assert all(len(line) <= write.MAX_LINE for line in raw.decode().split("\r\n"))
        assert words.decode_words(unfold(raw.decode()[8:])) == value


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nX: y", "a\r\rX: y", "a\0b"])
def test_no_value_ends_its_field(value: str) -> None:
    for raw in (
        write.field("A", value),
        write.text_field("A", value),
        write.parameter_field("A", value, (("p", value),)),
    ):
        assert raw.count(b"\n") == raw.count(b"\n ") + 1
        assert b"\0" not in raw


def test_parameters_stand_on_lines_of_their_own_where_long() -> None:
    assert write.parameter_field("Content-Type", "text/plain", (("charset", "utf-8"),)) == (
        b"Content-Type: text/plain; charset=utf-8\r\n"
    )
    raw = write.parameter_field("Content-Disposition", "attachment", (("filename", "ü" * 40),))
    assert raw.count(b"\r\n filename*") == 5
