"""What guards an address, as people set and see it, and who may."""

from dataclasses import fields, replace

import pytest

from alphorn.base.errors import NotFound, Refused
from alphorn.directory.values import Protection, Role
from alphorn.operations import addresses, domains, users
from alphorn.operations.accounts import remove_account
from alphorn.operations.control import Actor
from alphorn.operations.protection import OPTIONS, Value, set_protection, show_protection
from alphorn.operations.rights import Forbidden
from tests.support.cost import cost, promised
from tests.support.installation import Installation


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.domain()
    installation.domain("other.test", "Other")
    installation.account("anna@example.test")
    addresses.add_alias(installation.control, "shop@example.test", "anna@example.test")
    return installation


def held(acme: Installation, address: str) -> Protection:
    route = acme.view.route(*address.split("@"))
    assert route is not None
    return acme.view.protection(route)


def test_the_options_are_the_fields() -> None:
    assert [option.name for option in OPTIONS] == [field.name for field in fields(Protection)]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_the_next_message_sees_it_in_every_process(acme: Installation, option: object) -> None:
    name: str = option.name  # type: ignore[attr-defined]
    views = (acme.view, acme.new_view())
    value: Value = (
        7.5 if isinstance(getattr(Protection(), name), float) else (not getattr(Protection(), name))
    )
    for target in ("example.test", "anna@example.test"):
        for said, expected in ((value, value), (None, getattr(Protection(), name))):
            info = set_protection(acme.control, target, {name: said})
            assert getattr(info.held, name) == expected
            for view in views:
                account = view.account_by_address("anna@example.test")
                assert account is not None
                assert getattr(view.protection(account), name) == expected
    assert acme.sql("SELECT count(*) FROM directory_protection") == [(0,)]
    views[1].close()


def test_it_says_who_said_it(acme: Installation) -> None:
    control = acme.control
    set_protection(control, "example.test", {"spam_threshold": 4.0, "dmarc": False})
    set_protection(control, "anna@example.test", {"spam_threshold": 6.0, "greylisting": True})
    set_protection(control, "shop@example.test", {"greylisting": False})
    info = show_protection(control, "Shop@Example.test")
    assert (info.target, info.scope) == ("shop@example.test", "address")
    expected = dict.fromkeys(info.source, "installation") | {
        "spam_threshold": "account", "dmarc": "domain", "greylisting": "address",
    }  # fmt: skip
    assert info.source == expected
    assert info.held == held(acme, "shop@example.test")
    assert info.held == replace(Protection(), spam_threshold=6.0, dmarc=False, greylisting=False)
    assert show_protection(control, "anna@example.test").source["greylisting"] == "account"
    assert show_protection(control, "example.test").source["spam_threshold"] == "domain"
    other = replace(control, protection=Protection(refuse_threshold=0.0))
    assert show_protection(other, "other.test").held == Protection(refuse_threshold=0.0)


def test_what_is_removed_takes_its_settings_with_it(acme: Installation) -> None:
    for target in ("example.test", "anna@example.test", "shop@example.test"):
        set_protection(acme.control, target, {"greylisting": False})
    remove_account(acme.control, "anna@example.test")
    assert acme.sql("SELECT count(*) FROM directory_protection") == [(1,)]
    domains.remove_domain(acme.control, "example.test")
    assert acme.sql("SELECT count(*) FROM directory_protection") == [(0,)]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("example.test", {"spam": 1.0}),
        ("example.test", {"spam_threshold": True}),
        ("example.test", {"spam_threshold": 0.5}),
        ("example.test", {"spam_threshold": float("nan")}),
        ("example.test", {"refuse_threshold": -1}),
        ("example.test", {"refuse_threshold": 1e9}),
        ("example.test", {"colour": True}),
        ("shop@example.test", {"spam": False}),
    ],
)
def test_refusals(acme: Installation, target: str, said: dict[str, Value | None]) -> None:
    with pytest.raises(Refused) as caught:
        set_protection(acme.control, target, said)
    assert caught.value.code == "protection"
    assert acme.sql("SELECT count(*) FROM directory_protection") == [(0,)]


def test_who_may(acme: Installation) -> None:
    manager = users.add_user(acme.control, "m@example.test")
    viewer = users.add_user(acme.control, "v@example.test")
    users.set_membership(acme.control, "m@example.test", "Acme", Role.MANAGER)
    users.set_membership(acme.control, "v@example.test", "Acme", Role.VIEWER)
    anna = acme.view.account_by_address("anna@example.test")
    assert anna is not None
    acme.account("bert@example.test")
    bert = acme.view.account_by_address("bert@example.test")
    assert bert is not None
    own, safety = {"promotions": True}, {"attachments": False}

    def may(actor: Actor, target: str, said: dict[str, Value | None] | None) -> bool:
        control = acme.control.acting_as(actor)
        try:
            if said is None:
                show_protection(control, target)
            else:
                set_protection(control, target, said)
        except Forbidden:
            return False
        return True

    for actor, target, expected in (
        (Actor(user_id=manager.id), "example.test", (True, True, True)),
        (Actor(user_id=manager.id), "anna@example.test", (True, True, True)),
        (Actor(user_id=manager.id), "other.test", (False, False, False)),
        (Actor(user_id=viewer.id), "example.test", (True, False, False)),
        (Actor(user_id=viewer.id), "anna@example.test", (True, False, False)),
        (Actor(account_id=anna.id), "anna@example.test", (True, True, False)),
        (Actor(account_id=anna.id), "example.test", (False, False, False)),
        (Actor(account_id=bert.id), "anna@example.test", (False, False, False)),
    ):
        got = tuple(may(actor, target, said) for said in (None, own, safety))
        assert got == expected, (actor, target)
    holder = Actor(account_id=anna.id)
    assert may(holder, "shop@example.test", {"greylisting": False})
    with pytest.raises(NotFound):
        show_protection(acme.control, "nobody@example.test")


@promised
def test_cached_answers_cost_microseconds(acme: Installation, slack: float) -> None:
    set_protection(acme.control, "anna@example.test", {"greylisting": False})
    route = acme.view.route("anna", "example.test")
    assert route is not None
    most = 500 * 20e-6 * slack
    assert cost(lambda: [acme.view.protection(route) for _ in range(500)], most) < most
