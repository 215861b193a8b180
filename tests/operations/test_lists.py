"""Lists of senders: kept, found by the hot path, warned of, and whose they are."""

import pytest

from alphorn.base.address import AddressError
from alphorn.base.errors import NotFound, Refused
from alphorn.base.senders import Scope, SenderAction, SenderMatch
from alphorn.directory.values import Role, Route
from alphorn.operations import addresses, domains, lists, users
from alphorn.operations.accounts import remove_account
from alphorn.operations.control import Actor
from alphorn.operations.lists import list_senders, matching, remove_senders, set_senders
from alphorn.operations.rights import Forbidden
from tests.support.cost import cost
from tests.support.installation import NOW, Installation

ALLOW, REFUSE, SPAM = SenderAction.ALLOW, SenderAction.REFUSE, SenderAction.SPAM
ANNA = "anna@example.test"


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.domain()
    installation.domain("other.test", "Other")
    installation.account(ANNA)
    installation.account("bert@other.test")
    addresses.add_redirect(installation.control, "info@example.test", ["x@remote.test"])
    return installation


def route(acme: Installation, address: str) -> Route:
    found = acme.view.route(*address.split("@"))
    assert found is not None
    return found


def found(acme: Installation, address: str, sender: str) -> list[tuple[Scope, str, SenderAction]]:
    matches = acme.view.sender_matches(route(acme, address), sender)
    return [(match.scope, match.pattern, match.action) for match in matches]


def test_the_nearest_comes_first(acme: Installation) -> None:
    control = acme.control
    sender = "News@Mail.Shop.TEST"
    assert found(acme, ANNA, sender) == []
    set_senders(control, ["*.test", ".shop.test", "mail.shop.test", "shop.test"], REFUSE)
    set_senders(control, ["news@mail.shop.test"], SPAM, domain="example.test")
    set_senders(control, [".shop.test"], ALLOW, account=ANNA)
    of_domain = (Scope.DOMAIN, "news@mail.shop.test", SPAM)
    of_all = [
        (Scope.INSTALLATION, "mail.shop.test", REFUSE),
        (Scope.INSTALLATION, ".shop.test", REFUSE),
        (Scope.INSTALLATION, ".test", REFUSE),
    ]
    of_anna = (Scope.ACCOUNT, ".shop.test", ALLOW)
    assert found(acme, ANNA, sender) == [of_anna, of_domain, *of_all]
    assert found(acme, "info@example.test", sender) == [of_domain, *of_all]
    assert found(acme, "bert@other.test", sender) == of_all
    anna = acme.view.account_by_address(ANNA)
    assert anna is not None
    assert acme.view.sender_matches(anna, sender) == acme.view.sender_matches(
        route(acme, ANNA), sender
    )
    assert [
        SenderMatch(info.scope, info.pattern, info.action)
        for info in matching(control, sender, account=ANNA)
    ] == list(acme.view.sender_matches(anna, sender))
    assert len(matching(control, sender)) == 3
    for nobody in ("", "x@remote.example", "news@", "\ud800", "x" * 1000 + "@mail.shop.test"):
        assert found(acme, ANNA, nobody) == []


def test_the_next_message_sees_it_in_every_process(acme: Installation) -> None:
    other = acme.new_view()
    for action in (REFUSE, SPAM, ALLOW):
        set_senders(acme.control, ["x@remote.test"], action, account=ANNA)
        for view in (acme.view, other):
            (match,) = view.sender_matches(route(acme, ANNA), "x@remote.test")
            assert match.action is action
    remove_senders(acme.control, ["X@Remote.test"], account=ANNA)
    for view in (acme.view, other):
        assert view.sender_matches(route(acme, ANNA), "x@remote.test") == ()
    other.close()


def test_listed_by_pattern_in_pages(acme: Installation) -> None:
    control = acme.control
    patterns = [f"n{n}@remote.test" for n in range(9)]
    (first, *_) = set_senders(control, [*reversed(patterns), patterns[0]], SPAM, account=ANNA)
    assert (first.pattern, first.whose, first.scope) == (patterns[8], ANNA, Scope.ACCOUNT)
    assert first.created == NOW
    pages = [
        [info.pattern for info in list_senders(control, account=ANNA, after=after, limit=5)]
        for after in ("", patterns[4], patterns[8])
    ]
    assert pages == [patterns[:5], patterns[5:], []]
    assert list_senders(control) == ()
    assert list_senders(control, domain="example.test") == ()


def test_ones_own_address_is_flagged(acme: Installation) -> None:
    control = acme.control
    addresses.add_alias(control, "a@example.test", ANNA)

    def flagged(*patterns: str, **whose: str) -> list[bool]:
        infos = set_senders(control, patterns, ALLOW, **whose)
        again = {info.pattern: info.warning for info in list_senders(control, **whose)}
        assert all(again[info.pattern] == info.warning for info in infos)
        return [bool(info.warning) for info in infos]

    assert flagged(ANNA, "example.test", ".test", account=ANNA) == [True, True, True]
    assert flagged("x@remote.example", "other.test", account=ANNA) == [False, False]
    assert flagged("boss@example.test", "other.test", domain="example.test") == [True, False]
    assert flagged("other.test", "a@remote.example") == [True, False]
    blocked = set_senders(control, ["example.test"], REFUSE, account=ANNA)
    assert [info.warning for info in blocked] == [""]


