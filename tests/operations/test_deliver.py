"""Delivery: one transaction an account, the truth for the sender, nothing twice, nothing lost."""

import errno
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Notify, Origin, OriginKind
from alphorn.message.outcome import Fate
from alphorn.operations import accounts, addresses
from alphorn.operations.sending_on import MAX_HOPS
from alphorn.store.api import Store
from tests.support.mailhouse import ANNA, BERT, HOSTNAME, MailHouse

MAIL = (
    b"From: carl@other.test\r\nTo: all\r\nMessage-ID: <1@other.test>\r\nSubject: Hi\r\n"
    b"\r\nHello\r\n"
)
T = "TRANSACTION1"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MailHouse]:
    made = MailHouse(tmp_path)
    yield made
    made.close()


class BrokenFor:
    """The real store, in which some accounts cannot be written to."""

    def __init__(self, store: Store, **errors: Exception) -> None:
        self._store = store
        self.errors = {int(name[1:]): error for name, error in errors.items()}

    def account(self, account_id: int):  # type: ignore[no-untyped-def]
        if account_id in self.errors:
            raise self.errors[account_id]
        return self._store.account(account_id)


def break_account(house: MailHouse, account_id: int, error: Exception) -> BrokenFor:
    broken = BrokenFor(house.store, **{f"_{account_id}": error})
    house.delivery._store = broken  # type: ignore[assignment]
    return broken


def accept(house: MailHouse, *recipients: str, raw: bytes = MAIL, sender: str = "carl@other.test"):  # type: ignore[no-untyped-def]
    envelope = house.envelope(*recipients, sender=sender)
    return house.delivery.accept(raw, envelope, house.routes(*recipients), T)


def test_a_message_gets_its_trace_fields_and_arrives(house: MailHouse) -> None:
    reception = accept(house, ANNA)
    assert (reception.accepted, reception.status) == (True, "2.0.0")
    assert house.inbox(house.anna) == [
        b"Return-Path: <carl@other.test>\r\nDelivered-To: anna@example.test\r\n" + MAIL
    ]
    assert house.told("deliver") == ["delivered: Delivered to INBOX"]
    event = house.events[0]
    assert (event.transaction, event.account_id, event.domain) == (T, house.anna.id, "example.test")
    assert (event.sender, event.recipient) == ("carl@other.test", ANNA)
    assert event.message_id == "<1@other.test>"
    assert event.facts["subject"] == "Hi"


def test_the_null_sender(house: MailHouse) -> None:
    accept(house, ANNA, sender="")
    assert house.inbox(house.anna)[0].startswith(b"Return-Path: <>\r\n")


def test_each_account_gets_one_copy(house: MailHouse) -> None:
    addresses.add_alias(house.installation.control, "info@example.test", ANNA)
    accept(house, "info@example.test", ANNA, "anna+lists@example.test", BERT)
    assert len(house.inbox(house.anna)) == 1
    assert b"Delivered-To: info@example.test\r\n" in house.inbox(house.anna)[0]
    assert len(house.inbox(house.bert)) == 1


def test_a_redirect_goes_to_the_queue_with_the_senders_wishes(house: MailHouse) -> None:
    addresses.add_redirect(
        house.installation.control, "team@example.test", ("x@other.test", "y@other.test")
    )
    recipient = EnvelopeRecipient("team@example.test", frozenset((Notify.NEVER,)))
    envelope = Envelope("carl@other.test", (recipient,), envid="abc")
    reception = house.delivery.accept(MAIL, envelope, house.routes("team@example.test"), T)
    assert reception.accepted
    (queued,) = house.queued()
    assert queued.message.envelope.sender.startswith("SRS0=")
    assert queued.message.envelope.sender.endswith("=other.test=carl@example.test")
    assert queued.message.envelope.envid == "abc"
    assert [r.address for r in queued.recipients] == ["x@other.test", "y@other.test"]
    assert queued.message.origin.kind is OriginKind.REDIRECTED
    assert house.queued_raw() == [b"Delivered-To: team@example.test\r\n" + MAIL]
    rows = house.queue.database.read(
        lambda connection: connection.execute("SELECT notify, original FROM recipient").fetchall()
    )
    assert [tuple(row) for row in rows] == [("NEVER", "rfc822;team@example.test")] * 2


