"""Who calls is asked for a certificate or not, and recognized or not: real handshakes in memory."""

import logging
import ssl
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from alphorn.base.errors import NotFound, Refused
from alphorn.directory.gateway_files import GatewayFiles
from alphorn.directory.values import GatewayInfo
from alphorn.servers.gateways import Gateways, shown
from alphorn.servers.records import Records
from alphorn.servers.tls import TlsFiles
from tests.support.authority import Authority, Issued
from tests.support.gateway import HOST, authority, ours
from tests.support.stage import certificate_files

CALLER, STRANGER = "192.0.2.7", "198.51.100.7"
HIN = GatewayInfo("hin", (HOST,), 25, (HOST,), ("192.0.2.0/28",))


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: tuple[GatewayInfo, ...] = (HIN,)
        self.own: TlsFiles = certificate_files(folder)
        self.files = GatewayFiles.of(folder / "gateways", "hin")
        self.files.put(authority().pem, ours().certificate, ours().key)
        self.gateways = Gateways(folder / "gateways", lambda: self.known, lambda: self.own)

    def calls(self, shows: Issued | None = None, client: str = CALLER) -> str:
        """A whole handshake and what is made of it; ssl.SSLError where that ends in one."""
        context = self.gateways.asking(client) or self.own.load()
        asked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        asked.check_hostname, asked.verify_mode = False, ssl.CERT_NONE
        if shows is not None:
            asked.load_cert_chain(*shows.files(self.folder, "shown"))
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        caller = asked.wrap_bio(incoming, outgoing, server_hostname="mx.example.test")
        server, over = Records(context), False
        while not over:
            try:
                caller.do_handshake()
            except ssl.SSLWantReadError:
                pass
            over = server.handshake(outgoing.read())
            incoming.write(server.outgoing())
        return self.gateways.recognized(client, server.object)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_its_certificate_proves_a_gateway(place: Place) -> None:
    assert place.calls(authority().issue(HOST, "other.test")) == "hin"
    assert place.calls(authority().issue(common_name=HOST)) == "hin"
    assert place.calls(authority().issue("other.hin.test")) == ""
    assert place.calls() == ""


def test_strangers_are_not_asked(place: Place) -> None:
    assert place.gateways.asking(STRANGER) is None
    assert place.calls(authority().issue(HOST), STRANGER) == ""
    assert place.calls(Authority("Somebody").issue("x.test"), STRANGER) == ""
    place.known = ()
    assert place.gateways.asking(CALLER) is None


@pytest.mark.parametrize("days", [-0.5, 10])
def test_no_certificate_of_another_authority_gets_in(place: Place, days: float) -> None:
    issuer = Authority(authority().name) if days > 0 else authority()  # of the same name
    with pytest.raises(ssl.SSLError):
        place.calls(issuer.issue(HOST, days=days))


def test_by_digest_by_authority_and_by_network(place: Place) -> None:
    one, two = authority().issue("a.test"), authority().issue("b.test")
    place.known = (replace(HIN, clients=(f"sha256:{shown(one.der).digest}",)),)
    assert (place.calls(one), place.calls(two)) == ("hin", "")
    place.known = (replace(HIN, clients=("any",)),)
    assert (place.calls(one), place.calls(two), place.calls()) == ("hin", "hin", "")
    place.known = (replace(HIN, clients=()),)
    assert place.gateways.asking(CALLER) is None
    assert (place.calls(), place.calls(client=STRANGER)) == ("hin", "")
    assert place.gateways.recognized(CALLER, None) == "", "without TLS it is nobody"


def test_between_two_gateways_none_is_taken_for_the_other(place: Place) -> None:
    place.known = (HIN, replace(HIN, name="two", networks=(CALLER,)))
    assert place.gateways.at(CALLER) is None
    assert place.calls(authority().issue(HOST)) == ""
    near = place.gateways.at("192.0.2.8")
    assert near is not None
    assert near.name == "hin"


def test_files_that_changed_are_read_again(place: Place) -> None:
    other = Authority("Another")
    first = place.gateways.asking(CALLER)
    assert place.gateways.asking(CALLER) is first
    assert place.gateways.find("hin") == place.gateways.find("hin")
    before = place.gateways.find("hin")
    place.files.put(other.pem, None, None)
    assert place.gateways.asking(CALLER) is not first
    assert place.gateways.find("hin") != before
    assert place.calls(other.issue(HOST)) == "hin"


def test_files_that_are_gone_are_a_fault_of_ours(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """Mail waits then; it is not refused."""
    place.files.ca.unlink()
    with caplog.at_level(logging.ERROR), pytest.raises(Refused) as caught:
        place.calls()
    assert caught.value.code == "gateway-files"
    assert "is missing" in caplog.text
    with pytest.raises(Refused):
        place.gateways.find("hin")
    with pytest.raises(NotFound):
        place.gateways.find("other")


@pytest.mark.parametrize(
    ("issued", "names", "common"),
    [
        (
            authority().issue("a.test", "b.test", common_name="c.test"),
            ("a.test", "b.test"),
            "c.test",
        ),
        (authority().issue(common_name="c.test"), (), "c.test"),
    ],
)
def test_what_a_certificate_says(issued: Issued, names: Sequence[str], common: str) -> None:
    told = shown(issued.der)
    assert (told.names, told.common_name) == (tuple(names), common)
    assert len(told.digest) == 64
