"""What an owner decides: scripts and documents, and the number by which they are known."""

from collections.abc import Callable

import pytest

from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.store import limits, scripts
from alphorn.store.api import Account, Document, Rules, SpecialUse, Store, StoredScript
from alphorn.store.errors import Ruled
from tests.store import mail
from tests.store.conftest import Clock
from tests.store.mail import NOW

KEEP = "keep;\r\n"
GRÜN = 'fileinto "Grün";'

Act = Callable[[], None]


def test_an_account_without_rules(account: Account) -> None:
    assert account.rules_version() == 0
    assert account.rules() == Rules(0, "", "", "", "")
    assert list(account.scripts()) == []
    assert account.document("filters") == ""
    account.activate_script("")
    account.put_document("filters", "")
    assert account.rules_version() == 0
    assert account.check() == []


def test_what_is_stored_only_where_there_are_no_rules(account: Account) -> None:
    promotions = SpecialUse.PROMOTIONS
    before = len(account.mailboxes())
    inbox = account.mailbox("INBOX").id
    account.append(inbox, [mail.new(b"1")], unruled=True)
    account.put_script("work", KEEP)
    account.append(inbox, [mail.new(b"2")], unruled=True)
    account.activate_script("work")
    for place in (inbox, "INBOX", promotions):
        with pytest.raises(Ruled):
            account.append(place, [mail.new(b"3")], unruled=True)
    assert account.usage().messages == 2
    assert len(account.mailboxes()) == before
    account.append(inbox, [mail.new(b"3")])
    assert account.usage().messages == 3
    assert account.check() == []


def test_scripts(account: Account, clock: Clock) -> None:
    account.put_script("work", KEEP)
    clock.now = NOW + 5
    account.put_script("Grün", GRÜN)
    assert list(account.scripts()) == [
        StoredScript("Grün", GRÜN, False, NOW + 5),
        StoredScript("work", KEEP, False, NOW),
    ]
    account.activate_script("work")
    account.activate_script("Grün")
    assert [script.active for script in account.scripts()] == [True, False]
    rules = account.rules()
    assert (rules.script_name, rules.script) == ("Grün", GRÜN)
    clock.now = NOW + 9
    account.put_script("Grün", KEEP)
    assert account.scripts()[0] == StoredScript("Grün", KEEP, True, NOW + 9)
    account.rename_script("Grün", "blue")
    assert [(s.name, s.active) for s in account.scripts()] == [("blue", True), ("work", False)]
    assert account.rules().script_name == "blue"
    account.remove_script("work")
    account.activate_script("")
    account.remove_script("blue")
    assert list(account.scripts()) == []
    assert account.check() == []


def test_scripts_that_are_not_there(account: Account) -> None:
    acts: tuple[Act, ...] = (
        lambda: account.rename_script("a", "b"),
        lambda: account.remove_script("a"),
        lambda: account.activate_script("a"),
        lambda: account.remove_script(""),
        lambda: account.activate_script("x" * 1000),
    )
    for act in acts:
        with pytest.raises(NotFound) as failure:
            act()
        assert failure.value.code == "no-such-script"
    account.put_script("a", KEEP)
    account.put_script("b", KEEP)
    for new in ("b", "a"):
        with pytest.raises(Exists) as exists:
            account.rename_script("a", new)
        assert exists.value.code == "script-exists"


def test_the_active_script_is_not_removed(account: Account) -> None:
    account.put_script("a", KEEP)
    account.activate_script("a")
    version = account.rules_version()
    with pytest.raises(Refused) as failure:
        account.remove_script("a")
    assert failure.value.code == "script-active"
    assert account.rules() == Rules(version, "", KEEP, "a", "")


@pytest.mark.parametrize("name", ["", "a\nb", "\x7f", "\u2028", "\ud800", "x" * 129, "\x00"])
def test_names_that_no_script_has(account: Account, name: str) -> None:
    account.put_script("a", KEEP)
    with pytest.raises(Refused) as failure:
        account.put_script(name, KEEP)
    assert failure.value.code == "name"
    with pytest.raises(Refused) as failure:
        account.rename_script("a", name)
    assert failure.value.code == "name"
    assert [script.name for script in account.scripts()] == ["a"]


def test_names_are_normalized(account: Account) -> None:
    account.put_script("Gru\u0308n", KEEP)
    account.put_script("Gr\u00fcn", GRÜN)
    account.put_script("x" * limits.MAX_SCRIPT_NAME, KEEP)
    account.activate_script("Gru\u0308n")
    assert [script.name for script in account.scripts()] == ["Grün", "x" * limits.MAX_SCRIPT_NAME]
    assert account.rules().script == GRÜN


@pytest.mark.parametrize("text", ["keep;\x00", "\ud800"])
def test_texts_that_cannot_be_kept(account: Account, text: str) -> None:
    acts: tuple[Act, ...] = (
        lambda: account.put_script("a", text),
        lambda: account.put_document("filters", text),
    )
    for act in acts:
        with pytest.raises(Refused) as failure:
            act()
        assert failure.value.code == "text"
    assert account.rules_version() == 0