def test_a_redirect_is_followed_once_however_often_it_is_asked_for(house: MailHouse) -> None:
    """Else a stranger could have one message multiplied on its way to somebody else."""
    addresses.add_redirect(house.installation.control, "team@example.test", ("x@other.test",))
    spellings = [f"team+{n}@example.test" for n in range(50)] + ["team@example.test"] * 50
    assert accept(house, *spellings).accepted
    assert len(house.queued()) == 1
    loop = b"Delivered-To: team@example.test\r\n" + MAIL
    reception = accept(house, "team+1@example.test", "team@example.test", raw=loop)
    assert reception.accepted
    assert "refused: The message has been at team@example.test before; that is a loop." in (
        house.told("deliver")
    )


def test_a_redirect_that_keeps_a_copy(house: MailHouse) -> None:
    (route,) = house.routes(ANNA)
    route = replace(route, redirect_to=("x@other.test",), keep=True)
    house.delivery.accept(MAIL, house.envelope(ANNA), [route], T)
    assert len(house.inbox(house.anna)) == 1
    assert len(house.queued()) == 1


def test_a_redirect_that_cannot_be_queued_leaves_the_recipient_untouched(house: MailHouse) -> None:
    (route,) = house.routes(ANNA)
    route = replace(route, redirect_to=("x@other.test",), keep=True)
    house.queue_error = Unavailable("The disk is full.", code="disk-full")
    reception = house.delivery.accept(MAIL, house.envelope(ANNA), [route], T)
    assert (reception.accepted, reception.status) == (False, "4.3.1")
    assert house.inbox(house.anna) == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unavailable("Locked for too long.", code="busy"), "4.2.0"),
        (Unavailable("The disk is full.", code="disk-full"), "4.3.1"),
        (Unavailable("The file is damaged.", code="damaged"), "4.2.0"),
        (OSError(errno.EIO, "a fault of ours"), "4.3.0"),
    ],
)
def test_when_nobody_can_be_served_the_sender_keeps_the_message(
    house: MailHouse, error: Exception, status: str
) -> None:
    break_account(house, house.anna.id, error)
    reception = accept(house, ANNA)
    assert (reception.accepted, reception.status) == (False, status)
    assert house.queued() == []


def test_of_all_reasons_the_sender_hears_the_hopeful_one(house: MailHouse) -> None:
    """Coming again can help one of them, and the others will be refused then too."""
    broken = break_account(house, house.bert.id, Unavailable("Locked.", code="busy"))
    looped = b"Delivered-To: anna@example.test\r\n" + MAIL
    assert accept(house, ANNA, BERT, raw=looped).status == "4.2.0"
    broken.errors.clear()
    looped += b""
    assert accept(house, ANNA, raw=looped).status == "5.4.6"


def test_who_could_not_be_served_waits_in_the_queue_and_gets_one_copy(house: MailHouse) -> None:
    broken = break_account(house, house.bert.id, Unavailable("Locked.", code="busy"))
    addresses.add_alias(house.installation.control, "bertie@example.test", BERT)
    reception = accept(house, ANNA, BERT, "bertie@example.test")
    assert reception.accepted
    assert len(house.inbox(house.anna)) == 1
    (queued,) = house.queued()
    assert [r.address for r in queued.recipients] == [BERT]
    assert queued.message.origin == Origin(OriginKind.RECEIVED, T, message_id="<1@other.test>")
    assert house.queued_raw() == [MAIL]
    assert "queued: Will be tried again: Locked." in house.told("deliver")
    # The queue tries again: still not possible, then it is.
    origin, envelope = queued.message.origin, queued.message.envelope
    recipient = EnvelopeRecipient(BERT)
    assert house.delivery.retry(MAIL, envelope, recipient, origin).fate is Fate.DEFERRED
    broken.errors.clear()
    assert house.delivery.retry(MAIL, envelope, recipient, origin).fate is Fate.DELIVERED
    assert house.inbox(house.bert) == [
        b"Return-Path: <carl@other.test>\r\nDelivered-To: bert@example.test\r\n" + MAIL
    ]


