"""Responders of an account: acts, rights, one active at a time, addresses elsewhere proved."""

import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from alphorn.base.errors import Exists, NotFound, Refused, Unavailable
from alphorn.base.fields import FieldError
from alphorn.directory.setup import close_connections
from alphorn.message.envelope import OriginKind
from alphorn.operations import addresses, grants, responders, responding, signatures
from alphorn.operations.answering import remembered_key
from alphorn.operations.control import Actor, Control
from alphorn.operations.responders import Answered
from alphorn.operations.rights import Forbidden
from alphorn.operations.sender_proof import (
    CODE_SECONDS,
    CODES_PER_ADDRESS,
    MAX_TRIES,
    ProofParts,
)
from alphorn.sieve.responder import Responder, answer_key
from alphorn.sieve.responder_times import Weekly
from alphorn.store.api import Document, Remembered
from tests.support.mailhouse import ANNA, BERT, MailHouse

ELSEWHERE = "anna@elsewhere.test"
DAY = 86400


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MailHouse]:
    made = MailHouse(tmp_path)
    yield made
    made.close()


@pytest.fixture
def control(house: MailHouse) -> Control:
    """As Anna herself acts."""
    return house.installation.control.acting_as(Actor(account_id=house.anna.id))


def draft(name: str = "Away", **given: object) -> Responder:
    return replace(Responder("", name, f"I am {name}.\n"), **given)  # type: ignore[arg-type]


# -- acts ------------------------------------------------------------------------------------------


def test_made_changed_switched_and_removed(control: Control) -> None:
    assert responders.list_responders(control, ANNA) == ()
    away = responders.add_responder(control, ANNA, draft())
    ill = responders.add_responder(control, ANNA, draft("Ill", excluded=("B.Test",)))
    assert ill.responder.excluded == ("b.test",)
    assert (away.active, away.running, away.over) == (False, False, False)
    assert responders.show_responder(control, ANNA, "  AWAY ") == away
    assert responders.show_responder(control, ANNA, away.responder.id) == away

    assert responders.activate_responder(control, ANNA, "Away").running
    assert responders.activate_responder(control, ANNA, "Ill").active
    listed = responders.list_responders(control, ANNA)
    assert [(one.responder.name, one.active) for one in listed] == [("Away", False), ("Ill", True)]

    changed = responders.change_responder(
        control, ANNA, "Ill", draft("Still ill", id="other", zone="Europe/Zurich")
    )
    assert (changed.responder.id, changed.active) == (ill.responder.id, True)
    assert changed.responder.excluded == ()

    off = responders.deactivate_responder(control, ANNA)
    assert off is not None
    assert off.name == "Still ill"
    assert responders.deactivate_responder(control, ANNA) is None
    responders.activate_responder(control, ANNA, "Still ill")
    assert responders.remove_responder(control, ANNA, "Still ill").name == "Still ill"
    assert [one.active for one in responders.list_responders(control, ANNA)] == [False]
    responders.remove_responder(control, ANNA, "Away")
    assert control.store.account(1).document(Document.RESPONDERS) == ""


def test_what_is_refused(control: Control) -> None:
    responders.add_responder(control, ANNA, draft())
    with pytest.raises(Exists):
        responders.add_responder(control, ANNA, draft("AWAY"))
    with pytest.raises(FieldError) as caught:
        responders.add_responder(control, ANNA, draft("x", text=" "))
    assert caught.value.field == "responder.text"
    with pytest.raises(NotFound, match="signature"):
        responders.add_responder(control, ANNA, draft("x", signature="s1"))
    with pytest.raises(Refused, match="prove it first"):
        responders.add_responder(control, ANNA, draft("x", sender=ELSEWHERE))
    with pytest.raises(Refused, match=re.escape(BERT)):
        responders.add_responder(control, ANNA, draft("x", sender=BERT))
    for act in (
        lambda: responders.show_responder(control, ANNA, "nobody"),
        lambda: responders.change_responder(control, ANNA, "nobody", draft()),
        lambda: responders.remove_responder(control, ANNA, "nobody"),
        lambda: responders.activate_responder(control, ANNA, "nobody"),
        lambda: responders.reset_responder(control, ANNA, "nobody"),
    ):
        with pytest.raises(NotFound):
            act()
    for number in range(responding.MAX_RESPONDERS - 1):
        responders.add_responder(control, ANNA, draft(f"n{number}"))
    with pytest.raises(Refused) as refused:
        responders.add_responder(control, ANNA, draft("more"))
    assert refused.value.code == "too-many"


