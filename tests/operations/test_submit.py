"""Submission: who may send as whom, how much, and what a message becomes before it leaves."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.base.errors import AlphornError, Refused, Unavailable
from alphorn.directory.values import PlanLimits
from alphorn.message.envelope import OriginKind
from alphorn.operations import accounts, addresses, grants, organizations, plans
from alphorn.operations.status import status_of
from tests.support.cost import cost
from tests.support.mailhouse import ANNA, BERT, MailHouse

T = "TRANSACTION2"
OUT = "x@other.test"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MailHouse]:
    made = MailHouse(tmp_path)
    yield made
    made.close()


def message(*fields: str, body: str = "Hello\r\n") -> bytes:
    return "".join(f"{field}\r\n" for field in (*fields, "")).encode() + body.encode()


def submit(house: MailHouse, raw: bytes, *recipients: str, sender: str = ANNA) -> bytes:
    """What is in the queue for it."""
    envelope = house.envelope(*(recipients or (OUT,)), sender=sender)
    house.submission.submit(house.anna, raw, envelope, T, b"Received: by us\r\n")
    return house.queued_raw()[-1]


def refused(house: MailHouse, raw: bytes, *recipients: str, sender: str = ANNA) -> AlphornError:
    with pytest.raises(AlphornError) as caught:
        submit(house, raw, *recipients, sender=sender)
    assert house.queued() == []
    return caught.value


def test_a_message_is_completed_signed_and_queued(house: MailHouse) -> None:
    raw = submit(house, message(f"From: Anna <{ANNA}>", f"To: {OUT}", "Subject: Hi"))
    assert raw.startswith(b"Received: by us\r\nDKIM-Signature: ")
    assert raw.count(b"DKIM-Signature:") == 2
    assert re.search(rb"^Date: .* \+0000\r$", raw, re.MULTILINE)
    assert b"\r\nMessage-ID: <transaction2@example.test>\r\n" in raw
    assert raw.endswith(b"Subject: Hi\r\n\r\nHello\r\n")
    (queued,) = house.queued()
    origin = queued.message.origin
    assert (origin.kind, origin.transaction) == (OriginKind.SUBMITTED, T)
    assert (origin.account_id, origin.domain) == (house.anna.id, "example.test")
    assert origin.message_id == "<transaction2@example.test>"
    assert house.told("submit") == ["queued: Accepted for sending"]


def test_a_from_field_without_an_address_is_refused_whoever_sent_it_again(house: MailHouse) -> None:
    raw = message("From: The Bank:;", f"Resent-From: {ANNA}")
    error = refused(house, raw)
    assert (error.code, error.text) == ("from", "The From field holds no address.")


def test_a_header_that_takes_too_long_to_read_is_refused(house: MailHouse) -> None:
    raw = message(f"From: {ANNA}", *(f"To: {'a@b<c>' * 9000}" for _ in range(20)))
    error = refused(house, raw)
    assert (error.code, status_of(error)) == ("content", "5.6.0")
    assert cost(lambda: refused(house, raw), 0.5) < 0.5
    submit(house, message(f"From: {ANNA}", body="a long body\r\n" * 100_000))


def test_date_and_message_id_of_the_program_stay(house: MailHouse) -> None:
    fields = (f"From: {ANNA}", "Date: Mon, 1 Jan 2024 00:00:00 +0100", "Message-ID: <mine@x>")
    raw = submit(house, message(*fields))
    assert raw.count(b"\r\nDate:") == 1
    assert b"Message-ID: <mine@x>\r\n" in raw


def test_blind_copies_are_removed_in_whatever_form(house: MailHouse) -> None:
    raw = submit(
        house,
        message(f"From: {ANNA}", "BCC: a@b.test,\r\n\tc@d.test", "bcc : e@f.test", "X: y"),
        "a@b.test",
        "c@d.test",
        "e@f.test",
    )
    assert b"b.test" not in raw
    assert b"d.test" not in raw
    assert b"f.test" not in raw
    assert b"X: y\r\n" in raw


def test_without_from_the_envelopes_sender_is_the_author(house: MailHouse) -> None:
    assert b"\r\nFrom: <anna@example.test>\r\n" in submit(house, message("Subject: x"))


def test_a_null_sender_is_allowed_for_receipts(house: MailHouse) -> None:
    house.submission.check_sender(house.anna, "")
    submit(house, message(f"From: {ANNA}"), sender="")
    assert house.queued()[0].message.envelope.sender == ""


@pytest.mark.parametrize("sender", [BERT, "anna@other.test", "someone@elsewhere.test"])
def test_the_envelopes_sender_must_be_ones_own(house: MailHouse, sender: str) -> None:
    with pytest.raises(Refused) as caught:
        house.submission.check_sender(house.anna, sender)
    assert status_of(caught.value) == "5.7.1"
    assert refused(house, message(f"From: {ANNA}"), sender=sender).code == "sender"


@pytest.mark.parametrize(
    "fields",
    [
        (f"From: {BERT}",),
        (f"From: Anna <{BERT}>",),
        (f"From: {ANNA}, {BERT}",),
        (f"From: {ANNA}", f"From: {BERT}"),
        (f"From: {ANNA}", f"Sender: {BERT}"),
        (f"From: {ANNA}", f"Resent-From: {BERT}"),
        (f'From: "{ANNA}" <{BERT}>',),
        ("From: nobody at all",),
        ("From:",),
    ],
)
def test_the_author_must_be_oneself(house: MailHouse, fields: tuple[str, ...]) -> None:
    error = refused(house, message(*fields))
    assert (error.code, status_of(error)) == ("from", "5.7.1")


def test_own_addresses_of_every_kind(house: MailHouse) -> None:
    control = house.installation.control
    addresses.add_alias(control, "info@example.test", ANNA)
    grants.grant_send_as(control, ANNA, BERT)
    for sender in ("info@example.test", "anna+shop@example.test", "ANNA@Example.Test", BERT):
        house.submission.check_sender(house.anna, sender)
        submit(house, message(f"From: {sender}"), sender=sender)


def test_recipients_are_counted_wherever_they_are_named(house: MailHouse) -> None:
    plans.add_plan(house.installation.control, "Small", PlanLimits(recipients_per_message=4))
    organizations.set_plan(house.installation.control, "Acme", "Small")
    fields = (f"From: {ANNA}", "To: a@x.test, B@x.test", "Cc: c@x.test", "Bcc: d@x.test")
    submit(house, message(*fields), "a@x.test", "b@X.test", "c@x.test", "d@x.test")
    house.queue.remove(_everything())
    error = refused(house, message(*fields), "e@x.test")
    assert (error.code, status_of(error)) == ("recipients", "5.5.3")
    account = house.view.account(house.anna.id)
    assert account is not None
    house.submission.check_recipients(account, 4)
    with pytest.raises(Refused):
        house.submission.check_recipients(account, 5)


def _everything():  # type: ignore[no-untyped-def]
    from alphorn.queue.listing import Filter

    return Filter()


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (PlanLimits(messages_per_hour=2), "2 messages in an hour; try again in 1 hour."),
        (PlanLimits(messages_per_day=2), "2 messages in a day; try again in 24 hours."),
    ],
)
def test_rates(house: MailHouse, limits: PlanLimits, text: str) -> None:
    plans.add_plan(house.installation.control, "Small", limits)
    organizations.set_plan(house.installation.control, "Acme", "Small")
    account = house.view.account(house.anna.id)
    assert account is not None
    for _ in range(2):
        house.submission.check_sender(account, ANNA)
        submit(house, message(f"From: {ANNA}"))
    with pytest.raises(Unavailable) as caught:
        house.submission.check_sender(account, ANNA)
    assert caught.value.text == f"You may send {text}"
    assert status_of(caught.value) == "4.7.1"
    with pytest.raises(Unavailable):
        submit(house, message(f"From: {ANNA}"))
    assert len(house.queued()) == 2
    house.clock.now += 25 * 3600
    submit(house, message(f"From: {ANNA}"))


def test_an_account_that_was_switched_off_meanwhile(house: MailHouse) -> None:
    organizations.enable_organization(house.installation.control, "Acme", False)
    assert refused(house, message(f"From: {ANNA}")).code == "switched-off"


def test_an_account_that_is_gone(house: MailHouse) -> None:
    accounts.remove_account(house.installation.control, ANNA)
    assert refused(house, message(f"From: {ANNA}")).code == "switched-off"


def test_when_the_queue_cannot_take_it_nothing_is_promised(house: MailHouse) -> None:
    house.queue_error = Unavailable("The disk is full.", code="disk-full")
    assert refused(house, message(f"From: {ANNA}")).code == "disk-full"
    assert house.told("submit") == []
