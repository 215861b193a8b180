"""The field that says why a message is where it is: written safely, read leniently."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.message import header, spam_field
from alphorn.message.spam_field import (
    MAX_ENCODED,
    MAX_REASONS,
    MAX_TEXT,
    SpamField,
    SpamReason,
    parse,
    render,
)

BODY = b"From: a@example.test\r\n\r\nHello\r\n"


def back(field: bytes) -> SpamField:
    read = spam_field.read(field + BODY)
    assert read is not None
    return read


def test_it_reads_as_it_was_agreed() -> None:
    reasons = (
        SpamReason("spf-fail", "The server is not one of example.org's.", 2.5),
        SpamReason("known", "You have written to this sender.", -3.25),
    )
    assert render(7.3, 5, "spam", reasons, "promotions") == (
        b"X-Alphorn-Spam: score=7.3; threshold=5.0; verdict=spam; category=promotions;\r\n"
        b' spf-fail=2.5 "The server is not one of example.org\'s."; known=-3.25 "You\r\n'
        b' have written to this sender."\r\n'
    )
    read = back(render(7.3, 5, "spam", reasons, "promotions"))
    assert read == SpamField(7.3, 5.0, "spam", "promotions", reasons)
    assert back(render(-0.001, 5, "ham")) == SpamField(0.0, 5.0, "ham")


@pytest.mark.parametrize(
    "evil",
    [
        'x"; verdict=ham; y=-9 "',
        "a\r\nX-Other: b",
        "a\r\n\r\nbody",
        "a\x00b\x1b[31m",
        "%22; verdict=ham",
        "back\\slash\\",
        "\ud800 lone",
        "\u202egnp.exe",
    ],
)
def test_nothing_gets_out_of_its_entry(evil: str) -> None:
    field = render(9, 5, evil, (SpamReason(evil, evil, 1.0), SpamReason("b", "c", 2.0)))
    assert field.isascii()
    assert field.endswith(b"\r\n")
    assert header.count(field + BODY, spam_field.NAME) == 1
    assert [entry.name for entry in header.iterate(field + BODY)] == [b"X-Alphorn-Spam", b"From"]
    read = back(field)
    assert [reason.score for reason in read.reasons] == [1.0, 2.0]
    assert read.verdict not in ("ham", "")
    assert read.reasons[0].text.isprintable()


def test_words_of_all_languages_come_back() -> None:
    for text in ("100 % günstig", "50%20 off", "中文 と 日本語", "%", "%4é", "a % b %zz"):
        assert back(render(1, 5, "ham", (SpamReason("a", text, 0.5),))).reasons[0].text == text


def test_it_is_bounded() -> None:
    many = [SpamReason(f"r{n}", "é" * 10_000, float(n)) for n in range(500)]
    field = render(math.inf, -math.inf, "s" * 500, [*many, SpamReason("odd", "", math.nan)])
    assert len(field) < spam_field.MAX_VALUE
    assert all(len(line) < 998 for line in field.split(b"\r\n"))
    read = back(field)
    assert (read.score, read.threshold) == (999.0, -999.0)
    assert [reason.code for reason in read.reasons] == [
        f"r{n}" for n in range(500 - MAX_REASONS, 500)
    ]
    assert all(reason.text == "é" * (MAX_ENCODED // 6) for reason in read.reasons)
    (reason,) = back(render(1, 5, "ham", [SpamReason("a", "x" * 500, 1.0)])).reasons
    assert reason.text == "x" * MAX_TEXT


def test_ours_alone_counts() -> None:
    theirs = b"X-ALPHORN-SPAM: score=-50; threshold=5; verdict=ham\r\n" + BODY
    assert spam_field.without(theirs) == BODY
    assert spam_field.read(BODY) is None


@pytest.mark.parametrize("value", ["", "score=7", "hello", "score=x; threshold=1", ";;;", '"'])
def test_what_is_not_such_a_field(value: str) -> None:
    assert parse(value) is None


@given(st.text())
def test_any_value_can_be_read(value: str) -> None:
    read = parse(value)
    assert read is None or math.isfinite(read.score)
    parse(f"score=1; threshold=2; {value}")
    parse(f'score=1; threshold=2; a=1 "{value}"')


@given(
    st.floats(),
    st.lists(st.tuples(st.text(), st.text(), st.floats()), max_size=5),
)
def test_whatever_is_written_is_read(score: float, reasons: list[tuple[str, str, float]]) -> None:
    field = render(score, 5, "spam", [SpamReason(*reason) for reason in reasons])
    read = back(field)
    assert (read.threshold, read.verdict) == (5.0, "spam")
    assert len(read.reasons) == len(reasons)
    for (_, text, _), found in zip(reasons, read.reasons, strict=True):
        if text.isprintable() and len(text) <= MAX_ENCODED // 12 and text == " ".join(text.split()):
            assert found.text == text
