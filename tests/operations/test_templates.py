"""Templates: made with care, applied again without harm, for new accounts by themselves."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.directory.values import Profile, Role, TemplateKind
from alphorn.operations import (
    accounts,
    bulk,
    organizations,
    responders,
    signatures,
    templates,
    users,
)
from alphorn.operations.applying import Applied, Outcome, apply_template
from alphorn.operations.control import Actor, NewAccount
from alphorn.operations.profiles import set_profile
from alphorn.operations.rights import Forbidden
from alphorn.operations.templates import NewTemplate
from alphorn.sieve.responder import Responder
from alphorn.store.sqlite import SqliteStore
from tests.support.installation import Installation

ANNA, BERT, ZOE = "anna@example.test", "bert@example.test", "zoe@second.test"
SIGNATURE = NewTemplate(
    TemplateKind.SIGNATURE,
    "Standard",
    "{name}\n{function}\nTel. {phone}\n{organization}",
    "<p>{name}</p>\n<p>{phone}</p>",
    organization="Acme",
)
RESPONDER = NewTemplate(
    TemplateKind.RESPONDER,
    "Away",
    "I am away.\n{name}",
    subject="{name} is away",
    domain="example.test",
)


@pytest.fixture
def acme(installation: Installation) -> Iterator[Installation]:
    store = SqliteStore(installation.folder / "mail")
    installation.control = replace(installation.control, store=store)
    installation.domain()
    installation.domain("second.test")
    for address, name in ((ANNA, "Anna A."), (BERT, "Bert B."), (ZOE, "")):
        accounts.add_account(installation.control, NewAccount(address, name=name))
    yield installation
    store.close()


def outcomes(applied: tuple[Applied, ...]) -> dict[str, Outcome]:
    return {one.account.partition("@")[0]: one.outcome for one in applied}


def text_of(house: Installation, account: str, name: str = "Standard") -> str:
    return signatures.show_signature(house.control, account, name).text


def test_a_template_is_made_shown_changed_and_removed(acme: Installation) -> None:
    control = acme.control
    made = templates.add_template(control, SIGNATURE)
    assert (made.organization, made.domain, made.uses) == ("Acme", "", 0)
    away = templates.add_template(control, RESPONDER)
    assert templates.list_templates(control, domain="second.test") == (made,)
    assert templates.list_templates(control, domain="example.test") == (made, away)
    assert templates.list_templates(control, kind=TemplateKind.RESPONDER) == (away,)
    assert templates.list_templates(control, organization="acme") == (made, away)
    changed = templates.change_template(control, "standard", name="Plain", html="")
    assert (changed.name, changed.html, changed.text) == ("Plain", "", made.text)
    assert templates.show_template(control, str(made.id)) == changed
    assert templates.remove_template(control, "Plain") == changed
    with pytest.raises(NotFound):
        templates.show_template(control, "Plain")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"text": "{nome}"}, "template"),
        ({"text": "x {"}, "template"),
        ({"html": "<script>x</script>"}, "template"),
        ({"subject": "x"}, "template"),
        ({"text": "", "html": " "}, "template"),
        ({"text": "x" * 4097}, "field"),
        ({"text": "x\x00"}, "field"),
        ({"name": " "}, "name"),
        ({"domain": "example.test"}, "scope"),
        ({"organization": None}, "scope"),
        ({"organization": "Nobody"}, "not-found"),
    ],
)
def test_what_cannot_be_one_is_refused(
    acme: Installation, wrong: dict[str, str], code: str
) -> None:
    with pytest.raises(Refused) as caught:
        templates.add_template(acme.control, replace(SIGNATURE, **wrong))  # type: ignore[arg-type]
    assert caught.value.code == code
    assert templates.list_templates(acme.control) == ()


def test_names_are_free_or_told_apart_by_number(acme: Installation) -> None:
    control = acme.control
    templates.add_template(control, SIGNATURE)
    with pytest.raises(Exists):
        templates.add_template(control, replace(SIGNATURE, name="STANDARD"))
    other = replace(SIGNATURE, organization=None, domain="example.test")
    nearer = templates.add_template(control, other)
    with pytest.raises(Refused) as caught:
        templates.show_template(control, "standard")
    assert caught.value.code == "ambiguous"
    assert str(nearer.id) in caught.value.text
    with pytest.raises(Exists):
        templates.add_template(control, other)


def test_a_preview_says_what_is_not_known(acme: Installation) -> None:
    templates.add_template(acme.control, SIGNATURE)
    set_profile(acme.control, ANNA, phone="1 <2>")
    filled = templates.preview_template(acme.control, "Standard", ANNA)
    assert filled.text == "Anna A.\nTel. 1 <2>\nAcme"
    assert filled.html == "<p>Anna A.</p>\n<p>1 &lt;2&gt;</p>"
    assert filled.empty == ("function",)


def test_applied_again_it_follows_the_template_and_spares_what_others_wrote(
    acme: Installation,
) -> None:
    control = acme.control
    templates.add_template(control, SIGNATURE)
    shown = apply_template(control, "Standard", domain="example.test", dry=True)
    assert outcomes(shown) == {"anna": Outcome.MADE, "bert": Outcome.MADE}
    assert signatures.list_signatures(control, ANNA) == ()
    assert apply_template(control, "Standard", domain="example.test") == shown
    assert text_of(acme, ANNA) == "Anna A.\nAcme"
    assert templates.show_template(control, "Standard").uses == 2
    again = apply_template(control, "Standard", domain="example.test")
    assert outcomes(again) == {"anna": Outcome.SAME, "bert": Outcome.SAME}

    signatures.change_signature(control, BERT, "Standard", text="Bert himself", new_name="Mine")
    templates.change_template(control, "Standard", text="{name} of {organization}")
    done = apply_template(control, "Standard", accounts=[ANNA, BERT])
    assert outcomes(done) == {"anna": Outcome.CHANGED, "bert": Outcome.KEPT}
    assert (text_of(acme, ANNA), text_of(acme, BERT, "Mine")) == ("Anna A. of Acme", "Bert himself")
    assert "changed" in done[1].text

    signatures.remove_signature(control, ANNA, "Standard")
    done = apply_template(control, "Standard", domain="example.test")
    assert outcomes(done) == {"anna": Outcome.REMOVED, "bert": Outcome.KEPT}
    assert signatures.list_signatures(control, ANNA) == ()
    done = apply_template(control, "Standard", domain="example.test", anew=True)
    assert outcomes(done) == {"anna": Outcome.MADE, "bert": Outcome.CHANGED}
    assert text_of(acme, BERT, "Mine") == "Bert B. of Acme"


def test_a_namesake_is_never_touched_unless_it_says_the_same(acme: Installation) -> None:
    control = acme.control
    templates.add_template(control, SIGNATURE)
    signatures.add_signature(control, ANNA, "standard", "My own")
    apply_template(control, "Standard", accounts=[BERT])
    # As if the note of what was made had been lost.
    acme.sql("DELETE FROM directory_templateuse")
    for _ in range(2):
        done = apply_template(control, "Standard", domain="example.test", anew=True)
        assert outcomes(done) == {"anna": Outcome.KEPT, "bert": Outcome.SAME}
    assert text_of(acme, ANNA) == "My own"
    set_profile(control, BERT, function="Boss")
    done = apply_template(control, "Standard", domain="example.test")
    assert outcomes(done) == {"anna": Outcome.KEPT, "bert": Outcome.CHANGED}
    assert text_of(acme, BERT) == "Bert B.\nBoss\nAcme"


def test_of_a_responder_only_what_it_says_is_touched(acme: Installation) -> None:
    control = acme.control
    templates.add_template(control, RESPONDER)
    done = apply_template(control, "Away", accounts=[ANNA])
    assert done == (Applied(ANNA, Outcome.MADE),)
    info = responders.show_responder(control, ANNA, "Away")
    assert (info.active, info.responder.subject) == (False, "Anna A. is away")
    changed = replace(info.responder, name="Summer", excluded=("boss@far.test",))
    responders.change_responder(control, ANNA, "Away", changed)
    responders.activate_responder(control, ANNA, "Summer")
    templates.change_template(control, "Away", text="Gone.", subject="Gone")
    assert outcomes(apply_template(control, "Away", accounts=[ANNA])) == {"anna": Outcome.CHANGED}
    info = responders.show_responder(control, ANNA, "Summer")
    assert info.active
    assert info.responder == replace(changed, text="Gone.", subject="Gone")
    responders.change_responder(control, ANNA, "Summer", replace(info.responder, subject="Mine"))
    assert outcomes(apply_template(control, "Away", accounts=[ANNA])) == {"anna": Outcome.KEPT}


def test_one_account_that_fails_stops_no_other(acme: Installation) -> None:
    control = acme.control
    for number in range(30):
        signatures.add_signature(control, ANNA, f"s{number}", "x")
    templates.add_template(control, replace(SIGNATURE, text="{function}", html=""))
    set_profile(control, ANNA, function="A")
    set_profile(control, BERT, function="B")
    done = apply_template(control, "Standard", accounts=[ANNA, BERT, ZOE])
    assert outcomes(done) == {
        "anna": Outcome.FAILED, "bert": Outcome.MADE, "zoe": Outcome.EMPTY
    }  # fmt: skip
    assert "at most 30" in done[0].text


def test_new_accounts_get_what_is_automatic(
    acme: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    control = acme.control
    everywhere = replace(SIGNATURE, automatic=True, html="")
    templates.add_template(control, everywhere)
    nearer = replace(everywhere, text="Near {email}", organization=None, domain="example.test")
    templates.add_template(control, nearer)
    templates.add_template(control, RESPONDER)
    new = NewAccount("dora@example.test", name="Dora", profile=Profile(phone="7"))
    accounts.add_account(control, new)
    assert text_of(acme, "dora@example.test") == "Near dora@example.test"
    accounts.add_account(control, replace(new, address="dora@second.test"))
    assert text_of(acme, "dora@second.test") == "Dora\nTel. 7\nAcme"
    table = b"address,,\r\nemil\r\n"
    assert bulk.import_accounts(control, "second.test", table).rows[0].fate is bulk.Fate.MADE
    assert text_of(acme, "emil@second.test") == "Acme"
    accounts.add_accounts(control, [NewAccount("finn@second.test", name="Finn")])
    assert text_of(acme, "finn@second.test") == "Finn\nAcme"
    assert responders.list_responders(control, "dora@example.test") == ()
    assert not caplog.records
    # What others have there already stays.
    assert signatures.list_signatures(control, ANNA) == ()


def test_who_may(acme: Installation) -> None:
    control = acme.control
    organizations.add_organization(control, "Other")
    actors = {}
    for name, where, role in (
        ("vera", "Acme", Role.VIEWER),
        ("mona", "Acme", Role.MANAGER),
        ("otto", "Other", Role.OWNER),
    ):
        user = users.add_user(control, f"{name}@who.test")
        users.set_membership(control, f"{name}@who.test", where, role)
        actors[name] = control.acting_as(Actor(user_id=user.id))
    templates.add_template(control, SIGNATURE)
    assert len(templates.list_templates(actors["vera"])) == 1
    for act in (
        lambda one: templates.add_template(one, RESPONDER),
        lambda one: templates.change_template(one, "Standard", text="x"),
        lambda one: templates.remove_template(one, "Standard"),
        lambda one: apply_template(one, "Standard", accounts=[ANNA]),
    ):
        with pytest.raises(Forbidden):
            act(actors["vera"])
    assert templates.list_templates(actors["otto"]) == ()
    with pytest.raises(NotFound):
        templates.show_template(actors["otto"], "1")
    done = apply_template(actors["mona"], "Standard", domain="example.test")
    assert outcomes(done) == {"anna": Outcome.MADE, "bert": Outcome.MADE}


def test_it_reaches_the_accounts_that_it_is_for(acme: Installation) -> None:
    control = acme.control
    acme.domain("third.test", "Other")
    acme.account("tom@third.test", None)
    templates.add_template(control, SIGNATURE)
    templates.add_template(control, RESPONDER)
    for name, words in (
        ("Standard", {"accounts": ["tom@third.test"]}),
        ("Standard", {"domain": "third.test"}),
        ("Away", {"accounts": [ANNA, ZOE]}),
        ("Away", {"domain": "second.test"}),
    ):
        with pytest.raises(Refused) as caught:
            apply_template(control, name, **words)
        assert caught.value.code == "other-organization"
    with pytest.raises(Refused, match="Say to which"):
        apply_template(control, "Away")
    assert responders.list_responders(control, ANNA) == ()


def test_it_fits_what_it_becomes(acme: Installation) -> None:
    """A field may make more of a text than a signature may have."""
    control = acme.control
    templates.add_template(control, replace(SIGNATURE, text="{address}\n" * 100, html=""))
    set_profile(control, ANNA, postal_address="x" * 200)
    done = apply_template(control, "Standard", accounts=[ANNA])
    assert done[0].outcome is Outcome.FAILED
    assert "at most 4096 octets" in done[0].text


def test_a_responder_has_to_be_complete(acme: Installation) -> None:
    """From HTML alone there is text for those who see that."""
    new = replace(RESPONDER, text="", html="<p>Away,<br>{name}</p>")
    templates.add_template(acme.control, new)
    apply_template(acme.control, "Away", accounts=[ANNA])
    made: Responder = responders.show_responder(acme.control, ANNA, "Away").responder
    assert (made.text, made.html) == ("Away,\nAnna A.", "<p>Away,<br>Anna A.</p>")