def test_refusals(acme: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    control = acme.control
    with pytest.raises(AddressError):
        set_senders(control, ["good@remote.test", "no pattern"], ALLOW, account=ANNA)
    assert list_senders(control, account=ANNA) == ()
    set_senders(control, ["good@remote.test"], ALLOW, account=ANNA)
    with pytest.raises(NotFound):
        remove_senders(control, ["good@remote.test", "other@remote.test"], account=ANNA)
    assert len(list_senders(control, account=ANNA)) == 1
    with pytest.raises(Refused) as caught:
        set_senders(control, ["x@remote.test"], ALLOW, account=ANNA, domain="example.test")
    assert caught.value.code == "usage"
    monkeypatch.setattr(lists, "MAX_RULES", 2)
    set_senders(control, ["good@remote.test", "second@remote.test"], REFUSE, account=ANNA)
    for call in (["third@remote.test"], ["good@remote.test", "third@remote.test"]):
        with pytest.raises(Refused) as caught:
            set_senders(control, call, ALLOW, account=ANNA)
        assert caught.value.code == "too-many"
    assert {info.action for info in list_senders(control, account=ANNA)} == {REFUSE}
    with pytest.raises(NotFound):
        set_senders(control, ["x@remote.test"], ALLOW, account="nobody@example.test")


def test_what_is_removed_takes_its_list_with_it(acme: Installation) -> None:
    control = acme.control
    set_senders(control, ["x@remote.test"], ALLOW, account=ANNA)
    set_senders(control, ["x@remote.test"], ALLOW, domain="example.test")
    remove_account(control, ANNA)
    addresses.remove_address(control, "info@example.test")
    domains.remove_domain(control, "example.test")
    assert acme.sql("SELECT count(*) FROM directory_senderrule") == [(0,)]


def test_who_may(acme: Installation) -> None:
    manager = users.add_user(acme.control, "m@example.test")
    viewer = users.add_user(acme.control, "v@example.test")
    users.set_membership(acme.control, "m@example.test", "Acme", Role.MANAGER)
    users.set_membership(acme.control, "v@example.test", "Acme", Role.VIEWER)
    anna = acme.view.account_by_address(ANNA)
    bert = acme.view.account_by_address("bert@other.test")
    assert anna is not None
    assert bert is not None

    def may(actor: Actor, **whose: str) -> str:
        control = acme.control.acting_as(actor)
        letters = ""
        for letter, act in (
            ("r", lambda: list_senders(control, **whose)),
            ("c", lambda: matching(control, "x@remote.test", **whose)),
            ("w", lambda: set_senders(control, ["x@remote.test"], SPAM, **whose)),
            ("d", lambda: remove_senders(control, ["x@remote.test"], **whose)),
        ):
            try:
                act()
            except Forbidden:
                continue
            letters += letter
        return letters

    everything = {"account": {"account": ANNA}, "domain": {"domain": "example.test"}, "all": {}}
    for actor, expected in (
        (Actor(operator=True), ("rcwd", "rcwd", "rcwd")),
        (Actor(user_id=manager.id), ("rcwd", "rcwd", "")),
        (Actor(user_id=viewer.id), ("rc", "rc", "")),
        (Actor(account_id=anna.id), ("rcwd", "", "")),
        (Actor(account_id=bert.id), ("", "", "")),
    ):
        got = tuple(may(actor, **whose) for whose in everything.values())
        assert got == expected, actor


def test_the_database_keeps_the_lists_apart(acme: Installation) -> None:
    import sqlite3

    insert = "INSERT INTO directory_senderrule (account_id, domain_id, pattern, action, created)"
    for values in (
        "(1, 1, 'a.test', 'allow', 0)",
        "(1, NULL, 'A.test', 'allow', 0)",
        "(1, NULL, 'a.test', 'kill', 0)",
        "(1, NULL, '', 'allow', 0)",
        "(1, NULL, 'a.test', 'allow', 0), (1, NULL, 'a.test', 'spam', 0)",
        "(NULL, NULL, 'a.test', 'allow', 0), (NULL, NULL, 'a.test', 'spam', 0)",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            acme.sql(f"{insert} VALUES {values}")


def test_a_long_list_is_looked_up_by_its_index(acme: Installation) -> None:
    """100,000 entries of each scope: no more steps than for a few, and nothing kept in memory."""
    acme.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
        " INSERT INTO directory_senderrule (account_id, domain_id, pattern, action, created)"
        " SELECT s.a, s.d, 's' || i || '@remote.test', 'spam', 0 FROM n,"
        " (SELECT 1 AS a, NULL AS d UNION ALL SELECT NULL, 1 UNION ALL SELECT NULL, NULL) s"
    )
    where = route(acme, ANNA)
    assert len(acme.view.sender_matches(where, "s99999@remote.test")) == 3
    connection = acme.view._reader._connection
    assert connection is not None
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 10
        return 0

    connection.set_progress_handler(count, 10)
    acme.view.sender_matches(where, "s4@a.b.c.d.e.f.g.h.i.remote.test")
    assert steps < 2000
    connection.set_progress_handler(None, 0)
    matches = acme.view.sender_matches
    assert cost(lambda: [matches(where, f"s{n}@remote.test") for n in range(100)], 0.1) < 0.1
    plans = [
        row[3]
        for condition in ("account_id = 1", "domain_id = 1",
                          "account_id IS NULL AND domain_id IS NULL")
        for row in acme.sql(
            "EXPLAIN QUERY PLAN SELECT 1 FROM directory_senderrule"
            f" WHERE {condition} AND pattern IN ('a', 'b')"
        )
    ]  # fmt: skip
    assert all("INDEX senderrule" in str(plan) and "pattern=?" in str(plan) for plan in plans), (
        plans
    )
