"""PLAIN and LOGIN: what they read, what they refuse, and that no password ever prints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.base.secret import Secret
from alphorn.wire.sasl.mechanisms import MECHANISMS, begin
from alphorn.wire.sasl.steps import (
    MAX_NAME,
    MAX_PASSWORD,
    Challenge,
    CheckPassword,
    Exchange,
    Failure,
    FailureKind,
    FindScram,
    ScramKeys,
    Success,
)


def start(name: str, initial: bytes | None = None) -> Exchange:
    exchange = begin(name, initial)
    assert exchange is not None
    return exchange


def test_plain_with_initial_response() -> None:
    step = start("plain", b"\0anna@example.test\0pen cil").step
    assert step == CheckPassword("anna@example.test", Secret("pen cil"))
    assert "pen cil" not in repr(step)


def test_plain_without_initial_response_asks_with_an_empty_challenge() -> None:
    exchange = start("PLAIN")
    assert exchange.step == Challenge(b"")
    assert exchange.respond(b"\0anna\0x") == CheckPassword("anna", Secret("x"))


def test_plain_takes_the_own_name_as_authorization_identity() -> None:
    assert start("PLAIN", b"Anna\0anna\0x").step == CheckPassword("anna", Secret("x"))


def test_plain_does_not_let_one_act_for_another() -> None:
    step = start("PLAIN", b"bert\0anna\0x").step
    assert isinstance(step, Failure)
    assert (step.kind, step.identity) == (FailureKind.AUTHORIZATION, "anna")


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"anna",
        b"anna\0secret",
        b"\0anna\0",
        b"\0\0secret",
        b"\0anna\0sec\0ret",
        b"\0an\xffna\0secret",
        b"\0anna\0\xc3",
        b"\0" + b"a" * (MAX_NAME + 1) + b"\0x",
        b"\0a\0" + b"x" * (MAX_PASSWORD + 1),
        b"z" * (MAX_NAME + 1) + b"\0a\0x",
    ],
)
def test_plain_refuses_what_is_not_its_grammar(message: bytes) -> None:
    step = start("PLAIN", message).step
    assert isinstance(step, Failure)
    assert step.kind is FailureKind.MALFORMED


def test_plain_at_its_limits() -> None:
    name, password = "é" * (MAX_NAME // 2), "x" * MAX_PASSWORD
    step = start("PLAIN", f"\0{name}\0{password}".encode()).step
    assert step == CheckPassword(name, Secret(password))


def test_login_asks_for_name_and_password() -> None:
    exchange = start("LOGIN")
    assert exchange.step == Challenge(b"Username:")
    assert exchange.respond(b"anna") == Challenge(b"Password:")
    assert exchange.respond(b"x") == CheckPassword("anna", Secret("x"))


def test_login_takes_an_initial_response_as_the_name() -> None:
    assert start("LOGIN", b"anna").step == Challenge(b"Password:")


@pytest.mark.parametrize("name", [b"", b"\xff", b"a\0b", b"a" * (MAX_NAME + 1)])
def test_login_refuses_a_bad_name(name: bytes) -> None:
    assert isinstance(start("LOGIN").respond(name), Failure)


def test_login_refuses_a_bad_password_and_says_for_whom() -> None:
    step = start("LOGIN", b"anna").respond(b"x" * (MAX_PASSWORD + 1))
    assert isinstance(step, Failure)
    assert step.identity == "anna"


def test_an_unknown_mechanism_is_none() -> None:
    assert begin("CRAM-MD5") is None
    assert begin("") is None


@pytest.mark.parametrize("name", ["PLAIN", "LOGIN"])
def test_an_ended_exchange_takes_nothing_more(name: str) -> None:
    exchange = start(name)
    while isinstance(exchange.step, Challenge):
        exchange.respond(b"a\0a\0b" if name == "PLAIN" else b"a")
    with pytest.raises(ValueError):
        exchange.respond(b"again")
    with pytest.raises(ValueError):
        exchange.found(b"", 1, ())


@given(
    st.sampled_from([mechanism.name for mechanism in MECHANISMS]),
    st.lists(
        st.binary(max_size=40)
        | st.sampled_from([b"", b"n,,n=a,r=b", b"c=biws,r=b", b"\0a\0b", b"y,a=a,n=a,r=b,x=y"]),
        max_size=5,
    ),
)
def test_any_bytes_lead_to_a_step_and_never_to_success(name: str, messages: list[bytes]) -> None:
    """Invariant: no client message raises, and none succeeds without the right proof."""
    exchange = start(name)
    for message in messages:
        if isinstance(exchange.step, FindScram):
            exchange.found(b"salt", 4096, (ScramKeys(b"k" * 32, b"s" * 32, 1),))
        if not isinstance(exchange.step, Challenge):
            break
        exchange.respond(message)
    assert not isinstance(exchange.step, Success)
