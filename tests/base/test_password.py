"""Preparing, judging and making passwords."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.base.password import (
    MAX_OCTETS,
    PasswordError,
    check,
    device_form,
    make_device_password,
    prepare,
)
from alphorn.base.secret import Secret


@pytest.mark.parametrize(
    ("typed", "prepared"),
    [
        ("plain password", "plain password"),
        ("I\u00adX", "IX"),  # RFC 4013 §3: soft hyphen maps to nothing
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),  # another space is a space
        ("cafe\u0301", "caf\u00e9"),
        ("\uff41\uff42", "ab"),
        ("\U0001f512key", "\U0001f512key"),  # younger than SASLprep's Unicode
    ],
)
def test_preparation(typed: str, prepared: str) -> None:
    assert prepare(Secret(typed)) == prepared


@pytest.mark.parametrize(
    "text",
    ["", "a\x00b", "a\nb", "\x7f", "a\u0085", "\ud800", "\u00ad", "x" * 1025, "\u00e9" * 513],
)
def test_what_is_no_password(text: str) -> None:
    with pytest.raises(PasswordError) as caught:
        prepare(Secret(text))
    assert not text or text not in caught.value.text


@given(st.text(max_size=200))
def test_preparation_is_stable(text: str) -> None:
    try:
        once = prepare(Secret(text))
    except PasswordError:
        return
    assert prepare(Secret(once)) == once
    assert len(once.encode()) <= MAX_OCTETS


@pytest.mark.parametrize(
    "text",
    ["short", "aaaaaaaaaaaa", "Password123", "anna@Example.test", "anna.example", "example.test"],
)
def test_too_easy(text: str) -> None:
    with pytest.raises(PasswordError):
        check(Secret(text), "anna@example.test", "anna.example@elsewhere.test")


def test_good_enough() -> None:
    assert check(Secret("correct horse battery"), "anna@example.test", "") == (
        "correct horse battery"
    )


def test_device_passwords_are_long_and_readable() -> None:
    made = {make_device_password(secrets.token_bytes).reveal() for _ in range(200)}
    assert len(made) == 200
    for text in made:
        groups = text.split("-")
        assert [len(group) for group in groups] == [5, 5, 5, 5]
        assert set("".join(groups)) <= set("abcdefghijklmnopqrstuvwxyz234567")  # 32**20 = 2**100


def test_device_passwords_as_people_type_them() -> None:
    text = make_device_password(secrets.token_bytes).reveal()
    for typed in (text, text.upper(), text.replace("-", ""), text.replace("-", " ")):
        assert device_form(Secret(typed)) == text


@given(st.text(max_size=60))
def test_other_texts_are_no_device_passwords(text: str) -> None:
    form = device_form(Secret(text))
    assert form is None or form.replace("-", "") == text.replace("-", "").replace(" ", "").lower()
