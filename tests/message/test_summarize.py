"""What the golden files do not show: bounds and the finer rules of a summary."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alphorn.message.summarize import MAX_SUBJECT, MAX_THREAD_KEYS, below, summarize


def fields(*lines: str) -> bytes:
    return "\r\n".join((*lines, "", "")).encode()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), ()),
        (("Message-ID: <own@x>",), ("own@x",)),
        (("Message-ID: own@x",), ("own@x",)),
        (("Message-ID: <own@x> (comment)", "In-Reply-To: <a@x>"), ("own@x", "a@x")),
        (("In-Reply-To: <a@x>", "References: <r@x>\r\n <a@x>"), ("a@x", "r@x")),
        (("Message-ID: <o@x>", "References: <r@x><s@x>"), ("o@x", "r@x", "s@x")),
        (("Message-ID: nothing",), ()),
        (("Message-ID: nothing", "References: <r@x>"), ("r@x",)),
    ],
)
def test_thread_keys(lines: tuple[str, ...], expected: tuple[str, ...]) -> None:
    summary = summarize(fields(*lines))
    assert summary.thread_keys == expected
    has_own = any("own@x" in line or "<o@x>" in line for line in lines)
    assert summary.message_id == (expected[0] if has_own else "")


def test_of_many_references_the_root_and_the_latest_stay() -> None:
    references = " ".join(f"<{n}@x>" for n in range(1000))
    keys = summarize(fields("Message-ID: <own@x>", f"References: {references}")).thread_keys
    assert len(keys) == MAX_THREAD_KEYS
    assert keys[:2] == ("own@x", "0@x")
    assert keys[-1] == "999@x"


def test_subject_is_bounded() -> None:
    summary = summarize(fields("Subject: " + "x" * 50_000))
    assert summary.subject == "x" * MAX_SUBJECT
    assert b"{50000}" in summary.envelope


@pytest.mark.parametrize(
    ("date", "sent", "day"),
    [
        ("Thu, 13 Feb 2025 23:30:00 -0800", 1739518200, 20132),
        ("Fri, 14 Feb 2025 00:30:00 +1400", 1739442600, 20133),
        ("nonsense", None, None),
    ],
)
def test_the_day_of_a_date_disregards_its_zone(
    date: str, sent: int | None, day: int | None
) -> None:
    summary = summarize(fields(f"Date: {date}"))
    assert (summary.sent, summary.sent_day) == (sent, day)


def part(kind: str, *lines: str) -> str:
    return "\r\n".join(("--b", f"Content-Type: {kind}", *lines, "", "x", ""))


@pytest.mark.parametrize(
    ("container", "parts", "expected"),
    [
        ("mixed", (part("text/plain"),), False),
        ("alternative", (part("text/plain"), part("text/html")), False),
        ("mixed", (part("text/plain"), part("application/pdf")), True),
        ("mixed", (part("text/plain"), part("a/b", "Content-Disposition: attachment")), True),
        ("mixed", (part("text/plain"), part("text/x-patch; name=a.diff")), True),
        ("related", (part("text/html"), part("image/png", "Content-ID: <a@b>")), False),
        ("mixed", (part("text/html"), part("image/png", "Content-ID: <a@b>")), True),
        ("mixed", (part("text/plain"), part("image/png", "Content-Disposition: inline")), True),
        ("signed", (part("text/plain"), part("application/pgp-signature; name=s.asc")), False),
        ("mixed", (part("text/plain"), part("message/rfc822")), True),
        ("report", (part("text/plain"), part("message/rfc822")), False),
        ("alternative", (part("text/plain"), part("text/calendar; method=REQUEST")), False),
    ],
)  # fmt: skip
def test_has_attachment(container: str, parts: tuple[str, ...], expected: bool) -> None:
    raw = f"Content-Type: multipart/{container}; boundary=b\r\n\r\n{''.join(parts)}--b--\r\n"
    assert summarize(raw.encode()).has_attachment is expected
    pdf = b"Content-Type: application/pdf\r\n\r\nx"
    assert summarize(pdf).has_attachment


def test_sort_keys_use_the_first_address() -> None:
    summary = summarize(
        fields(
            "From: Group: Anna <anna@x>, beat@x;",
            "To: =?utf-8?Q?=C3=84nne?= <carl@x>, dora@x",
            "Cc: EMIL@x",
        )
    )
    assert (summary.sort_from, summary.sort_to, summary.sort_cc) == ("ANNA", "CARL", "EMIL")
    assert summary.sort_display_from == "ANNA"
    assert summary.sort_display_to == "A\u0308NNE"


@given(st.binary(max_size=400))
@example(b"")
@example(b"\r\nbody")
@example(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n")
@example(b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny")
def test_fields_put_before_all_others_move_what_is_known(rest: bytes) -> None:
    """As a message comes from the wire: it does not begin in the middle of a field."""
    raw = b"Subject: Hello\r\n" + rest
    fields = b"Return-Path: <a@b.example>\r\nDelivered-To: c@d.example\r\n"
    assert below(summarize(raw), len(fields)) == summarize(fields + raw)
