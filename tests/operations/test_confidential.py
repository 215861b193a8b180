"""Gateways, and addresses that are to use one only: asked for, approved, refused, taken back."""

from collections.abc import Callable
from pathlib import Path

import pytest

from alphorn.base.address import AddressError
from alphorn.base.errors import AlphornError, Exists, NotFound, Refused
from alphorn.directory.gateway_files import GatewayFiles
from alphorn.directory.values import AddressKind, ConfidentialState, Role
from alphorn.operations import accounts, addresses, confidential, gateways, redirects, users
from alphorn.operations.control import Actor, Control
from alphorn.operations.gateways import Wanted
from alphorn.operations.rights import Forbidden
from tests.support.gateway import HOST, add_gateway, authority, make_confidential, ours, wanted
from tests.support.installation import NOW, Installation

ANNA, BERT, INFO = "anna@example.test", "bert@example.test", "info@example.test"
MARIA = "maria@example.test"


@pytest.fixture
def folder(installation: Installation) -> Path:
    return installation.folder / "gateways"


@pytest.fixture
def control(installation: Installation, folder: Path) -> Control:
    """With Anna, Bert, an alias of Anna's and the gateway hin."""
    installation.domain()
    installation.account(ANNA)
    installation.account(BERT)
    addresses.add_alias(installation.control, INFO, ANNA)
    add_gateway(installation.control, folder)
    return installation.control


def manager(control: Control) -> Control:
    """As Maria, who manages Acme."""
    maria = users.add_user(control, MARIA)
    users.set_membership(control, MARIA, "Acme", Role.MANAGER)
    return control.acting_as(Actor(user_id=maria.id))


def gateway_of(installation: Installation, address: str) -> str:
    local, _, domain = address.rpartition("@")
    route = installation.view.route(local, domain)
    assert route is not None
    assert installation.view.gateway_of(address) == route.gateway
    return route.gateway


def test_a_manager_asks_and_an_operator_approves(
    control: Control, installation: Installation
) -> None:
    maria = manager(control)
    asked = confidential.request(maria, ANNA, "HIN", "  for the\tpractice ")
    assert asked.state is ConfidentialState.REQUESTED
    assert (asked.asked_by, asked.asked, asked.asked_note) == (MARIA, NOW, "for the practice")
    assert gateway_of(installation, ANNA) == "", "nothing changes yet"
    with pytest.raises(Forbidden):
        confidential.approve(maria, ANNA)
    with pytest.raises(Forbidden):
        confidential.refuse(maria, ANNA)
    with pytest.raises(Exists):
        confidential.request(maria, ANNA, "hin")
    installation.clock.now += 5
    approved = confidential.approve(control, ANNA, "welcome")
    assert approved.state is ConfidentialState.ACTIVE
    assert (approved.decided_by, approved.decided) == ("operator", NOW + 5)
    assert gateway_of(installation, ANNA) == "hin"
    assert gateway_of(installation, "anna+detail@example.test") == "hin"
    assert gateway_of(installation, INFO) == "", "another address of the same account"
    assert installation.view.gateway_of("anna@elsewhere.test") == ""
    assert installation.view.gateway_of("nobody@example.test") == ""
    with pytest.raises(Exists):
        confidential.request(maria, ANNA, "hin")
    assert confidential.list_confidential(maria) == (approved,)
    confidential.withdraw(maria, ANNA)
    assert gateway_of(installation, ANNA) == ""
    with pytest.raises(Refused):
        confidential.withdraw(maria, ANNA)
    again = confidential.request(maria, ANNA, "hin")
    assert (again.state, again.decided) == (ConfidentialState.REQUESTED, None)


def test_what_is_refused_stays_ordinary(control: Control, installation: Installation) -> None:
    confidential.request(control, ANNA, "hin")
    assert confidential.refuse(control, ANNA, "no contract").decided_note == "no contract"
    assert gateway_of(installation, ANNA) == ""
    with pytest.raises(Refused, match="it is refused"):
        confidential.approve(control, ANNA)
    with pytest.raises(NotFound):
        confidential.approve(control, BERT)
    assert confidential.list_confidential(control, state=ConfidentialState.ACTIVE) == ()
    assert len(confidential.list_confidential(control, gateway="hin", organization="Acme")) == 1