def test_scripts_are_bounded(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts, "MAX_SCRIPTS", 3)
    monkeypatch.setattr(scripts, "MAX_SCRIPT_OCTETS", 100)
    monkeypatch.setattr(scripts, "MAX_SCRIPTS_OCTETS", 240)
    account.put_script("a", "ü" * 50)
    account.put_script("b", "x" * 100)
    for name, source in (("a", "ü" * 51), ("c", "x" * 101), ("c", "x" * 41)):
        with pytest.raises(Refused) as failure:
            account.put_script(name, source)
        assert failure.value.code == "limit"
    account.put_script("c", "x" * 40)
    with pytest.raises(Refused) as failure:
        account.put_script("d", "")
    assert failure.value.code == "limit"
    account.put_script("b", "")
    account.put_script("b", "x" * 100)
    assert [len(script.source) for script in account.scripts()] == [50, 100, 40]


def test_a_script_as_long_as_may_be(account: Account) -> None:
    source = "# ü\r\n" * (limits.MAX_SCRIPT_OCTETS // 6)
    account.put_script("long", source)
    account.activate_script("long")
    assert account.rules().script == source


def test_documents(account: Account) -> None:
    account.put_document(Document.FILTERS, KEEP)
    account.put_document("signatures", '{"a": "ü"}')
    assert account.document("filters") == KEEP
    assert account.document(Document.SIGNATURES) == '{"a": "ü"}'
    assert account.rules() == Rules(account.rules_version(), KEEP, "", "", "")
    account.put_document("filters", GRÜN)
    account.put_document("responders", "[]")
    assert account.rules() == Rules(account.rules_version(), GRÜN, "", "", "[]")
    account.put_document("signatures", "")
    assert account.document("signatures") == ""
    assert account.check() == []


def test_documents_are_bounded(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts, "MAX_DOCUMENTS", 2)
    monkeypatch.setattr(scripts, "MAX_DOCUMENT_OCTETS", 100)
    account.put_document("filters", "ü" * 50)
    account.put_document("b", "x")
    for name, text in (("filters", "ü" * 51), ("c", "x")):
        with pytest.raises(Refused) as failure:
            account.put_document(name, text)
        assert failure.value.code == "limit"
    account.put_document("b", "y")
    for name in ("", "x" * 65, "ü", "a\n"):
        with pytest.raises(Refused) as failure:
            account.put_document(name, "x")
        assert failure.value.code == "name"
    assert account.document("x" * 65) == ""


def test_each_change_gives_another_version(account: Account) -> None:
    """But where nothing would be done the version is 0, and no number comes twice."""
    seen: list[int] = []

    def changed() -> None:
        seen.append(account.rules_version())
        assert seen[-1] == account.rules().version
        assert seen[-1] > max(seen[:-1], default=0)

    def unchanged() -> None:
        assert account.rules_version() == seen[-1]

    account.put_script("a", KEEP)
    account.put_document("signatures", "{}")
    assert account.rules() == Rules(0, "", "", "", "")
    account.activate_script("a")
    changed()
    account.activate_script("a")
    unchanged()
    account.put_script("b", KEEP)  # it may be included
    changed()
    account.put_script("a", GRÜN)
    changed()
    account.rename_script("b", "c")
    changed()
    account.remove_script("c")
    changed()
    account.put_document("filters", KEEP)
    changed()
    account.put_document("filters", KEEP)
    unchanged()
    account.put_document("signatures", "{1}")
    changed()
    account.activate_script("")
    changed()
    account.put_document("filters", "")
    assert account.rules() == Rules(0, "", "", "", "")
    account.put_document("responders", "[]")
    changed()
    account.put_document("responders", "")
    assert account.rules_version() == 0
    account.activate_script("a")
    changed()
    assert account.check() == []


def test_a_version_is_new_in_a_restored_account_too(account: Account, clock: Clock) -> None:
    """Whoever knew what the account was before the copy was made knows no number of what comes."""
    account.put_document("filters", KEEP)
    before = account.rules_version()
    for n in range(1, 4):
        clock.now = NOW + 60 * n
        account.put_document("filters", f"# {n}")
        assert account.rules_version() >= NOW + 60 * n > before
    clock.now = NOW - 1000
    last = account.rules_version()
    account.put_document("filters", KEEP)
    assert account.rules_version() > last


def test_what_fails_changes_nothing(account: Account) -> None:
    account.put_script("a", KEEP)
    account.activate_script("a")
    before = account.rules(), account.scripts()
    acts: tuple[Act, ...] = (
        lambda: account.put_script("b", "x" * (limits.MAX_SCRIPT_OCTETS + 1)),
        lambda: account.remove_script("a"),
        lambda: account.activate_script("b"),
        lambda: account.put_document("filters", "x" * (limits.MAX_DOCUMENT_OCTETS + 1)),
    )
    for act in acts:
        with pytest.raises(Refused):
            act()
    assert (account.rules(), account.scripts()) == before


def test_rules_outlive_the_handle_and_are_each_accounts_own(store: Store) -> None:
    store.create(2)
    store.account(1).put_document("filters", KEEP)
    before = store.account(1).rules()
    store.close_idle(-1)
    assert store.account(1).rules() == before
    assert store.account(2).rules_version() == 0
