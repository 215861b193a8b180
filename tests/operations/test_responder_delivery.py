"""Responders at delivery: mail comes in, an answer goes out, and the clock moves."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alphorn.base.errors import Unavailable
from alphorn.message import header
from alphorn.message.envelope import EnvelopeRecipient
from alphorn.operations import responders
from alphorn.operations.placement import SPAM, Placement
from alphorn.sieve.responder import Responder
from alphorn.sieve.responder_times import Weekly
from tests.support.installation import NOW
from tests.support.mailhouse import ANNA, BERT, MailHouse

CARL = "carl@other.test"
DAY = 86400


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MailHouse]:
    made = MailHouse(tmp_path)
    yield made
    made.close()


def switch_on(house: MailHouse, account: str = ANNA, **given: object) -> None:
    control = house.installation.control
    made = Responder("", f"Away {len(given)}", "I am away.", **given)  # type: ignore[arg-type]
    name = responders.add_responder(control, account, made).responder.id
    responders.activate_responder(control, account, name)


def comes(house: MailHouse, sender: str = CARL, spam: bool = False) -> list[str]:
    """A message for Anna; what the trace says of answers."""
    house.events.clear()
    raw = f"From: {sender}\r\nTo: {ANNA}\r\nSubject: Hi\r\n\r\nHello\r\n".encode()
    placed = [Placement(SPAM)] if spam else None
    envelope = house.envelope(ANNA, sender=sender)
    assert house.delivery.accept(raw, envelope, house.routes(ANNA), "T1", placed).accepted
    return [text for text in house.told("deliver") if "nswer" in text]


def at(house: MailHouse, text: str) -> None:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Zurich"))
    house.clock.now = moment.timestamp()


def test_one_answer_and_the_next_a_week_later(house: MailHouse) -> None:
    assert comes(house) == []
    switch_on(house, subject="Away")
    (told,) = comes(house)
    assert told.startswith(f"queued: Answered automatically to {CARL}")
    (raw,) = house.queued_raw()
    assert header.get(raw, "Subject") == "Away"
    assert header.get(raw, "Auto-Submitted") == "auto-replied"
    assert len(house.inbox(house.anna)) == 2
    house.clock.now = NOW + 7 * DAY - 1
    assert "not long ago" in comes(house)[0]
    house.clock.now = NOW + 7 * DAY
    assert "Answered" in comes(house)[0]
    responders.reset_responder(house.installation.control, ANNA, "Away 1")
    house.clock.now += 60 * 60
    assert "Answered" in comes(house)[0]
    responders.deactivate_responder(house.installation.control, ANNA)
    assert comes(house, "dora@other.test") == []
    assert len(house.queued()) == 3


def test_spam_is_not_answered(house: MailHouse) -> None:
    switch_on(house)
    assert [text for text in comes(house, spam=True) if "queued" in text] == []
    assert house.queued() == []


def test_an_answer_that_cannot_be_queued_costs_no_mail(house: MailHouse) -> None:
    switch_on(house)
    house.queue_error = Unavailable("The disk is full.")
    assert "The disk is full." in comes(house)[0]
    assert len(house.inbox(house.anna)) == 1
    house.queue_error = None
    house.clock.now += 120
    assert "Answered" in comes(house)[0]


def test_two_who_are_away_do_not_write_to_each_other_for_ever(house: MailHouse) -> None:
    switch_on(house)
    switch_on(house, BERT)
    comes(house, BERT)
    (answer,) = house.queued()
    (raw,) = house.queued_raw()
    (recipient,) = answer.recipients
    assert recipient.address == BERT
    house.delivery.retry(
        raw, answer.message.envelope, EnvelopeRecipient(BERT), answer.message.origin
    )
    assert len(house.inbox(house.bert)) == 1
    assert any("null sender" in text for text in house.told("deliver"))
    assert len(house.queued()) == 1


def test_nights_of_working_days_in_winter_and_in_summer(house: MailHouse) -> None:
    """One script, compiled once; the clocks change in between."""
    switch_on(house, zone="Europe/Zurich", windows=(Weekly((1, 2, 3, 4, 5), 18 * 60, 8 * 60),))
    for number, (moment, answered) in enumerate(
        (
            ("2027-03-26T17:59:59", False),  # a Friday
            ("2027-03-26T18:00:00", True),
            ("2027-03-27T07:59:59", True),
            ("2027-03-27T08:00:00", False),
            ("2027-03-28T03:30:00", False),  # Sunday, half an hour after the clocks went forward
            ("2027-03-29T07:30:00", False),  # the night of Sunday
            ("2027-03-29T18:00:00", True),
            ("2027-03-30T07:59:59", True),
            ("2027-03-30T08:00:00", False),
            ("2027-11-01T07:59:59", False),  # a Monday, the day after they went back
            ("2027-11-01T17:59:59", False),
            ("2027-11-01T18:00:00", True),
        )
    ):
        at(house, moment)
        told = comes(house, f"sender{number}@other.test")
        assert bool(told) is answered, moment