def test_nobody_sees_or_asks_for_others(control: Control, installation: Installation) -> None:
    installation.domain("other.test", "Other")
    installation.account("olga@other.test")
    make_confidential(control, "olga@other.test")
    maria = manager(control)
    assert confidential.list_confidential(maria) == ()
    for act in (confidential.withdraw, lambda c, a: confidential.request(c, a, "hin")):
        with pytest.raises(Forbidden):
            act(maria, "olga@other.test")
    anna = installation.view.account_by_address(ANNA)
    assert anna is not None
    holder = control.acting_as(Actor(account_id=anna.id))
    make_confidential(control, ANNA)
    assert [one.address for one in confidential.list_confidential(holder)] == [ANNA]


def test_only_addresses_with_a_mailbox_of_one(control: Control) -> None:
    addresses.add_redirect(control, "far@example.test", ["x@far.test"])
    addresses.add_catch_all(control, "example.test", ANNA)
    for address in ("far@example.test", "*@example.test"):
        with pytest.raises(Refused, match="only an account's address or an alias"):
            confidential.request(control, address, "hin")
    make_confidential(control, INFO)
    with pytest.raises(NotFound):
        confidential.request(control, ANNA, "other")


def test_redirects_of_ours_lead_to_the_same_gateway(
    control: Control, installation: Installation, folder: Path
) -> None:
    redirects.set_redirect(control, ANNA, [BERT])
    with pytest.raises(Refused, match="does not use the same"):
        confidential.request(control, ANNA, "hin")
    redirects.set_redirect(control, ANNA, ["x@far.test"])
    confidential.request(control, ANNA, "hin")
    redirects.set_redirect(control, ANNA, [BERT])  # nothing holds yet
    with pytest.raises(Refused, match="does not use the same"):
        confidential.approve(control, ANNA)
    redirects.set_redirect(control, ANNA, [])
    confidential.approve(control, ANNA)
    for bad in ([BERT], ["x@far.test", "Bert+detail@EXAMPLE.test"], ["nobody@example.test"]):
        with pytest.raises(Refused, match="does not use the same"):
            redirects.set_redirect(control, ANNA, bad)
    add_gateway(control, folder, "other", networks=["198.51.100.1"])
    make_confidential(control, BERT, "other")
    with pytest.raises(Refused, match="does not use the same"):
        redirects.set_redirect(control, ANNA, [BERT])
    confidential.withdraw(control, BERT)
    make_confidential(control, BERT)
    redirects.set_redirect(control, ANNA, [BERT, "x@far.test"])


# -- gateways --------------------------------------------------------------------------------------


def test_one_that_is_removed_never_falls_to_a_catch_all(
    control: Control, installation: Installation
) -> None:
    addresses.add_catch_all(control, "example.test", BERT)
    for address in (ANNA, INFO):
        make_confidential(control, address)
    assert addresses.remove_address(control, INFO).kind is AddressKind.REFUSED
    assert installation.view.route("info", "example.test") is None
    accounts.remove_account(control, ANNA)
    assert installation.view.route("anna", "example.test") is None
    assert confidential.list_confidential(control) == ()
    addresses.remove_address(control, INFO)  # once more, and it is like any other
    assert installation.view.route("info", "example.test") is not None