def test_who_fails_for_good_beside_others_is_left_to_the_queue_that_reports(
    house: MailHouse,
) -> None:
    accounts.set_quota(house.installation.control, BERT, 50)
    reception = accept(house, ANNA, BERT)
    assert reception.accepted
    (queued,) = house.queued()
    assert [r.address for r in queued.recipients] == [BERT]
    result = house.delivery.retry(
        MAIL, queued.message.envelope, EnvelopeRecipient(BERT), queued.message.origin
    )
    assert (result.fate, result.status) == (Fate.FAILED, "5.2.3")


def test_nothing_is_refused_silently_when_the_queue_fails_too(house: MailHouse) -> None:
    break_account(house, house.bert.id, Unavailable("Locked.", code="busy"))
    house.queue_error = Unavailable("The disk is full.", code="disk-full")
    with pytest.raises(Unavailable):
        accept(house, ANNA, BERT)


def test_a_full_mailbox(house: MailHouse) -> None:
    accounts.set_quota(house.installation.control, ANNA, 400)
    statuses = [accept(house, ANNA).status for _ in range(4)]
    assert statuses[0] == "2.0.0"
    assert statuses[-1] == "4.2.2"
    accounts.set_quota(house.installation.control, ANNA, 100)
    assert accept(house, ANNA).status == "5.2.3"


def test_a_copy_of_which_the_redirect_succeeded_is_only_tried_for_the_mailbox(
    house: MailHouse,
) -> None:
    broken = break_account(house, house.anna.id, Unavailable("Locked.", code="busy"))
    (route,) = house.routes(ANNA)
    route = replace(route, redirect_to=("x@other.test",), keep=True)
    assert house.delivery.accept(MAIL, house.envelope(ANNA), [route], T).accepted
    redirected, waiting = house.queued()
    assert redirected.message.origin.kind is OriginKind.REDIRECTED
    assert waiting.message.origin.kind is OriginKind.RECEIVED
    broken.errors.clear()
    house.delivery.route = lambda local, domain: route  # type: ignore[method-assign]
    result = house.delivery.retry(
        MAIL, waiting.message.envelope, EnvelopeRecipient(ANNA), waiting.message.origin
    )
    assert result.fate is Fate.DELIVERED
    assert len(house.inbox(house.anna)) == 1
    assert len(house.queued()) == 2


def test_success_is_reported_where_it_was_asked_for(house: MailHouse) -> None:
    success = frozenset((Notify.SUCCESS,))
    asked = EnvelopeRecipient(ANNA, success, "rfc822;Anna@example.test")
    envelope = Envelope("carl@other.test", (asked, EnvelopeRecipient(BERT)), envid="abc")
    house.delivery.accept(MAIL, envelope, house.routes(ANNA, BERT), T)
    (queued,) = house.queued()
    assert queued.message.envelope.sender == ""
    assert [r.address for r in queued.recipients] == ["carl@other.test"]
    assert queued.message.origin.kind is OriginKind.REPORT
    (report,) = house.queued_raw()
    assert b"\r\nFinal-Recipient: rfc822;anna@example.test\r\n" in report
    assert b"\r\nAction: delivered\r\n" in report
    assert b"\r\nOriginal-Envelope-Id: abc\r\n" in report
    assert b"bert@example.test" not in report


def test_no_success_is_reported_to_nobody(house: MailHouse) -> None:
    asked = EnvelopeRecipient(ANNA, frozenset((Notify.SUCCESS,)))
    house.delivery.accept(MAIL, Envelope("", (asked,)), house.routes(ANNA), T)
    assert house.queued() == []


