"""A sender who waits for many recipients to be served gets his reply in time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.message.envelope import OriginKind
from alphorn.message.outcome import Fate
from alphorn.operations import addresses, redirects
from alphorn.operations.deliver import MAX_SECONDS, Delivery
from tests.support.mailhouse import ANNA, BERT, HOSTNAME, MailHouse

MAIL = b"From: carl@other.test\r\nMessage-ID: <1@other.test>\r\nSubject: Hi\r\n\r\nHello\r\n"
INFO, FAR = "info@example.test", "zoe@far.test"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MailHouse]:
    made = MailHouse(tmp_path)
    yield made
    made.close()


def slow(house: MailHouse, first: float) -> Delivery:
    """One whose first recipient takes so many seconds."""
    looks = iter((0.0, 0.0))
    return Delivery(
        house.store,
        house.view,
        house._enqueue,
        house.events.append,
        house.delivery._rewriting,
        house.visitors,
        hostname=HOSTNAME,
        clock=house.clock,
        stopwatch=lambda: next(looks, first),
    )


def test_whoever_is_left_waits_in_the_queue_and_gets_it_later(house: MailHouse) -> None:
    control = house.installation.control
    addresses.add_alias(control, INFO, ANNA)
    redirects.set_redirect(control, BERT, [FAR], keep=True)
    delivery = slow(house, MAX_SECONDS + 1)
    to = (ANNA, BERT, INFO)
    reception = delivery.accept(MAIL, house.envelope(*to), house.routes(*to), "T")
    assert (reception.accepted, reception.text) == (True, "Delivered, in part later")
    assert (len(house.inbox(house.anna)), len(house.inbox(house.bert))) == (1, 0)
    (waiting,) = house.queued()
    assert waiting.message.origin.kind is OriginKind.WAITING
    assert [one.address for one in waiting.recipients] == [BERT]
    assert "deferred: Its other recipients took too long." in house.told("deliver")
    raw = house.queue.content(waiting.message.id)
    assert raw is not None
    (recipient,) = house.envelope(BERT).recipients
    result = house.delivery.retry(raw, waiting.message.envelope, recipient, waiting.message.origin)
    assert result.fate is Fate.DELIVERED
    assert len(house.inbox(house.bert)) == 1
    assert [one.address for one in house.queued()[-1].recipients] == [FAR]


def test_just_in_time_everybody_is_served(house: MailHouse) -> None:
    delivery = slow(house, MAX_SECONDS)
    to = (ANNA, BERT)
    assert delivery.accept(MAIL, house.envelope(*to), house.routes(*to), "T").text == "Delivered"
    assert house.queued() == []


def test_who_comes_in_vain_hears_so_in_time(house: MailHouse) -> None:
    """Nothing was done for anybody: it is refused for now, and nobody reports anything."""
    house.installation.sql("UPDATE directory_account SET quota_octets = 1")
    house.installation.sql("UPDATE directory_directoryversion SET version = version + 1")
    to = (ANNA, BERT)
    reception = slow(house, MAX_SECONDS + 1).accept(
        MAIL, house.envelope(*to), house.routes(*to), "T"
    )
    assert (reception.accepted, reception.status) == (False, "4.2.0")
    assert house.queued() == []