def test_a_gateway_is_set_up_changed_and_removed(
    control: Control, installation: Installation, folder: Path
) -> None:
    (info,) = gateways.list_gateways(control)
    assert (info.hosts, info.port, info.clients) == ((HOST,), 25, (HOST,))
    assert installation.view.gateways() == (info,)
    assert installation.view.gateways() is installation.view.gateways()
    files = GatewayFiles.of(folder, "hin")
    for path in (files.ca, files.certificate, files.key):
        assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in folder.iterdir()) == ["hin"]

    renewed = authority().issue("alphorn.test")
    change = Wanted(
        contact="help@hin.test",
        clients=["sha256:" + "0A" * 32, "any"],
        certificate=renewed.certificate,
        key=renewed.key,
    )
    changed = gateways.change_gateway(control, folder, "HIN", change)
    assert changed.clients == ("sha256:" + "0a" * 32, "any")
    assert changed.hosts == info.hosts
    assert files.certificate.read_bytes() == renewed.certificate
    assert files.ca.read_bytes() == authority().pem
    assert installation.view.gateways() == (changed,)

    make_confidential(control, ANNA)
    with pytest.raises(Refused, match="1 addresses use hin"):
        gateways.remove_gateway(control, folder, "hin")
    confidential.withdraw(control, ANNA)
    gateways.remove_gateway(control, folder, "hin")
    assert not files.folder.exists()
    assert installation.view.gateways() == ()
    assert confidential.list_confidential(control) == ()
    with pytest.raises(NotFound):
        gateways.remove_gateway(control, folder, "hin")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"ca": None}, "needs also: ca"),
        ({"hosts": []}, "needs also: hosts"),
        ({"networks": None, "key": None}, "needs also: networks, key"),
        ({"hosts": ["a b"]}, "host name"),
        ({"hosts": ["192.0.2.9"]}, "Say by which certificate"),
        ({"port": 0}, "between"),
        ({"clients": ["*.hin.test"]}, "neither"),
        ({"networks": ["192.0.2.300"]}, "network"),
        ({"networks": ["0.0.0.0/0"], "clients": ()}, "cannot call from everywhere"),
        ({"networks": [f"203.0.113.{n}" for n in range(21)]}, "at most 20"),
        ({"networks": ["192.0.2.8/29"]}, "hin calls from 192.0.2.0/28 already"),
        ({"networks": ["192.0.0.0/8"]}, "hin calls from 192.0.2.0/28 already"),
        ({"contact": "nobody"}, "@"),
        ({"ca": b"no certificate"}, "cannot be used"),
        ({"key": b"no key"}, "cannot be used"),
        ({"certificate": authority().issue("x.test").certificate}, "cannot be used"),
        ({"ca": b"x" * ((1 << 20) + 1)}, "at most"),
    ],
)
def test_what_is_no_gateway(
    control: Control, folder: Path, other: dict[str, object], said: str
) -> None:
    usual: dict[str, object] = {"networks": ["198.51.100.0/24"]}
    with pytest.raises(AlphornError, match=said):
        add_gateway(control, folder, "second", **{**usual, **other})
    assert [one.name for one in gateways.list_gateways(control)] == ["hin"]
    assert sorted(path.name for path in folder.iterdir()) == ["hin"]


@pytest.mark.parametrize("name", ["", "a.b", "../x", "x" * 64, "-x", "ü", "a b"])
def test_names_of_gateways(control: Control, folder: Path, name: str) -> None:
    with pytest.raises(Refused, match="no name for a gateway"):
        add_gateway(control, folder, name, networks=["198.51.100.0/24"])


def test_a_change_that_is_wrong_changes_nothing(control: Control, folder: Path) -> None:
    (before,) = gateways.list_gateways(control)
    with pytest.raises(Refused, match="cannot be used"):
        gateways.change_gateway(control, folder, "hin", Wanted(hosts=["x.test"], key=b"wrong"))
    with pytest.raises(AddressError):
        gateways.change_gateway(control, folder, "hin", Wanted(contact="@"))
    with pytest.raises(Refused):
        gateways.change_gateway(control, folder, "hin", Wanted(hosts=[]))
    assert gateways.list_gateways(control) == (before,)
    files = GatewayFiles.of(folder, "hin")
    assert files.key.read_bytes() == ours().key
    files.client_context()


def test_only_operators_set_up_gateways(control: Control, folder: Path) -> None:
    maria = manager(control)
    acts: list[Callable[[], object]] = [
        lambda: gateways.add_gateway(maria, folder, "mine", wanted(networks=["198.51.100.1"])),
        lambda: gateways.change_gateway(maria, folder, "hin", Wanted(port=26)),
        lambda: gateways.remove_gateway(maria, folder, "hin"),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act()
    with pytest.raises(Exists):
        add_gateway(control, folder)
    assert [one.name for one in gateways.list_gateways(maria)] == ["hin"]
