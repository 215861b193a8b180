import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.message.envelope import Body, Envelope, EnvelopeRecipient, Notify
from alphorn.queue.values import QueuedMessage
from alphorn.queue.wireform import (
    Features,
    body_for_wire,
    mail_command,
    obstacle,
    recipient_command,
    recipient_obstacle,
)
from tests.queue.helpers import envelope, origin

ALL = Features(size=1000, eight_bit=True, smtputf8=True, dsn=True)
NONE = Features(size=None, eight_bit=False, smtputf8=False, dsn=False)


def message(
    given: Envelope, size: int = 10, eight_bit: bool = False, utf8_header: bool = False
) -> QueuedMessage:
    return QueuedMessage(1, "n", 0, 1, given, origin(), size, eight_bit, utf8_header)


@pytest.mark.parametrize(
    ("raw", "wire"),
    [
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"", b"\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"a\r\n.b\r\n..\r\n", b"a\r\n..b\r\n...\r\n.\r\n"),
        (b"a\n.\r\nb\r.\nc\r\n", b"a\r\n..\r\nb .\r\nc\r\n.\r\n"),
    ],
)
def test_bodies(raw: bytes, wire: bytes) -> None:
    assert body_for_wire(raw) == wire


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"a"]), max_size=12).map(b"".join))
def test_a_body_ends_only_where_it_ends(raw: bytes) -> None:
    """No line end other than CRLF, and no line of one dot but the last: nothing to smuggle."""
    wire = body_for_wire(raw)
    assert wire.count(b"\r") == wire.count(b"\n") == wire.count(b"\r\n")
    lines = wire.split(b"\r\n")
    assert lines[-2:] == [b".", b""]
    assert b"." not in lines[:-2]


def test_features_are_read() -> None:
    extensions = {"size": "35882577", "8bitmime": "", "smtputf8": "", "dsn": "", "x": "y"}
    assert Features.of(extensions) == Features(35882577, True, True, True)
    assert Features.of({"size": ""}).size == 0
    assert Features.of({"size": "-1"}).size == 0
    assert Features.of({}) == NONE


def test_parameters_go_only_to_servers_that_know_them() -> None:
    given = envelope(
        "b@remote.test", body=Body.EIGHT_BIT, smtputf8=True, ret="HDRS", envid="abc+2B"
    )
    entry = EnvelopeRecipient(
        "b@remote.test", frozenset({Notify.SUCCESS, Notify.DELAY}), "rfc822;c@d.test"
    )
    assert mail_command(ALL, message(given)) == (
        b"FROM:<anna@example.test> SIZE=10 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=abc+2B"
    )
    assert mail_command(NONE, message(given)) == b"FROM:<anna@example.test>"
    assert recipient_command(ALL, entry, given.sender) == (
        b"TO:<b@remote.test> NOTIFY=DELAY,SUCCESS ORCPT=rfc822;c@d.test"
    )
    assert recipient_command(NONE, entry, given.sender) == b"TO:<b@remote.test>"


def test_reports_ask_for_no_reports() -> None:
    given = envelope("b@remote.test", sender="")
    assert mail_command(NONE, message(given)) == b"FROM:<>"
    assert recipient_command(ALL, given.recipients[0], "") == b"TO:<b@remote.test> NOTIFY=NEVER"


def test_octets_above_127_are_announced_where_that_is_possible() -> None:
    given = envelope("b@remote.test")
    assert b"BODY" not in mail_command(ALL, message(given))
    assert b"BODY=8BITMIME" in mail_command(ALL, message(given, eight_bit=True))
    assert obstacle(NONE, message(given, eight_bit=True)) is None


def test_a_message_that_is_too_large_is_not_sent() -> None:
    given = message(envelope("b@remote.test"), size=1001)
    refusal = obstacle(ALL, given)
    assert refusal is not None
    assert refusal.enhanced == "5.3.4"
    assert obstacle(Features(0, True, True, True), given) is None


@pytest.mark.parametrize(
    ("sender", "utf8_header", "enhanced"),
    [
        ("anna@example.test", False, None),
        ("anna@example.test", True, "5.6.7"),
        ("änna@example.test", False, "5.6.7"),
        ("anna@exämple.test", False, None),
        ("anna example.test", False, "5.1.7"),
    ],
)
def test_international_mail_needs_a_server_that_takes_it(
    sender: str, utf8_header: bool, enhanced: str | None
) -> None:
    given = message(
        envelope("b@remote.test", sender=sender, smtputf8=True), utf8_header=utf8_header
    )
    refusal = obstacle(NONE, given)
    assert (refusal and refusal.enhanced) == enhanced


def test_an_international_domain_can_always_be_written() -> None:
    entry = EnvelopeRecipient("bert@bücher.test")
    assert recipient_obstacle(NONE, entry.address) is None
    assert recipient_command(NONE, entry, "a@b") == b"TO:<bert@xn--bcher-kva.test>"
    assert recipient_command(ALL, entry, "a@b") == "TO:<bert@bücher.test>".encode()


@pytest.mark.parametrize(
    ("address", "enhanced"),
    [
        ("bert@remote.test", None),
        ('"a b>\\""@remote.test', None),
        ("a(b)@remote.test", None),
        ("o'x+y=z/w@remote.test", None),
        ("bert@[192.0.2.1]", None),
        ("bört@remote.test", "5.6.7"),
        ("bert> SIZE=1@remote.test", "5.1.3"),
        ("bert\r\nDATA@remote.test", "5.1.3"),
        ('"a\r\n"@remote.test', "5.1.3"),
        ("bert@remote.test> X", "5.1.3"),
        ("bert", "5.1.3"),
        ("", "5.1.3"),
    ],
)
def test_addresses(address: str, enhanced: str | None) -> None:
    refusal = recipient_obstacle(NONE, address)
    assert (refusal and refusal.enhanced) == enhanced
