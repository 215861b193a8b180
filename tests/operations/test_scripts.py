"""Hand-written scripts: what is stored, what is refused and in which words, and for whom."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.directory.values import Role
from alphorn.operations import accounts, scripts, users
from alphorn.operations.control import Actor, Control
from alphorn.operations.owners import mail_of
from alphorn.operations.rights import Forbidden
from alphorn.sieve.errors import Problem, ScriptError
from alphorn.store.api import Account, Store
from alphorn.store.limits import MAX_SCRIPT_OCTETS, MAX_SCRIPTS, MAX_SCRIPTS_OCTETS
from alphorn.store.sqlite import SqliteStore
from tests.support.installation import Installation

ANNA, BERTA = "anna@example.test", "berta@example.test"


@pytest.fixture
def control(installation: Installation, tmp_path: Path) -> Iterator[Control]:
    installation.domain()
    installation.account(ANNA)
    installation.account(BERTA)
    store = SqliteStore(tmp_path / "mail", changed=lambda account, mailbox: None)
    yield replace(installation.control, store=cast(Store, store))
    store.close()


@pytest.fixture
def mail(control: Control) -> Account:
    return mail_of(control, ANNA)


def names(mail: Account) -> list[str]:
    return [one.name + "*" * one.active for one in scripts.list_scripts(mail)]


def test_the_life_of_a_script(mail: Account) -> None:
    assert scripts.put_script(mail, "main", "keep;\r\n") == ()
    scripts.put_script(mail, "other", b"# gr\xc3\xbcn\nkeep;")
    assert names(mail) == ["main", "other"]
    assert [one.octets for one in scripts.list_scripts(mail)] == [7, 13]
    assert scripts.get_script(mail, "main").source == "keep;\r\n"
    scripts.activate_script(mail, "main")
    scripts.activate_script(mail, "other")
    assert names(mail) == ["main", "other*"]
    scripts.put_script(mail, "other", "discard;")
    scripts.rename_script(mail, "other", "new")
    assert names(mail) == ["main", "new*"]
    assert mail.rules().script == "discard;"
    with pytest.raises(Refused) as active:
        scripts.remove_script(mail, "new")
    assert active.value.code == "script-active"
    scripts.activate_script(mail, "")
    scripts.remove_script(mail, "new")
    assert names(mail) == ["main"]


def test_a_script_with_mistakes_is_not_stored(mail: Account) -> None:
    scripts.put_script(mail, "main", "keep;")
    with pytest.raises(ScriptError) as found:
        scripts.put_script(mail, "main", "keep;\nfileinto 3;\n\xff;".encode("latin-1"))
    assert found.value.problems == (Problem(3, 1, "the octet FF is no UTF-8"),)
    with pytest.raises(ScriptError) as found:
        scripts.put_script(mail, "main", 'keep;\n  fileinto "x";\nnonsense;')
    assert [(one.line, one.column) for one in found.value.problems] == [(2, 3), (3, 1)]
    with pytest.raises(ScriptError):
        scripts.check_script(mail, "nonsense;")
    assert scripts.get_script(mail, "main").source == "keep;"


def test_a_script_that_includes_what_is_not_there(mail: Account) -> None:
    source = (
        'require "include"; include "b"; include "b"; include "c"; include :optional "d"; '
        'include :global "e"; include "main";'
    )
    scripts.put_script(mail, "c", "keep;")
    warnings = scripts.put_script(mail, "main", source)
    assert [one[: one.index("; until")] for one in warnings] == [
        "The personal script “b” is included but does not exist",
        "The global script “e” is included but does not exist",
    ]
    assert scripts.check_script(mail, source) == warnings
    scripts.put_script(mail, "b", "keep;")
    assert scripts.check_script(mail, source) == warnings[1:]


def test_whoever_redirects_to_gmail_is_warned(mail: Account) -> None:
    source = 'redirect "zoe@gmail.com"; redirect "zoe@far.test"; redirect "zoe@gmail.com";'
    (warning,) = scripts.check_script(mail, source)
    assert "zoe@gmail.com" in warning
    scripts.put_script(mail, "\xe9", "keep;")
    assert scripts.check_script(mail, 'require "include"; include "e\u0301";') == ()


@pytest.mark.parametrize(
    "name", ["", "a\0", "a\n", "\x7f", "\x85", "a\u2028", "\u2029", "x" * 129, "\udc80", "y" * 999]
)
def test_what_is_no_name(mail: Account, name: str) -> None:
    scripts.put_script(mail, "main", "keep;")
    for act in (
        lambda: scripts.put_script(mail, name, "keep;"),
        lambda: scripts.have_space(mail, name, 1),
        lambda: scripts.rename_script(mail, "main", name),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "name"
    with pytest.raises(NotFound):
        scripts.get_script(mail, name)
    if name:
        with pytest.raises(NotFound):
            scripts.activate_script(mail, name)
    assert names(mail) == ["main"]


def test_names_have_one_spelling(mail: Account) -> None:
    scripts.put_script(mail, "e\u0301" * 128, "keep;")
    scripts.put_script(mail, "\xe9" * 128, "stop;")
    scripts.put_script(mail, "a/b 😀 \u0600", "keep;")
    assert names(mail) == ["a/b 😀 \u0600", "\xe9" * 128]
    scripts.activate_script(mail, "e\u0301" * 128)
    assert scripts.get_script(mail, "e\u0301" * 128).active
    scripts.rename_script(mail, "e\u0301" * 128, "o\u0308")
    with pytest.raises(Exists):
        scripts.rename_script(mail, "a/b 😀 \u0600", "\xf6")


def test_who_is_not_there(mail: Account) -> None:
    for act in (
        lambda: scripts.get_script(mail, "a"),
        lambda: scripts.activate_script(mail, "a"),
        lambda: scripts.rename_script(mail, "a", "b"),
        lambda: scripts.remove_script(mail, "a"),
    ):
        with pytest.raises(NotFound) as found:
            act()
        assert found.value.code == "no-such-script"


def test_room(mail: Account) -> None:
    def refused(name: str, octets: int) -> str:
        with pytest.raises(Refused) as error:
            scripts.have_space(mail, name, octets)
        return error.value.code

    largest = "#" * MAX_SCRIPT_OCTETS
    assert refused("a", MAX_SCRIPT_OCTETS + 1) == "script-size"
    for source in (largest + "#", (largest + "#").encode()):
        with pytest.raises(Refused) as error:
            scripts.put_script(mail, "a", source)
        assert error.value.code == "script-size"
    for number in range(MAX_SCRIPTS_OCTETS // MAX_SCRIPT_OCTETS):
        scripts.have_space(mail, str(number), MAX_SCRIPT_OCTETS)
        scripts.put_script(mail, str(number), largest)
    assert refused("a", 1) == "scripts-size"
    scripts.have_space(mail, "0", MAX_SCRIPT_OCTETS)
    for one in names(mail):
        scripts.remove_script(mail, one)
    for number in range(MAX_SCRIPTS):
        mail.put_script(str(number), "keep;")
    assert refused("a", 1) == "too-many-scripts"
    scripts.have_space(mail, "0", 1)


def test_who_may(control: Control) -> None:
    anna, berta = (mail_of(control, address) for address in (ANNA, BERTA))
    scripts.put_script(anna, "main", "keep;")
    assert names(berta) == []
    holder = control.acting_as(Actor(account_id=accounts.show_account(control, ANNA).id))
    assert names(mail_of(holder, ANNA)) == ["main"]
    with pytest.raises(Forbidden):
        mail_of(holder, BERTA)
    for role, may in ((Role.VIEWER, False), (Role.MANAGER, True)):
        user = users.add_user(control, f"{role.value}@example.net")
        users.set_membership(control, user.email, "Acme", role)
        acting = control.acting_as(Actor(user_id=user.id))
        if may:
            assert names(mail_of(acting, ANNA)) == ["main"]
        else:
            with pytest.raises(Forbidden):
                mail_of(acting, ANNA)
    with pytest.raises(NotFound):
        mail_of(control, "nobody@example.test")
