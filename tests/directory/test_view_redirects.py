"""Redirects, lists, refused and temporary addresses as the hot path sees them."""

import pytest

from alphorn.directory.values import AddressKind, Route
from tests.support.installation import NOW, Installation


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.domain()
    installation.account("anna@example.test")
    installation.account("ben@example.test")
    return installation


def _add(acme: Installation, local: str, kind: AddressKind, account: int | None, **more: object):  # type: ignore[no-untyped-def]
    row = {
        "domain_id": 1, "local": local, "kind": kind.value, "account_id": account,
        "redirect_to": "", "enabled": 1, "expires": None, "in_bulk": 0, "created": 0,
        "keep": 1, "messages": None, "label": "",
    } | more  # fmt: skip
    marks = ", ".join("?" * len(row))
    acme.sql(f"INSERT INTO directory_address ({', '.join(row)}) VALUES ({marks})", *row.values())
    acme.sql("UPDATE directory_directoryversion SET version = version + 1")


def _route(acme: Installation, local: str) -> Route:
    route = acme.view.route(local, "example.test")
    assert route is not None
    return route


def test_a_copy_stays_or_not(acme: Installation) -> None:
    _add(acme, "a", AddressKind.ALIAS, 1, redirect_to="x@other.test")
    _add(acme, "b", AddressKind.ALIAS, 1, redirect_to="x@other.test", keep=0)
    _add(acme, "c", AddressKind.REDIRECT, None, redirect_to="x@other.test")
    _add(acme, "", AddressKind.CATCH_ALL, 2, redirect_to="x@other.test")
    kept, gone, none, caught = (_route(acme, local) for local in ("a", "b", "c", "whatever"))
    for route in (kept, gone, none, caught):
        assert route.redirect_to == ("x@other.test",)
    assert (kept.keep, gone.keep, none.keep, caught.keep) == (True, False, False, True)
    assert gone.account is not None
    assert none.account is None
    assert caught.account is not None


def test_a_refused_address_does_not_fall_to_the_catch_all(acme: Installation) -> None:
    _add(acme, "dead", AddressKind.REFUSED, None)
    _add(acme, "", AddressKind.CATCH_ALL, 2)
    assert acme.view.route("dead", "example.test") is None
    assert acme.view.route("dead+x", "example.test") is None
    assert _route(acme, "alive").kind is AddressKind.CATCH_ALL
    acme.sql("DELETE FROM directory_address WHERE local = 'dead'")
    acme.sql("UPDATE directory_directoryversion SET version = version + 1")
    assert _route(acme, "dead").kind is AddressKind.CATCH_ALL


def test_an_expired_address_does_not_fall_to_the_catch_all(acme: Installation) -> None:
    _add(acme, "shop", AddressKind.TEMPORARY, 1, expires=int(NOW) + 10, messages=5)
    _add(acme, "", AddressKind.CATCH_ALL, 2)
    route = _route(acme, "shop")
    assert (route.kind, route.messages) == (AddressKind.TEMPORARY, 5)
    assert route.address_id
    acme.clock.now = NOW + 10
    assert acme.view.route("shop", "example.test") is None


def test_a_list_leads_to_accounts_that_are_on(acme: Installation) -> None:
    _add(acme, "team", AddressKind.LIST, None)
    assert acme.view.route("team", "example.test") is None
    ((team,),) = acme.sql("SELECT id FROM directory_address WHERE local = 'team'")
    for account in (2, 1):
        acme.sql(
            "INSERT INTO directory_listmember (address_id, account_id) VALUES (?, ?)", team, account
        )
    acme.sql("UPDATE directory_directoryversion SET version = version + 1")
    route = _route(acme, "team+x")
    assert route.redirect_to == ("ben@example.test", "anna@example.test")
    assert (route.kind, route.account, route.keep) == (AddressKind.LIST, None, False)
    acme.sql("UPDATE directory_account SET enabled = 0 WHERE id = 2")
    acme.sql("UPDATE directory_directoryversion SET version = version + 1")
    assert _route(acme, "team").redirect_to == ("anna@example.test",)


def test_paused_targets_are_told_apart(acme: Installation) -> None:
    _add(acme, "a", AddressKind.REDIRECT, None, redirect_to="X@other.test\ny@other.test")
    acme.sql(
        "INSERT INTO directory_pausedtarget (domain_id, target, since, reason)"
        " VALUES (1, 'x@other.test', 1, '')"
    )
    acme.sql("UPDATE directory_directoryversion SET version = version + 1")
    route = _route(acme, "a")
    assert (route.redirect_to, route.paused) == (("y@other.test",), ("X@other.test",))
