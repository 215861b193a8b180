"""Many accounts from a table: each row whole or not at all, and again without harm."""

from dataclasses import replace
from pathlib import Path

import pytest

from alphorn.base.errors import Refused
from alphorn.directory.values import PlanLimits, Role
from alphorn.operations import accounts, addresses, plans, users
from alphorn.operations.bulk import TEMPLATE, Fate, Import, import_accounts, preview
from alphorn.operations.control import Actor
from alphorn.operations.rights import Forbidden
from tests.support.installation import Installation

SAVED = Path(__file__).parent.parent / "fixtures" / "spreadsheets"
HEADER = b"address,redirect to,delete after redirection\r\n"


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.domain()
    return installation


def fates(done: Import) -> list[tuple[int, str, str]]:
    return [(row.line, row.address, row.fate.value) for row in done.rows]


def test_a_table_becomes_accounts(acme: Installation) -> None:
    table = HEADER + b"anna,,\r\nBen,ben@other.test,\r\ncarl,carl@other.test,1\r\n\r\ndora\r\n"
    shown = preview(acme.control, "example.test", table)
    assert {row.fate for row in shown.rows} == {Fate.NEW}
    assert accounts.list_accounts(acme.control) == ()
    done = import_accounts(acme.control, "Example.test", table)
    assert fates(done) == [
        (2, "anna@example.test", "made"),
        (3, "ben@example.test", "made"),
        (4, "carl@example.test", "made"),
        (6, "dora@example.test", "made"),
    ]
    assert (shown.left, done.left) == (50, 46)
    listed = {info.address: info for info in addresses.list_addresses(acme.control)}
    assert [(info.redirect_to, info.keep) for info in listed.values()] == [
        ((), True),
        (("ben@other.test",), True),
        (("carl@other.test",), False),
        ((), True),
    ]
    credentials = acme.view.credentials("anna@example.test")
    assert credentials is not None
    assert credentials.stored_key is None
    again = import_accounts(acme.control, "example.test", table)
    assert {row.fate for row in again.rows} == {Fate.SAME}
    assert again.left == 46


def test_whatever_program_saved_it_the_table_is_the_same(acme: Installation) -> None:
    files = [path.read_bytes() for path in sorted(SAVED.glob("*.csv"))]
    assert len(set(files)) == 7  # in two ways both programs write the same
    (shown,) = {preview(acme.control, "example.test", octets).rows for octets in files}
    assert [(row.line, row.fate, row.redirect_to, row.delete) for row in shown] == [
        (2, Fate.NEW, "anna@other.test", True),
        (3, Fate.WRONG, "", False),
        (4, Fate.WRONG, "", False),  # one target a row
        (5, Fate.WRONG, "", False),
    ]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("a..b", "cannot stand twice"),
        ("änne", "cannot stand before"),
        ("anna@example.test", "without @example.test"),
        (",x@other.test", "first column is empty"),
        ("anna,other.test", "no @"),
        ("anna,anna@example.test", "itself"),
        ("anna,x@other.test,yes", "third column"),
        ("anna,,1", "Without a redirect"),
        ("anna,x@other.test,1,more", "three columns"),
        ("held", "otherwise"),
        ("gone", "refused"),
        ("good", "row 2 already"),
    ],
)
def test_a_wrong_row_stops_no_other(acme: Installation, row: str, says: str) -> None:
    addresses.add_redirect(acme.control, "held@example.test", ["x@other.test"])
    addresses.add_refused(acme.control, "gone@example.test")
    table = HEADER + f"good\r\n{row}\r\nlast\r\n".encode()
    for act, fate in ((preview, Fate.NEW), (import_accounts, Fate.MADE)):
        done = act(acme.control, "example.test", table)
        assert [one.fate for one in done.rows] == [fate, Fate.WRONG, fate]
        assert says in done.rows[1].text
    assert [info.address for info in accounts.list_accounts(acme.control)] == [
        "good@example.test",
        "last@example.test",
    ]


def test_at_most_fifty_a_day(acme: Installation) -> None:
    table = HEADER + b"".join(b"a%d\r\n" % n for n in range(60))
    shown = preview(acme.control, "example.test", table)
    assert (shown.count(Fate.NEW), shown.count(Fate.WRONG)) == (50, 10)
    done = import_accounts(acme.control, "example.test", table)
    assert (done.count(Fate.MADE), done.count(Fate.WRONG), done.left) == (50, 10, 0)
    assert "24 hours" in done.rows[-1].text
    assert "24 hours" in shown.rows[-1].text
    acme.clock.now += 86401
    done = import_accounts(acme.control, "example.test", table)
    assert (done.count(Fate.SAME), done.count(Fate.MADE)) == (50, 10)


def test_an_operator_lifts_the_limit(acme: Installation) -> None:
    plans.change_plan(acme.control, "Standard", replace(PlanLimits(), bulk_creations_per_day=0))
    table = HEADER + b"".join(b"a%d\r\n" % n for n in range(60))
    done = import_accounts(acme.control, "example.test", table)
    assert (done.count(Fate.MADE), done.left) == (60, None)


def test_the_plan_limits_addresses(acme: Installation) -> None:
    plans.change_plan(acme.control, "Standard", replace(PlanLimits(), address_quota=2))
    table = HEADER + b"a\r\nb\r\nc\r\n"
    for act in (preview, import_accounts):
        done = act(acme.control, "example.test", table)
        assert [one.fate for one in done.rows][2] is Fate.WRONG


def test_a_file_without_a_header_is_refused(acme: Installation) -> None:
    with pytest.raises(Refused) as caught:
        preview(acme.control, "example.test", b"anna,x@other.test\r\nben\r\n")
    assert caught.value.code == "header"


def test_the_template_is_a_table_without_rows(acme: Installation) -> None:
    assert preview(acme.control, "example.test", TEMPLATE).rows == ()


def test_who_may(acme: Installation) -> None:
    control = acme.control
    for name, role in (("vera", Role.VIEWER), ("mona", Role.MANAGER)):
        user = users.add_user(control, f"{name}@who.test")
        users.set_membership(control, f"{name}@who.test", "Acme", role)
        actor = control.acting_as(Actor(user_id=user.id))
        if role is Role.VIEWER:
            with pytest.raises(Forbidden):
                preview(actor, "example.test", TEMPLATE)
            with pytest.raises(Forbidden):
                import_accounts(actor, "example.test", TEMPLATE)
        else:
            assert (
                import_accounts(actor, "example.test", HEADER + b"x\r\n").rows[0].fate is Fate.MADE
            )