def test_what_is_over_is_not_switched_on(house: MailHouse, control: Control) -> None:
    ended = draft(end=date(2027, 1, 15))
    made = responders.add_responder(control, ANNA, ended)  # it is 8 o'clock on this day
    assert responders.activate_responder(control, ANNA, "Away").running
    house.clock.now += 16 * 3600
    found = responders.show_responder(control, ANNA, "Away")
    assert (found.active, found.running, found.over) == (True, False, True)
    with pytest.raises(Refused, match="2027-01-15"):
        responders.activate_responder(control, ANNA, "Away")
    later = replace(made.responder, windows=(Weekly((0,)),), end=None)
    assert not responders.change_responder(control, ANNA, "Away", later).running


ACTS: list[Callable[[Control], object]] = [
    lambda control: responders.list_responders(control, ANNA),
    lambda control: responders.show_responder(control, ANNA, "Away"),
    lambda control: responders.add_responder(control, ANNA, draft("x")),
    lambda control: responders.change_responder(control, ANNA, "Away", draft("x")),
    lambda control: responders.remove_responder(control, ANNA, "Away"),
    lambda control: responders.activate_responder(control, ANNA, "Away"),
    lambda control: responders.deactivate_responder(control, ANNA),
    lambda control: responders.reset_responder(control, ANNA, "Away"),
    lambda control: responders.answered_by(control, ANNA, "Away"),
    lambda control: responders.list_senders(control, ANNA),
    lambda control: responders.verify_sender(control, ANNA, ELSEWHERE, "x"),
    lambda control: responders.remove_sender(control, ANNA, ELSEWHERE),
    lambda control: signatures.list_signatures(control, ANNA),
    lambda control: signatures.add_signature(control, ANNA, "n", "t"),
    lambda control: signatures.change_signature(control, ANNA, "n", text="t"),
    lambda control: signatures.remove_signature(control, ANNA, "n"),
]


@pytest.mark.parametrize("act", ACTS)
def test_only_the_holder_and_the_manager(
    house: MailHouse, act: Callable[[Control], object]
) -> None:
    stranger = house.installation.control.acting_as(Actor(account_id=house.bert.id))
    with pytest.raises(Forbidden):
        act(stranger)


def test_who_was_answered_and_the_counter(house: MailHouse, control: Control) -> None:
    made = responders.add_responder(control, ANNA, draft()).responder
    other = responders.add_responder(control, ANNA, draft("Ill")).responder
    mail, now = house.store.account(house.anna.id), control.now()
    long = f"{'x' * 60}@{'y' * 60}.test"
    for responder, sender, at in (
        (made, "carl@other.test", now - 3),
        (made, "dora@other.test", now - 2),
        (made, long, now - 5),
        (made, "long-ago@other.test", now - 8 * DAY),
        (other, "carl@other.test", now - 1),
    ):
        key = remembered_key(answer_key(responder.id), sender)
        mail.deliver([], None, [Remembered(key, at + 7 * DAY)])
    found = responders.answered_by(control, ANNA, "Away")
    assert found[:2] == (
        Answered("dora@other.test", now - 2, now - 2 + 7 * DAY),
        Answered("carl@other.test", now - 3, now - 3 + 7 * DAY),
    )
    assert found[2].sender.startswith("x" * 60)
    assert len(found) == 3
    assert responders.reset_responder(control, ANNA, "Away") == 3
    assert responders.answered_by(control, ANNA, "Away") == ()
    assert len(responders.answered_by(control, ANNA, "Ill")) == 1
    responders.remove_responder(control, ANNA, "Ill")
    assert mail.forget("") == 0


# -- one at a time ---------------------------------------------------------------------------------


def test_two_are_never_active_whoever_writes_at_the_same_moment(
    house: MailHouse, control: Control
) -> None:
    """Threads switch responders on and off and make new ones; nothing that one did is lost, and at
    each moment at most one is active."""
    names = ["a", "b", "c", "d"]
    for name in names:
        responders.add_responder(control, ANNA, draft(name))
    mail = house.store.account(house.anna.id)
    failed: list[BaseException] = []
    gate = threading.Barrier(len(names))

    def work(name: str) -> None:
        try:
            gate.wait()
            for number in range(4):
                responders.activate_responder(control, ANNA, name)
                responders.add_responder(control, ANNA, draft(f"{name}{number}"))
                found = responding.read(mail.document(Document.RESPONDERS))
                assert found.of(found.active) is not None
        except BaseException as error:
            failed.append(error)
        finally:
            close_connections()

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    listed = responders.list_responders(control, ANNA)
    assert {one.responder.name for one in listed} == {
        *names,
        *(f"{name}{number}" for name in names for number in range(4)),
    }
    assert len([one for one in listed if one.active]) == 1


