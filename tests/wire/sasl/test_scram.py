"""SCRAM-SHA-256 against the example of RFC 7677 and against a client written from RFC 5802."""

import hashlib
import hmac
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.wire.sasl.mechanisms import begin, random_nonce
from alphorn.wire.sasl.scram import MAX_NONCE
from alphorn.wire.sasl.steps import (
    MAX_RESPONSE,
    Challenge,
    Exchange,
    Failure,
    FailureKind,
    FindScram,
    ScramKeys,
    Step,
    Success,
)

SALT = b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
ITERATIONS = 4096
NONCE = b"%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"


def keys_of(password: bytes, credential: int | None = None) -> ScramKeys:
    salted = hashlib.pbkdf2_hmac("sha256", password, SALT, ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return ScramKeys(hashlib.sha256(client_key).digest(), server_key, credential)


PENCIL = keys_of(b"pencil", 7)


def start(initial: bytes | None) -> Exchange:
    exchange = begin("SCRAM-SHA-256", initial, lambda: NONCE)
    assert exchange is not None
    return exchange


def client_final(
    password: bytes, first_bare: bytes, server_first: bytes, gs2: bytes = b"n,,"
) -> bytes:
    nonce = server_first.split(b",")[0].removeprefix(b"r=")
    without = b"c=" + b64encode(gs2) + b",r=" + nonce
    auth_message = first_bare + b"," + server_first + b"," + without
    salted = hashlib.pbkdf2_hmac("sha256", password, SALT, ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(client_key).digest(), auth_message, "sha256")
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    return without + b",p=" + b64encode(proof)


def log_in(password: bytes, keys: tuple[ScramKeys, ...], gs2: bytes = b"n,,") -> Step:
    """The last step of a whole dialog."""
    bare = b"n=anna,r=abc"
    exchange = start(gs2 + bare)
    first = exchange.found(SALT, ITERATIONS, keys)
    assert isinstance(first, Challenge)
    last = exchange.respond(client_final(password, bare, first.data, gs2))
    return exchange.respond(b"") if isinstance(last, Challenge) else last


def test_the_example_of_rfc_7677() -> None:
    exchange = start(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
    assert exchange.step == FindScram("user")
    assert exchange.found(SALT, ITERATIONS, (PENCIL,)) == Challenge(
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    )
    assert exchange.respond(
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    ) == Challenge(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", last=True)
    assert exchange.respond(b"") == Success("user", 7)


def test_without_initial_response_the_client_is_asked() -> None:
    exchange = start(None)
    assert exchange.step == Challenge(b"")
    assert exchange.respond(b"n,,n=user,r=abc") == FindScram("user")


def test_each_secret_of_the_account_is_tried() -> None:
    keys = (keys_of(b"account"), keys_of(b"device one", 1), keys_of(b"device two", 2))
    assert log_in(b"account", keys) == Success("anna", None)
    assert log_in(b"device one", keys) == Success("anna", 1)
    assert log_in(b"device two", keys) == Success("anna", 2)


def test_a_wrong_password_fails_and_says_for_whom() -> None:
    step = log_in(b"pen", (PENCIL,))
    assert isinstance(step, Failure)
    assert (step.kind, step.identity) == (FailureKind.CREDENTIALS, "anna")


def test_an_unknown_account_fails_like_a_wrong_password() -> None:
    assert log_in(b"pencil", ()) == log_in(b"pen", (PENCIL,))


def test_the_client_may_say_that_it_knows_channel_binding() -> None:
    assert log_in(b"pencil", (PENCIL,), b"y,,") == Success("anna", 7)


def test_the_own_name_as_authorization_identity() -> None:
    assert log_in(b"pencil", (PENCIL,), b"n,a=anna,") == Success("anna", 7)


def test_escaped_names() -> None:
    assert start(b"n,,n=a=2Cb=3Dc,r=x").step == FindScram("a,b=c")
    assert start("n,,n=jörg,r=x".encode()).step == FindScram("jörg")


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (b"", FailureKind.MALFORMED),
        (b"n=user,r=abc", FailureKind.MALFORMED),
        (b"n,,n=,r=abc", FailureKind.MALFORMED),
        (b"n,,n=user,r=", FailureKind.MALFORMED),
        (b"n,,n=us\0er,r=abc", FailureKind.MALFORMED),
        (b"n,,n=us=er,r=abc", FailureKind.MALFORMED),
        (b"n,,n=us=2cer,r=abc", FailureKind.MALFORMED),
        (b"n,,n=\xff,r=abc", FailureKind.MALFORMED),
        (b"n,,n=user,r=a b", FailureKind.MALFORMED),
        (b"n,,m=x,n=user,r=abc", FailureKind.MALFORMED),
        (b"p=tls-exporter,,n=user,r=abc", FailureKind.MALFORMED),
        (b"n,,n=user,r=" + b"x" * (MAX_NONCE + 1), FailureKind.MALFORMED),
        (b"n,,n=user,r=abc," + b"x=" * MAX_RESPONSE, FailureKind.MALFORMED),
        (b"n,a=bert,n=anna,r=abc", FailureKind.AUTHORIZATION),
    ],
)
def test_bad_first_messages(message: bytes, kind: FailureKind) -> None:
    step = start(message).step
    assert isinstance(step, Failure)
    assert step.kind is kind


@pytest.mark.parametrize(
    "change",
    [
        lambda m: b"",
        lambda m: m.replace(b"c=biws", b"c=eSws"),
        lambda m: m.replace(b"c=biws", b"c=*"),
        lambda m: m.replace(b"c=biws", b"c=bi"),
        lambda m: m.replace(b"r=abc", b"r=abd"),
        lambda m: m.replace(b",p=", b",q="),
        lambda m: m + b",x=y",
        lambda m: m[:-4],
        lambda m: m.rpartition(b"p=")[0] + b"p=" + b64encode(b"short"),
    ],
)
def test_tampering_with_the_final_message_fails(change) -> None:  # type: ignore[no-untyped-def]
    exchange = start(b"n,,n=anna,r=abc")
    first = exchange.found(SALT, ITERATIONS, (PENCIL,))
    assert isinstance(first, Challenge)
    good = client_final(b"pencil", b"n=anna,r=abc", first.data)
    step = exchange.respond(change(good))
    assert isinstance(step, Failure)


def test_the_last_answer_must_be_empty() -> None:
    exchange = start(b"n,,n=anna,r=abc")
    first = exchange.found(SALT, ITERATIONS, (PENCIL,))
    assert isinstance(first, Challenge)
    exchange.respond(client_final(b"pencil", b"n=anna,r=abc", first.data))
    assert isinstance(exchange.respond(b"x"), Failure)


def test_calls_out_of_order_are_the_callers_mistake() -> None:
    exchange = start(b"n,,n=anna,r=abc")
    with pytest.raises(ValueError):
        exchange.respond(b"c=biws")
    exchange.found(SALT, ITERATIONS, ())
    with pytest.raises(ValueError):
        exchange.found(SALT, ITERATIONS, ())


def test_nonces_differ_and_fit_the_grammar() -> None:
    nonces = {random_nonce() for _ in range(100)}
    assert len(nonces) == 100
    assert all(len(nonce) == 24 and b"," not in nonce and nonce.isascii() for nonce in nonces)


@given(st.integers(0, 200), st.integers(0, 255))
def test_one_changed_octet_never_succeeds(at: int, octet: int) -> None:
    exchange = start(b"n,,n=anna,r=abc")
    first = exchange.found(SALT, ITERATIONS, (PENCIL,))
    assert isinstance(first, Challenge)
    good = GOOD_FINAL
    at %= len(good)
    changed = good[:at] + bytes([octet]) + good[at + 1 :]
    step = exchange.respond(changed)
    assert isinstance(step, Challenge) is (changed == good)


GOOD_FINAL = client_final(
    b"pencil",
    b"n=anna,r=abc",
    b"r=abc" + NONCE + b",s=" + b64encode(SALT) + b",i=4096",
)
