"""Senders that programs make up: the same mail is known again, different people are not mixed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.policy.sender_key import sender_key
from tests.support.cost import cost


@pytest.mark.parametrize(
    ("addresses", "key"),
    [
        (["anna@example.org", "Anna@Example.ORG", "anna+lists@example.org"], "anna@example.org"),
        ([""], ""),
        (
            [
                "list-return-1234-anna=example.org@lists.example",
                "list-return-1235-anna=example.org@lists.example",
            ],
            "list-return-#-anna=example.org@lists.example",
        ),
        (["list-bounces+anna=example.org@lists.example"], "list-bounces@lists.example"),
        (
            ["prvs=0123456789=anna@example.org", "prvs=987abc4321=anna@example.org"],
            "anna@example.org",
        ),
        (["btv1==038c1a2b3c4==anna@example.org"], "anna@example.org"),
        (
            [
                "SRS0=HHH=TT=example.org=anna@forward.example",
                "SRS0+kx9/=Y2=example.org=anna@forward.example",
            ],
            "srs=example.org=anna@forward.example",
        ),
        (
            [
                "0100018c2a9c6b4d-3e2b1f5e-77aa-4f1b-000000@eu.mailer.example",
                "0100018c2bbbbb4d-9f2b1f5e-12cd-4aab-000000@eu.mailer.example",
            ],
            "#@eu.mailer.example",
        ),
        (
            ["SRS1=Abc=first.example==HHH=TT=example.org=anna@forward.example"],
            "srs=example.org=anna@forward.example",
        ),
        (
            ["bounce-20260131-17@shop.example", "bounce-20260201-18@shop.example"],
            "bounce-#@shop.example",
        ),
        (["+odd@example.org"], "+odd@example.org"),
        (["no-address"], "no-address"),
    ],
)  # fmt: skip
def test_keys(addresses: list[str], key: str) -> None:
    assert {sender_key(address) for address in addresses} == {key}


def test_other_people_have_other_keys() -> None:
    people = ["anna@example.org", "bert@example.org", "anna@example.net", "annabert@example.org"]
    assert len(set(map(sender_key, people))) == len(people)


@given(st.text(max_size=400))
def test_anything_has_a_bounded_key_that_stays(text: str) -> None:
    key = sender_key(text)
    assert len(key) <= 3 * len(text) + 1
    assert sender_key(key) == sender_key(sender_key(key))


@pytest.mark.parametrize("unit", ["a", "1", "a1", "#-", "=", "prvs=", "srs0=", "-1", "+"])
def test_no_text_takes_long(unit: str) -> None:
    text = unit * 100_000 + "@x.test"
    assert cost(lambda: sender_key(text), 0.1) < 0.1