# -- addresses elsewhere ---------------------------------------------------------------------------


def proof(house: MailHouse) -> ProofParts:
    return ProofParts(house._enqueue, house.state)


def code_in(raw: bytes) -> str:
    text = message_from_bytes(raw, policy=policy.default).get_content()
    found = re.search(r"^    ([a-z0-9]{5}-[a-z0-9]{5})\r?$", text, re.MULTILINE)
    assert found is not None
    return found[1]


def test_own_addresses_need_no_proof(house: MailHouse, control: Control) -> None:
    addresses.add_alias(house.installation.control, "sales@example.test", ANNA)
    addresses.add_redirect(house.installation.control, "info@example.test", [BERT])
    for number, sender in enumerate((ANNA, "sales@example.test", "sales+x@example.test")):
        responders.add_responder(control, ANNA, draft(f"n{number}", sender=sender))
        with pytest.raises(Exists):
            responders.prove_sender(control, proof(house), ANNA, sender)
    with pytest.raises(Refused, match="account grant"):
        responders.prove_sender(control, proof(house), ANNA, "info@example.test")
    grants.grant_send_as(house.installation.control, ANNA, "info@example.test")
    made = responders.add_responder(control, ANNA, draft(sender="Info@example.test"))
    grants.revoke_send_as(house.installation.control, ANNA, "info@example.test")
    with pytest.raises(Refused, match="is not an address of"):
        responders.activate_responder(control, ANNA, made.responder.id)


def test_an_address_elsewhere_is_proved_by_a_code(house: MailHouse, control: Control) -> None:
    asked = responders.prove_sender(control, proof(house), ANNA, ELSEWHERE)
    assert (asked.verified, asked.expires) == (0, control.now() + CODE_SECONDS)
    (message,) = [one.message for one in house.queued()]
    assert (message.envelope.sender, message.origin.kind) == ("", OriginKind.REPORT)
    (raw,) = house.queued_raw()
    code = code_in(raw)
    stored = house.store.account(house.anna.id).document(Document.RESPONDERS)
    assert code not in stored
    assert code.replace("-", "") not in stored

    for wrong in ("", "x", code[:-1], code + "a"):
        with pytest.raises(Refused) as refused:
            responders.verify_sender(control, ANNA, ELSEWHERE, wrong)
        assert refused.value.code == "code"
    with pytest.raises(Refused, match="prove it first"):
        responders.add_responder(control, ANNA, draft(sender=ELSEWHERE))
    proved = responders.verify_sender(control, ANNA, ELSEWHERE, f" {code.upper()} ")
    assert (proved.verified, proved.proof) == (control.now(), "")
    assert responders.verify_sender(control, ANNA, ELSEWHERE, "again") == proved
    assert responders.list_senders(control, ANNA) == (proved,)
    responders.add_responder(control, ANNA, draft(sender=ELSEWHERE))
    with pytest.raises(Exists):
        responders.prove_sender(control, proof(house), ANNA, ELSEWHERE)
    with pytest.raises(Refused, match="Away"):
        responders.remove_sender(control, ANNA, ELSEWHERE)
    responders.remove_responder(control, ANNA, "Away")
    responders.remove_sender(control, ANNA, ELSEWHERE)
    assert responders.list_senders(control, ANNA) == ()


def test_codes_end(house: MailHouse, control: Control) -> None:
    responders.prove_sender(control, proof(house), ANNA, ELSEWHERE)
    code = code_in(house.queued_raw()[0])
    house.clock.now += CODE_SECONDS
    with pytest.raises(Refused) as refused:
        responders.verify_sender(control, ANNA, ELSEWHERE, code)
    assert refused.value.code == "expired"
    responders.prove_sender(control, proof(house), ANNA, ELSEWHERE)
    with pytest.raises(Refused, match="not the code"):
        responders.verify_sender(control, ANNA, ELSEWHERE, code)
    code = code_in(house.queued_raw()[1])
    for _ in range(MAX_TRIES - 1):
        with pytest.raises(Refused):
            responders.verify_sender(control, ANNA, ELSEWHERE, "wrong")
    with pytest.raises(Refused) as refused:
        responders.verify_sender(control, ANNA, ELSEWHERE, code)
    assert refused.value.code == "too-many-tries"


