"""The mark of confidential mail: ours alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.message import complete, confidential_field, own_fields, spam_field

MAIL = b"From: a@b.test\r\nSubject: Hi\r\n\r\nX-Alphorn-Confidential: gateway=body\r\n"


def test_what_is_written_is_read() -> None:
    raw = confidential_field.render("hin-2") + MAIL
    assert confidential_field.read(raw) == "hin-2"
    assert confidential_field.without(raw) == MAIL
    assert confidential_field.read(MAIL) == ""


@pytest.mark.parametrize(
    "field",
    [
        b"X-Alphorn-Confidential: gateway=hin\r\n",
        b"x-alphorn-CONFIDENTIAL : gateway=hin\r\n",
        b"X-Alphorn-Confidential:\r\n gateway=hin\r\n\tmore\r\n",
        b"X-Alphorn-Confidential:\n",
    ],
)
def test_forged_ones_go_however_they_are_written(field: bytes) -> None:
    for raw in (field + MAIL, MAIL.replace(b"Subject", field + b"Subject"), field * 3 + MAIL):
        assert own_fields.without(raw) == MAIL
        assert confidential_field.read(own_fields.without(raw)) == ""
    spam = spam_field.render(1.0, 5.0, "ham")
    assert own_fields.without(field + spam + field + MAIL) == MAIL


def test_our_users_send_none() -> None:
    done = complete.complete(confidential_field.render("hin") + MAIL, 0.0, "1@b.test")
    assert confidential_field.read(done) == ""


@pytest.mark.parametrize("value", ["hin", "gateway=", "gateway=Hin", "gateway=a b", "gateway=-a"])
def test_what_is_no_mark(value: str) -> None:
    assert confidential_field.read(f"X-Alphorn-Confidential: {value}\r\n\r\n".encode()) == ""


@given(st.binary(max_size=200))
def test_nothing_survives_removal(junk: bytes) -> None:
    raw = own_fields.without(junk + b"\r\nX-Alphorn-Confidential: gateway=hin\r\n" + junk)
    assert confidential_field.read(own_fields.without(raw)) == ""
