import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.message import received
from alphorn.message.header import Head
from alphorn.message.received import Hop
from tests.support.cost import cost

NOON = 1739444400


def test_field() -> None:
    hop = Hop(
        host="mx.example.test",
        protocol="ESMTPS",
        transaction="abc123",
        helo="mail.example.org",
        peer="192.0.2.1",
        peer_name="real.example.org",
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
        recipient="anna@example.test",
    )
    assert received.field(hop, NOON, 60) == (
        b"Received: from mail.example.org (real.example.org [192.0.2.1])\r\n"
        b"\t(using TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n"
        b"\tby mx.example.test (Alphorn) with ESMTPS\r\n"
        b"\tid abc123\r\n"
        b"\tfor <anna@example.test>;\r\n"
        b"\tThu, 13 Feb 2025 12:00:00 +0100\r\n"
    )


def test_field_with_little_known() -> None:
    assert received.field(Hop("mx.example.test", "LMTP", "1"), NOON) == (
        b"Received: by mx.example.test (Alphorn) with LMTP\r\n\tid 1;\r\n"
        b"\tThu, 13 Feb 2025 11:00:00 +0000\r\n"
    )
    hop = Hop("mx.example.test", "ESMTP", "1", helo="x", peer="2001:db8::1")
    assert b"from x ([IPv6:2001:db8::1])\r\n" in received.field(hop, NOON)


@pytest.mark.parametrize("evil", ["a\r\nX: y", "a) (b", "a; b", "a\0b", "a\\", "a" * 1000])
def test_what_a_client_says_stays_inside(evil: str) -> None:
    hop = Hop("mx", "ESMTP", "1", evil, evil, evil, evil, "anna@example.test")
    raw = received.field(hop, NOON)
    assert raw.count(b"\n") == raw.count(b"\r\n\t") + 1
    assert raw.count(b"(") == raw.count(b")") == 3
    assert b"\0" not in raw
    assert all(len(line) <= 1100 for line in raw.split(b"\r\n"))
    for field in (received.return_path(evil), received.delivered_to(evil)):
        assert field.count(b"\n") == 1


def test_return_path() -> None:
    assert received.return_path("") == b"Return-Path: <>\r\n"
    assert received.return_path("a@b") == b"Return-Path: <a@b>\r\n"


def test_loops_show() -> None:
    raw = (
        received.delivered_to("Anna@example.test")
        + received.field(Hop("a", "SMTP", "1"), NOON) * 3
        + b"Subject: x\r\n\r\nReceived: not this one\r\nDelivered-To: nor@this.one\r\n"
    )
    assert received.hops(Head(raw)) == 3
    assert received.been_at(Head(raw)) == {"anna@example.test"}


def test_a_header_full_of_addresses_is_not_read() -> None:
    """What our own fields say stands on top and counts; the rest costs next to nothing."""
    ours = received.delivered_to("anna@example.test")
    long = b"Delivered-To: x@example.test\r\n " + (b"a@b<c>" * 9000 + b"\r\n ") * 40 + b"\r\n"
    many = b"Delivered-To: y@example.test\r\n" * 100_000
    raw = ours + long + many
    assert received.been_at(Head(raw)) == {"anna@example.test", "y@example.test"}
    assert cost(lambda: received.been_at(Head(raw)), 0.5) < 0.5


@pytest.mark.parametrize(
    ("peer", "name"),
    [("192.0.2.1", "mail.other.test"), ("2001:db8::1", "a"), ("192.0.2.1", ""), ("", "")],
)
def test_the_client_is_read_back(peer: str, name: str) -> None:
    hop = Hop("mx.test", "ESMTPS", "1", helo="(evil [10.0.0.1])", peer=peer, peer_name=name)
    raw = received.field(hop, NOON) + b"Received: from x (y [10.0.0.2])\r\n by z\r\n\r\n"
    assert received.client(raw) == (peer, name if peer else "")


@given(st.binary(max_size=300))
def test_any_octets_have_a_client_or_none(octets: bytes) -> None:
    peer, name = received.client(b"Received: from " + octets)
    assert bool(peer) or not name
