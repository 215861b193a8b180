"""Automatic answers: once a sender, again after the period, bounded, signed, in the right name."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.directory.values import AccountInfo
from alphorn.mailauth.dkim.sign import sign
from alphorn.message import header
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Notify, Origin, OriginKind
from alphorn.message.signature import Signature
from alphorn.operations import addresses, grants, responders, responding, signatures, temporary
from alphorn.operations.answering import (
    HOUR,
    MAX_PER_HOUR,
    Answer,
    Answering,
    Declined,
    prepared,
    remembered_key,
)
from alphorn.operations.responding import Responders, Sender
from alphorn.sieve.actions import Copy, Vacation
from alphorn.sieve.responder import Responder
from alphorn.store.api import Document, Remembered
from tests.support.installation import NOW
from tests.support.mailhouse import ANNA, BERT, HOSTNAME, MailHouse

CARL = "carl@other.test"
DAY = 86400
T = "TRANSACTION1"


class House:
    """A mail house in which Anna answers; `ask` is one message through plan, delivery and send."""

    def __init__(self, folder: Path) -> None:
        self.mail = MailHouse(folder)
        self.clock = self.mail.clock
        self.control = self.mail.installation.control
        self.anna = self.mail.store.account(self.mail.anna.id)
        self.answering = self.made()

    def made(self, per_hour: int = MAX_PER_HOUR) -> Answering:
        return Answering(
            self.mail.view,
            self.mail.state,
            sign,
            self.mail._enqueue,
            clock=self.clock,
            per_hour=per_hour,
            hostname=HOSTNAME,
        )

    def account(self) -> AccountInfo:
        found = self.mail.view.account_by_address(ANNA)
        assert found is not None
        return found

    def plan(
        self,
        vacation: Vacation | None = None,
        *,
        sender: str = CARL,
        to: str = ANNA,
        named: str | None = None,
        spam: bool = False,
        fields: str = "",
        answering: Answering | None = None,
    ) -> Answer | Declined:
        raw = (
            f"From: Carl <{sender}>\r\nTo: {named or to}\r\nSubject: Hi\r\n"
            f"Message-ID: <1@other.test>\r\n{fields}\r\nHello\r\n"
        ).encode()
        return (answering or self.answering).plan(
            vacation or Vacation("Away.\r\n", "k", 7 * DAY),
            raw,
            Envelope(sender, (EnvelopeRecipient(to),)),
            self.mail.routes(to)[0],
            self.account(),
            self.anna,
            spam=spam,
        )

    def ask(self, vacation: Vacation | None = None, **given: object) -> Answer | Declined:
        planned = self.plan(vacation, **given)  # type: ignore[arg-type]
        if isinstance(planned, Answer):
            self.anna.deliver([], None, [planned.remembered])
            sent = self.answering.send(planned, self.account(), self.anna, T)
            assert isinstance(sent, str)
        return planned


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.mail.close()


def test_an_answer_from_beginning_to_end(house: House) -> None:
    planned = house.ask()
    assert isinstance(planned, Answer)
    assert planned.envelope == Envelope("", (EnvelopeRecipient(CARL, frozenset({Notify.NEVER})),))
    (queued,) = [one.message for one in house.mail.queued()]
    assert (queued.origin.kind, queued.origin.account_id) == (
        OriginKind.REPLIED,
        house.account().id,
    )
    assert (queued.origin.transaction, queued.origin.domain) == (T, "example.test")
    assert queued.envelope.sender == ""
    (raw,) = house.mail.queued_raw()
    assert header.get(raw, "From") == ANNA
    assert header.get(raw, "To") == '"Carl" <carl@other.test>'
    assert header.get(raw, "Subject") == "Auto: Hi"
    assert header.get(raw, "In-Reply-To") == "<1@other.test>"
    assert header.get(raw, "Auto-Submitted") == "auto-replied"
    signature = header.get(raw, "DKIM-Signature") or ""
    assert "d=example.test" in signature.replace(" ", "")
    assert planned.remembered == Remembered(
        remembered_key("k", CARL), int(house.clock.now) + 7 * DAY
    )
    # What the owner may send himself is not touched by it.
    assert house.mail.state.peek(
        f"sent:{HOUR}:{house.account().id}", HOUR, 1, now=house.clock.now
    ).allowed


def test_a_sender_is_answered_once_and_again_after_the_period(house: House) -> None:
    assert isinstance(house.ask(), Answer)
    for later in (60, 3600, 7 * DAY - 1):
        house.clock.now = NOW + later
        again = house.ask()
        assert isinstance(again, Declined)
        assert again.code == "answered"
        assert CARL in again.text
    assert isinstance(house.ask(sender="Carl+1@other.test"), Answer)
    assert isinstance(house.ask(Vacation("Away.", "another", DAY)), Answer)
    house.clock.now = NOW + 7 * DAY
    assert isinstance(house.ask(), Answer)
    assert isinstance(house.ask(sender="CARL@Other.test"), Declined)


def test_what_was_answered_is_forgotten_when_asked(house: House) -> None:
    house.ask()
    house.clock.now += 120
    assert isinstance(house.ask(), Declined)
    assert house.anna.forget("answer:k:") == 1
    assert isinstance(house.ask(), Answer)


def test_two_messages_at_the_same_moment_get_one_answer(house: House) -> None:
    """Each looks before the other has written: what all processes share tells them apart."""
    gate = threading.Barrier(8)
    found: list[Answer | Declined] = []

    def one() -> None:
        gate.wait()
        found.append(house.plan())

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in found if isinstance(one, Answer)]) == 1
    assert {one.code for one in found if isinstance(one, Declined)} == {"answered"}


def test_a_flood_gets_so_many_answers_in_an_hour(house: House) -> None:
    answering = house.made(per_hour=5)
    found = [
        house.plan(sender=f"victim{number}@other.test", answering=answering) for number in range(20)
    ]
    assert len([one for one in found if isinstance(one, Answer)]) == 5
    last = found[-1]
    assert isinstance(last, Declined)
    assert (last.code, last.facts) == ("rate", {"limit": 5})
    assert "5 within an hour" in last.text
    house.clock.now += 2 * HOUR
    assert isinstance(house.plan(sender="victim9@other.test", answering=answering), Answer)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"spam": True}, "spam"),
        ({"sender": ""}, "null-sender"),
        ({"sender": "noreply@other.test"}, "machine"),
        ({"sender": ANNA}, "own"),
        ({"sender": "anna+x@example.test"}, "own"),
        ({"sender": "sales@example.test"}, "own"),
        ({"named": "all@other.test"}, "not-addressed"),
        ({"named": BERT}, "not-addressed"),
        ({"fields": "List-Id: <x.test>\r\n"}, "list"),
        ({"fields": "Auto-Submitted: auto-replied\r\n"}, "automatic"),
        ({"to": "anything@example.test", "named": "anything@example.test"}, "catch-all"),
    ],
)
def test_reasons_of_the_account_and_of_the_message(
    house: House, given: dict[str, object], code: str
) -> None:
    addresses.add_alias(house.control, "sales@example.test", ANNA)
    addresses.add_catch_all(house.control, "example.test", ANNA)
    declined = house.ask(**given)  # type: ignore[arg-type]
    assert isinstance(declined, Declined)
    assert declined.code == code
    assert declined.text.startswith("No automatic answer: ")
    assert house.mail.queued() == []


def test_a_locked_account_does_not_answer(house: House) -> None:
    house.mail.installation.sql(
        "UPDATE directory_account SET sending_locked = 1, sending_lock_reason = 'x' WHERE id = ?",
        house.account().id,
    )
    house.mail.installation.sql("UPDATE directory_directoryversion SET version = version + 1")
    declined = house.ask()
    assert isinstance(declined, Declined)
    assert declined.code == "locked"


def test_what_came_over_a_gateway_is_answered_over_it(house: House) -> None:
    raw = f"From: {CARL}\r\nTo: {ANNA}\r\n\r\n".encode()
    envelope = Envelope(CARL, (EnvelopeRecipient(ANNA),), gateway="health")
    route = house.mail.routes(ANNA)[0]
    vacation = Vacation("x", "k", DAY)
    planned = house.answering.plan(vacation, raw, envelope, route, house.account(), house.anna)
    assert isinstance(planned, Answer)
    assert planned.envelope.gateway == "health"


# -- in whose name ---------------------------------------------------------------------------------


def author(planned: Answer | Declined) -> str | None:
    assert isinstance(planned, Answer), planned
    return header.get(planned.raw, "From")


def test_an_alias_answers_for_itself(house: House) -> None:
    addresses.add_alias(house.control, "sales@example.test", ANNA)
    assert author(house.ask(to="sales@example.test")) == "sales@example.test"
    found = house.ask(sender="dora@other.test", to="anna+shop@example.test")
    assert author(found) == "anna+shop@example.test"


def test_an_alias_does_not_tell_whose_it_is(house: House) -> None:
    made = house.mail.installation
    made.domain("shop.test")
    addresses.add_alias(house.control, "orders@shop.test", ANNA)
    found = house.ask(to="orders@shop.test")
    assert isinstance(found, Answer)
    assert header.get(found.raw, "From") == "orders@shop.test"
    # Neither in its Message-ID nor in its signatures, nor anywhere else.
    assert b"example.test" not in found.raw


def test_who_guesses_whose_a_temporary_address_is_learns_nothing(house: House) -> None:
    made = temporary.make_temporary(house.control, ANNA, label="Shoes")
    guessed = house.ask(to=made.address, named=ANNA)
    assert isinstance(guessed, Declined)
    assert guessed.code == "not-addressed"
    assert author(house.ask(to=made.address)) == made.address


def test_a_forged_sender_gets_none(house: House) -> None:
    said = f"Authentication-Results: {HOSTNAME}; spf=fail smtp.mailfrom=other.test\r\n"
    found = house.ask(fields=said)
    assert isinstance(found, Declined)
    assert found.code == "forged"
    assert author(house.ask(fields=said.replace(HOSTNAME, "elsewhere.test"))) is not None


def test_another_address_only_where_it_may_be_used(house: House) -> None:
    addresses.add_redirect(house.control, "info@example.test", [BERT])

    def ask(named: str, sender: str) -> str | None:
        return author(house.ask(Vacation("x", "k", DAY, sender=named), sender=sender))

    assert ask("Info <info@example.test>", "a@other.test") == ANNA
    assert ask(f"Bert <{BERT}>", "b@other.test") == ANNA
    assert ask("me@elsewhere.test", "c@other.test") == ANNA
    assert ask("nonsense", "d@other.test") == ANNA
    grants.grant_send_as(house.control, ANNA, "info@example.test")
    assert ask("Info <info@example.test>", "e@other.test") == "Info <info@example.test>"
    asked = Responders(senders=(Sender("me@elsewhere.test", 0, "ab", 9**9),))
    house.anna.put_document(Document.RESPONDERS, responding.write(asked))
    assert ask("me@elsewhere.test", "f@other.test") == ANNA
    proved = Responders(senders=(Sender("me@elsewhere.test", 5),))
    house.anna.put_document(Document.RESPONDERS, responding.write(proved))
    assert ask("Me@elsewhere.test", "g@other.test") == "Me@elsewhere.test"


def test_further_addresses_of_the_script_count(house: House) -> None:
    vacation = Vacation("x", "k", DAY, addresses=("me@old.test",), copy=Copy("Sent"))
    planned = house.ask(vacation, named="me@old.test")
    assert isinstance(planned, Answer)
    # It is not an address that the account may write as.
    assert header.get(planned.raw, "From") == ANNA
    assert planned.copy == Copy("Sent")


# -- what can go wrong -----------------------------------------------------------------------------


def test_what_cannot_be_queued_is_answered_next_time(house: House) -> None:
    planned = house.plan()
    assert isinstance(planned, Answer)
    house.anna.deliver([], None, [planned.remembered])
    house.mail.queue_error = Unavailable("The disk is full.")
    failed = house.answering.send(planned, house.account(), house.anna, T)
    assert isinstance(failed, Declined)
    assert "The disk is full." in failed.text
    house.mail.queue_error = None
    house.clock.now += 120
    assert isinstance(house.ask(), Answer)


def test_without_counters_nothing_is_answered(house: House) -> None:
    class Broken:
        def hit(self, *given: object, **named: object) -> object:
            raise Unavailable("The file of counters cannot be used.")

    def enqueue(raw: bytes, envelope: Envelope, origin: Origin) -> str:
        raise AssertionError

    answering = Answering(house.mail.view, Broken(), sign, enqueue, clock=house.clock)  # type: ignore[arg-type]
    declined = house.plan(answering=answering)
    assert isinstance(declined, Declined)
    assert declined.code == "count"


# -- the responder that is active ------------------------------------------------------------------


def test_the_active_responder_as_a_script(house: House) -> None:
    assert prepared(house.anna, house.anna.rules().responders) is None
    attached = signatures.add_signature(house.control, ANNA, "Work", "Anna, Acme")
    made = responders.add_responder(
        house.control,
        ANNA,
        Responder("", "Away", "I am away.", signature=attached.id, zone="Europe/Zurich"),
    )
    assert prepared(house.anna, house.anna.rules().responders) is None
    responders.activate_responder(house.control, ANNA, "Away")
    found = prepared(house.anna, house.anna.rules().responders)
    assert found is not None
    assert (found.id, found.zone) == (made.responder.id, "Europe/Zurich")
    assert "-- \nAnna, Acme\n" in found.source
    assert (found.offset(1_800_000_000.0), found.offset(1_815_000_000.0)) == (60, 120)
    version = house.anna.rules_version()
    changed = signatures.change_signature(house.control, ANNA, "work", text="Anna B.")
    assert changed == Signature(attached.id, "Work", "Anna B.")
    assert house.anna.rules_version() != version
    assert "Anna B." in (prepared(house.anna, house.anna.rules().responders) or found).source


@pytest.mark.parametrize("document", ["{", "[]", '{"active": "x"}', '{"responders": [{}]}', "5"])
def test_a_damaged_document_answers_nobody(house: House, document: str) -> None:
    assert prepared(house.anna, document) is None