def test_a_proof_is_of_use_to_its_account_alone(house: MailHouse, control: Control) -> None:
    """What is stored for one account and put into another one's document proves nothing there."""
    responders.prove_sender(control, proof(house), ANNA, ELSEWHERE)
    code = code_in(house.queued_raw()[0])
    stored = house.store.account(house.anna.id).document(Document.RESPONDERS)
    house.store.account(house.bert.id).put_document(Document.RESPONDERS, stored)
    with pytest.raises(Refused) as refused:
        responders.verify_sender(house.installation.control, BERT, ELSEWHERE, code)
    assert refused.value.code == "code"


def test_nobody_is_flooded_with_codes(house: MailHouse, control: Control) -> None:
    operator = house.installation.control
    for number in range(CODES_PER_ADDRESS):
        responders.prove_sender(operator, proof(house), (ANNA, BERT)[number % 2], ELSEWHERE)
    with pytest.raises(Unavailable) as caught:
        responders.prove_sender(operator, proof(house), BERT, ELSEWHERE.upper())
    assert caught.value.code == "rate"
    assert len(house.queued()) == CODES_PER_ADDRESS


def test_codes_are_sent_in_the_language_of_the_account(house: MailHouse, control: Control) -> None:
    from alphorn.directory.values import LANGUAGES
    from alphorn.operations.sender_proof import TEXTS

    assert set(TEXTS) == set(LANGUAGES)
    house.installation.sql("UPDATE directory_account SET language = 'de'")
    responders.prove_sender(control, proof(house), ANNA, ELSEWHERE)
    assert "Code für Antworten" in str(
        message_from_bytes(house.queued_raw()[0], policy=policy.default)["Subject"]
    )


# -- signatures ------------------------------------------------------------------------------------


def test_signatures(control: Control) -> None:
    work = signatures.add_signature(control, ANNA, "Work", "Anna\r\nAcme", "<b>Anna</b>")
    assert work.text == "Anna\nAcme"
    assert signatures.list_signatures(control, ANNA) == (work,)
    assert signatures.show_signature(control, ANNA, "work") == work
    with pytest.raises(Exists):
        signatures.add_signature(control, ANNA, "WORK", "x")
    with pytest.raises(FieldError, match=r"signature\.text"):
        signatures.add_signature(control, ANNA, "x", "")
    changed = signatures.change_signature(control, ANNA, work.id, new_name="Job", html="")
    assert (changed.name, changed.text, changed.html) == ("Job", "Anna\nAcme", "")
    responders.add_responder(control, ANNA, draft(signature=work.id))
    with pytest.raises(Refused, match="Away"):
        signatures.remove_signature(control, ANNA, "Job")
    responders.remove_responder(control, ANNA, "Away")
    assert signatures.remove_signature(control, ANNA, "Job") == changed
    with pytest.raises(NotFound):
        signatures.show_signature(control, ANNA, "Job")
    assert control.store.account(1).document(Document.SIGNATURES) == ""


def test_documents_of_a_process_that_forks_are_the_same(house: MailHouse, control: Control) -> None:
    """Another process that switches another one on is seen at once."""
    responders.add_responder(control, ANNA, draft("a"))
    responders.add_responder(control, ANNA, draft("b"))
    responders.activate_responder(control, ANNA, "a")
    before = house.store.account(house.anna.id).rules_version()
    house.store.close()
    close_connections()
    child = os.fork()
    if child == 0:
        try:
            responders.activate_responder(control, ANNA, "b")
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert house.store.account(house.anna.id).rules_version() > before
    listed = responders.list_responders(control, ANNA)
    assert [one.responder.name for one in listed if one.active] == ["b"]


def test_a_locked_account_sends_no_codes(house: MailHouse, control: Control) -> None:
    house.installation.sql(
        "UPDATE directory_account SET sending_locked = 1, sending_lock_reason = 'x'"
    )
    with pytest.raises(Refused) as refused:
        responders.prove_sender(control, proof(house), ANNA, ELSEWHERE)
    assert refused.value.code == "locked"
    assert house.queued() == []