def test_a_report_that_cannot_be_queued_undoes_no_delivery(house: MailHouse) -> None:
    house.queue_error = Unavailable("The disk is full.", code="disk-full")
    asked = EnvelopeRecipient(ANNA, frozenset((Notify.SUCCESS,)))
    envelope = Envelope("carl@other.test", (asked,))
    assert house.delivery.accept(MAIL, envelope, house.routes(ANNA), T).accepted
    assert house.told("deliver")[-1] == (
        "info: The sender asked to be told of the delivery and was not: The disk is full."
    )


@pytest.mark.parametrize("count", [MAX_HOPS, MAX_HOPS + 1])
def test_too_many_hops_are_a_loop(house: MailHouse, count: int) -> None:
    raw = b"Received: from a by b; now\r\n" * count + MAIL
    assert accept(house, ANNA, raw=raw).status == ("2.0.0" if count == MAX_HOPS else "5.4.6")


@pytest.mark.parametrize(
    "field", ["Anna@Example.Test", "x@y.z, anna@example.test", "<anna@example.test>"]
)
def test_a_message_that_was_here_before_is_a_loop(house: MailHouse, field: str) -> None:
    raw = b"delivered-to: " + field.encode() + b"\r\n" + MAIL
    reception = accept(house, ANNA, raw=raw)
    assert (reception.accepted, reception.status) == (False, "5.4.6")
    assert house.told("deliver") == [
        "refused: The message has been at anna@example.test before; that is a loop."
    ]


def test_a_loop_at_one_address_is_none_at_another_of_the_same_account(house: MailHouse) -> None:
    addresses.add_alias(house.installation.control, "info@example.test", ANNA)
    raw = b"Delivered-To: anna@example.test\r\n" + MAIL
    assert accept(house, ANNA, "info@example.test", raw=raw).accepted
    assert len(house.inbox(house.anna)) == 1
    assert [r.address for r in house.queued()[0].recipients] == [ANNA]


def test_a_redirect_comes_to_an_end(house: MailHouse) -> None:
    """Two addresses that lead to each other."""
    addresses.add_redirect(house.installation.control, "ping@example.test", ("pong@example.test",))
    addresses.add_redirect(house.installation.control, "pong@example.test", ("ping@example.test",))
    accept(house, "ping@example.test")
    for _ in range(3):
        queued = house.queued()[-1]
        raw = house.queued_raw()[-1]
        (waiting,) = queued.recipients
        result = house.delivery.retry(
            raw, queued.message.envelope, EnvelopeRecipient(waiting.address), queued.message.origin
        )
        if result.fate is Fate.FAILED:
            break
    assert result.status == "5.4.6"


def test_addresses_that_went_away_while_the_message_waited(house: MailHouse) -> None:
    origin = Origin(OriginKind.SUBMITTED, T)
    gone = EnvelopeRecipient("gone@example.test")
    result = house.delivery.retry(MAIL, house.envelope("gone@example.test"), gone, origin)
    assert (result.fate, result.status) == (Fate.FAILED, "5.1.1")


def test_the_servers_own_postmaster(house: MailHouse) -> None:
    route = house.delivery.route("PostMaster", HOSTNAME)
    assert route is not None
    assert route.address == BERT
    assert house.delivery.route("anna", HOSTNAME) is None
    assert house.delivery.route("postmaster", "elsewhere.test") is None


def test_nobody_of_ours_says_in_our_name_how_his_mail_was_judged(house: MailHouse) -> None:
    forged = (
        b"X-Alphorn-Spam: score=-9.0; threshold=5.0; verdict=ham; category=social\r\n"
        b"Authentication-Results: mx.example.test; dmarc=pass header.from=bank.test\r\n"
        b"Received-SPF: pass receiver=mx.example.test; envelope-from=bank.test\r\n"
    )
    other = b"Authentication-Results: elsewhere.test; dmarc=pass\r\n"
    raw = b"Received: by mx.example.test\r\n" + forged + other + MAIL
    origin = Origin(OriginKind.SUBMITTED, T)
    result = house.delivery.retry(raw, house.envelope(ANNA), EnvelopeRecipient(ANNA), origin)
    assert result.fate is Fate.DELIVERED
    (kept,) = house.inbox(house.anna)
    assert kept.endswith(b"Received: by mx.example.test\r\n" + other + MAIL)
