"""Filters by clicking: made, ordered and switched, and what they would do with a message."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from alphorn.base.errors import NotFound, Refused
from alphorn.directory.values import Role
from alphorn.operations import filters, users
from alphorn.operations.control import Actor, Control
from alphorn.operations.filter_trial import Asked, Sample, Trial, try_out
from alphorn.operations.filters import FiltersInfo
from alphorn.operations.rights import Forbidden
from alphorn.sieve.errors import ScriptError
from alphorn.sieve.filters.errors import FilterError, NotInModel
from alphorn.sieve.filters.model import (
    Action,
    Condition,
    CopyTo,
    Delete,
    Field,
    Filter,
    Flag,
    How,
    Match,
    Move,
    Redirect,
    Reject,
    Stop,
)
from tests.operations.test_filtering import JUNK, MAIL, House
from tests.support.mailhouse import ANNA, BERT


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


@pytest.fixture
def control(house: House) -> Control:
    return house.installation.control


def about(word: str, *actions: Action, name: str = "", match: Match = Match.ALL) -> Filter:
    asked = Condition(Field.SUBJECT, How.CONTAINS, (word,))
    return Filter(name or word, match, (asked,), actions or (Stop(),))


def names(info: FiltersInfo) -> list[str]:
    return [one.name if one.on else f"({one.name})" for one in info.filters]


# -- one function for each act ---------------------------------------------------------------------


def test_the_life_of_filters(control: Control, house: House) -> None:
    assert filters.list_filters(control, ANNA) == FiltersInfo((), "")
    for name in "abc":
        filters.add_filter(control, ANNA, about(name))
    info = filters.add_filter(control, ANNA, about("first"), number=1)
    assert names(info) == ["first", "a", "b", "c"]
    assert house.mail.document("filters") == info.source
    assert names(filters.move_filter(control, ANNA, "first", 4)) == ["a", "b", "c", "first"]
    assert names(filters.move_filter(control, ANNA, 4, 2)) == ["a", "first", "b", "c"]
    assert names(filters.switch_filter(control, ANNA, "b", False)) == ["a", "first", "(b)", "c"]
    assert names(filters.replace_filter(control, ANNA, "2", about("x")))[1] == "x"
    assert names(filters.switch_filter(control, ANNA, 3, True)) == ["a", "x", "b", "c"]
    for name in "axb":
        filters.remove_filter(control, ANNA, name)
    info = filters.list_filters(control, ANNA)
    assert info.filters == (about("c"),)
    assert filters.list_filters(control, BERT).filters == ()
    assert filters.remove_filter(control, ANNA, 1) == FiltersInfo((), "")
    assert house.mail.rules_version() == 0


def test_they_are_followed_from_the_next_message_on(control: Control, house: House) -> None:
    filters.add_filter(control, ANNA, about("invoice", Flag(), Move("Bills")))
    house.accept()
    filters.switch_filter(control, ANNA, 1, False)
    house.accept()
    assert house.counts() == {"Bills": 1, "INBOX": 1}


def test_which_filter(control: Control) -> None:
    for name in ("same", "2", "same"):
        filters.add_filter(control, ANNA, about(name))
    for which in ("none", 0, 4, "4", "99999999999999"):
        with pytest.raises(NotFound) as missing:
            filters.remove_filter(control, ANNA, which)
        assert missing.value.code == "no-such-filter"
    with pytest.raises(Refused, match="by its number: 1, 3") as several:
        filters.remove_filter(control, ANNA, "same")
    assert several.value.code == "ambiguous"
    filters.remove_filter(control, ANNA, 1)
    assert names(filters.remove_filter(control, ANNA, "2")) == ["same"]  # of this name
    with pytest.raises(NotFound):
        filters.move_filter(control, ANNA, 1, 2)
    with pytest.raises(NotFound):
        filters.add_filter(control, ANNA, about("x"), number=3)


def test_what_is_refused_changes_nothing(control: Control) -> None:
    before = filters.add_filter(control, ANNA, about("a"))
    for wrong in (about("", name="x"), about("b", Redirect(ANNA.upper())), about("b", Move(""))):
        with pytest.raises(FilterError) as found:
            filters.add_filter(control, ANNA, wrong)
        assert found.value.path[:2] == ("filters", 1)
    assert filters.list_filters(control, ANNA) == before


def test_all_from_sieve(control: Control, house: House) -> None:
    source = '# mine\nif header :contains\n"subject" "x" { stop; }   \n'
    info = filters.replace_all(control, ANNA, source)
    assert info.filters == (about("x", name="Filter 1"),)
    assert house.mail.document("filters") == source  # as it was laid out
    after = filters.switch_filter(control, ANNA, 1, False)
    assert "# Filter: Filter 1" in after.source
    with pytest.raises(NotInModel, match="line 2, column 1"):
        filters.replace_all(control, ANNA, "if true { keep; }\nkeep;")
    with pytest.raises(ScriptError, match="unknown command"):
        filters.replace_all(control, ANNA, "kep;")
    with pytest.raises(FilterError, match="this very mailbox"):
        filters.replace_all(control, ANNA, f'if true {{ redirect "{ANNA}"; }}')
    assert filters.list_filters(control, ANNA).source == after.source
    assert filters.replace_all(control, ANNA, "# nothing\n").source == ""


def test_warnings(control: Control) -> None:
    info = filters.add_filter(control, ANNA, about("a", Redirect("anna@gmail.com")))
    assert len(info.warnings) == 1
    assert info.warnings[0].startswith("Gmail shows no copies")
    info = filters.add_filter(control, ANNA, about("b", Reject("no")))
    assert "Put the one that refuses first" in info.warnings[1]
    assert filters.list_filters(control, ANNA).warnings == info.warnings
    assert filters.switch_filter(control, ANNA, 1, False).warnings == ()


def test_two_at_the_same_moment(control: Control) -> None:
    failed: list[BaseException] = []

    def add(first: int) -> None:
        try:
            for number in range(first, first + 5):
                filters.add_filter(control, ANNA, about(str(number)))
        except BaseException as error:
            failed.append(error)

    threads = [Thread(target=add, args=(first,)) for first in (10, 20, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    found = names(filters.list_filters(control, ANNA))
    assert sorted(found) == sorted(
        str(n) for first in (10, 20, 30) for n in range(first, first + 5)
    )


def test_who_may(control: Control, house: House) -> None:
    acts: list[Callable[[Control], object]] = [
        lambda control: filters.add_filter(control, ANNA, about("a")),
        lambda control: filters.list_filters(control, ANNA),
        lambda control: filters.switch_filter(control, ANNA, 1, True),
        lambda control: filters.move_filter(control, ANNA, 1, 1),
        lambda control: filters.replace_filter(control, ANNA, 1, about("b")),
        lambda control: filters.replace_all(control, ANNA, "if true { stop; }"),
        lambda control: try_out(control, house.view, ANNA, Sample(raw=MAIL)),
        lambda control: filters.remove_filter(control, ANNA, 1),
    ]
    for role, may in ((Role.VIEWER, False), (Role.MANAGER, True)):
        user = users.add_user(control, f"{role.value}@other.test")
        users.set_membership(control, user.email, "Acme", role)
        actor = control.acting_as(Actor(user_id=user.id))
        for act in acts:
            if may:
                act(actor)
            else:
                with pytest.raises(Forbidden):
                    act(actor)
    for act in acts:
        act(control.acting_as(Actor(account_id=house.anna.id)))
        with pytest.raises(Forbidden):
            act(control.acting_as(Actor(account_id=house.bert.id)))


# -- what would happen to this one? ----------------------------------------------------------------


def tried(house: House, sample: Sample | None = None) -> Trial:
    before = house.mail.usage(), house.mail.rules_version(), len(house.mail.mailboxes())
    found = try_out(house.installation.control, house.view, ANNA, sample or Sample(1))
    assert (house.mail.usage(), house.mail.rules_version(), len(house.mail.mailboxes())) == before
    assert not house.queued()
    return found


def test_what_would_happen_is_what_happens(control: Control, house: House) -> None:
    """Asked of a message that is there, and then of its like that comes in."""
    house.accept()
    off = about("invoice", Delete(), name="off")
    made = (
        about("invoice", Flag(), Flag("$Bill"), CopyTo("Copies"), name="Copy"),
        replace(off, on=False),
        about("nothing", Delete(), name="No"),
        about("INVOICE", Move("Bills"), Redirect("zoe@far.test"), Stop(), name="Move"),
        about("invoice", Delete(), name="Behind"),
    )
    for one in made:
        filters.add_filter(control, ANNA, one)
    trial = tried(house)
    assert (trial.subject, trial.sender, trial.recipient) == (
        "Your invoice", "carl@other.test", ANNA,
    )  # fmt: skip
    assert [(one.name, one.reached, one.matches) for one in trial.filters] == [
        ("Copy", True, True),
        ("off", False, True),
        ("No", True, False),
        ("Move", True, True),
        ("Behind", False, True),
    ]
    assert trial.filters[2].asked == (Asked('subject contains "nothing"', False),)
    assert trial.filters[3].does == ('redirect "zoe@far.test"', 'move "Bills"', "stop")
    house.said()
    house.accept()
    happened = [line.partition(": ")[2] for line in house.said()]
    assert trial.outcome == (
        "Filed in Copies by your filter “Copy”, marked flagged, $Bill",
        "Filed in Bills by your filter “Move”, marked flagged, $Bill",
        "Sent on to zoe@far.test by your filter “Move”",
    )
    assert {line.partition(", marked")[0] for line in trial.outcome[:2]} <= set(happened)
    assert house.counts() == {"INBOX": 1, "Copies": 1, "Bills": 1}
    assert len(house.queued()) == 1


def test_filters_script_and_none(control: Control, house: House) -> None:
    house.accept()
    assert tried(house).outcome == ("Delivered to INBOX",)
    house.script('fileinto :create "ByHand";')
    assert tried(house).outcome == ("Filed in ByHand by line 2 of your script “main”",)
    filters.add_filter(control, ANNA, about("invoice", Reject("No bills, please.")))
    assert tried(house).outcome == ("Refused by your filter “invoice”: “No bills, please.”",)
    filters.replace_filter(control, ANNA, 1, about("invoice", Delete(for_good=True), Stop()))
    assert tried(house).outcome == ("Kept nowhere, by your filter “invoice”",)
    filters.replace_filter(control, ANNA, 1, about("invoice", Redirect("carl@other.test", False)))
    trial = tried(house)
    assert trial.outcome[0].startswith("Filed in ByHand")
    assert "who is its sender" in trial.notes[0]


def test_given_octets_and_another_envelope(control: Control, house: House) -> None:
    asked = Condition(Field.DETAIL, How.IS, ("shop",)), Condition(Field.SENDER, How.IS, ("",))
    filters.add_filter(control, ANNA, Filter("x", Match.ALL, asked, (Move("Shop"),)))
    sample = Sample(raw=MAIL)
    assert tried(house, sample).sender == "carl@other.test"
    assert [one.holds for one in tried(house, sample).filters[0].asked] == [False, False]
    named = replace(sample, sender="", recipient="anna+shop@example.test")
    assert tried(house, named).outcome == ("Filed in Shop by your filter “x”",)
    assert "Shop" not in [box.name for box in house.mail.mailboxes()]
    noted = b"Return-Path: <>\r\nDelivered-To: anna+shop@example.test\r\n" + MAIL
    assert tried(house, Sample(raw=noted)).outcome == ("Filed in Shop by your filter “x”",)
    foreign = b"Delivered-To: somebody@else.test\r\n" + MAIL
    assert tried(house, Sample(raw=foreign)).recipient == ANNA


def test_spam_and_lists_of_senders(control: Control, house: House) -> None:
    asked = Condition(Field.SPAM, How.OVER, ("50",))
    one = Filter("spam", Match.ALL, (asked,), (Flag(), Redirect("zoe@far.test")))
    filters.add_filter(control, ANNA, one)
    trial = tried(house, Sample(raw=JUNK.fields + MAIL))
    assert trial.filters[0].matches
    assert trial.outcome == ("Filed in Spam, marked flagged",)
    assert "it is taken for spam" in trial.notes[0]
    listed = JUNK.fields.replace(b"sender-x", b"sender-blocked") + MAIL
    trial = tried(house, Sample(raw=listed))
    assert trial.filters[0].matches
    assert trial.outcome == ("Filed in Spam; the lists of senders decide before all rules",)
    assert trial.notes == ()


def test_what_fails_when_it_is_asked(control: Control, house: House) -> None:
    filters.add_filter(control, ANNA, about("invoice", Move("Bills")))
    filters.add_filter(control, ANNA, about("invoice", Reject("no"), name="late"))
    trial = tried(house, Sample(raw=MAIL))
    assert trial.outcome == ("Delivered to INBOX",)
    assert "reject cannot stand beside" in trial.notes[0]
    house.mail.put_document("filters", "if true { keep; }\ndiscard;")
    trial = tried(house, Sample(raw=MAIL))
    assert trial.filters == ()
    assert trial.fault.startswith("line 2, column 1")
    assert trial.outcome == ("Kept in INBOX by line 1 of your filters",)


def test_what_is_not_there(house: House) -> None:
    for address, sample in (
        (ANNA, Sample(7)),
        (ANNA, Sample(1, "Nowhere")),
        ("nobody@example.test", Sample(raw=MAIL)),
    ):
        with pytest.raises(NotFound):
            try_out(house.installation.control, house.view, address, sample)
