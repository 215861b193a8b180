"""Results that somebody else wrote down: what strangers put among them is none of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.mailauth.said import read

OURS = "mx.example.org"


def results(value: str) -> list[tuple[str, str]]:
    return [(one.method, one.outcome) for one in read(value)[1]]


def test_who_said_what() -> None:
    name, found = read(
        f'{OURS} 1; dkim=pass (2048 bits) reason="fine" header.d=A.example header.i=@a.example;\r\n'
        " DMARC/1 = Pass header.from=a.example; spf=softfail smtp.mailfrom=x@b.example; none"
    )
    assert name == OURS
    assert [(one.method, one.outcome) for one in found] == [
        ("dkim", "pass"),
        ("dmarc", "pass"),
        ("spf", "softfail"),
    ]
    assert found[0].properties == {"header.d": "a.example", "header.i": "@a.example"}
    assert found[2].properties == {"smtp.mailfrom": "x@b.example"}


@pytest.mark.parametrize(
    "value",
    [
        'spf=fail smtp.mailfrom="; dmarc=pass header.from=bank.example; "@evil.example',
        'spf=fail smtp.mailfrom="a\\"; dmarc=pass header.from=bank.example; "@evil.example',
        "spf=fail (domain of x; dmarc=pass header.from=bank.example) smtp.mailfrom=evil.example",
        'spf=fail (a "b) smtp.mailfrom=evil.example (c" ; dmarc=pass header.from=bank.example)',
        "spf=fail (a \\) ; dmarc=pass ) smtp.mailfrom=evil.example",
        'spf=fail smtp.mailfrom="; dmarc=pass header.from=bank.example',
        "spf=fail (; dmarc=pass header.from=bank.example",
        "spf=fail reason=x dmarc=pass",
        "spf=fail x-dmarc=pass",
    ],
)
def test_words_of_strangers_are_no_results(value: str) -> None:
    assert results(f"{OURS}; {value}") == [("spf", "fail")]


@pytest.mark.parametrize(
    "value", ["", ";", f"{OURS}", f"{OURS};;", f"{OURS}; none", f"{OURS}; a b"]
)
def test_nothing_said(value: str) -> None:
    assert results(value) == []


@given(st.text(st.sampled_from('ab=;:"\\() \t./-é'), max_size=200))
def test_anything(value: str) -> None:
    name, found = read(value)
    assert isinstance(name, str)
    assert all(one.method and one.outcome for one in found)
