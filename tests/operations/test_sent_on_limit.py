"""What an account may send on: as much as its plan allows; the rest stays in it, and he is told."""

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.directory.values import LANGUAGES
from alphorn.message import header
from alphorn.message.envelope import OriginKind
from alphorn.message.outcome import Fate
from alphorn.operations import addresses, redirects
from alphorn.operations.deliver import Reception
from alphorn.operations.filter_notice import WORDS
from alphorn.operations.scripts import activate_script, put_script
from alphorn.queue.listing import Listed
from tests.support.mailhouse import ANNA, BERT, MailHouse

FAR, NEAR = "zoe@far.test", "yara@far.test"
INFO = "info@example.test"
HOUR, DAY = 3600, 86400


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MailHouse]:
    made = MailHouse(tmp_path)
    allow(made, 2)
    yield made
    made.close()


def allow(house: MailHouse, hourly: int, daily: int = 0) -> None:
    house.installation.sql(
        "UPDATE directory_plan SET messages_per_hour = ?, messages_per_day = ?", hourly, daily
    )
    house.installation.sql("UPDATE directory_directoryversion SET version = version + 1")
    house.anna, house.bert = (
        account
        for address in (ANNA, BERT)
        if (account := house.view.account_by_address(address)) is not None
    )


def come(house: MailHouse, number: int, *recipients: str) -> Reception:
    raw = (
        f"From: carl@other.test\r\nMessage-ID: <{number}@other.test>\r\nSubject: {number}\r\n\r\nHi"
    )
    return house.delivery.accept(
        raw.encode(), house.envelope(*recipients), house.routes(*recipients), f"T{number}"
    )


def subjects(house: MailHouse) -> list[str]:
    return [header.get(raw, "Subject") or "" for raw in house.inbox(house.anna)]


def redirect(house: MailHouse) -> None:
    redirects.set_redirect(house.installation.control, ANNA, [FAR], keep=False)


def rule(house: MailHouse) -> None:
    mail = house.store.account(house.anna.id)
    put_script(mail, "mine", f'redirect "{FAR}";')
    activate_script(mail, "mine")


NOTICE = WORDS["en"].limit[0]


@pytest.mark.parametrize("way", [redirect, rule])
def test_beyond_the_plan_it_is_kept_and_the_owner_told_once(house: MailHouse, way: object) -> None:
    assert callable(way)
    way(house)
    for number in range(5):
        assert come(house, number, ANNA).accepted
    assert len(house.queued()) == 2
    assert sorted(subjects(house)) == sorted(["2", "3", "4", NOTICE])
    notes = [one for one in house.told("deliver") if "may send on 2 messages in an hour" in one]
    assert len(notes) == 3
    assert all(note.startswith(f"info: Not sent on to {FAR}") for note in notes)
    house.clock.now += 2 * HOUR
    assert come(house, 5, ANNA).accepted
    assert len(house.queued()) == 3
    house.clock.now += DAY
    for number in range(6, 10):
        come(house, number, ANNA)
    assert subjects(house).count(NOTICE) == 2


def test_the_day_counts_too(house: MailHouse) -> None:
    allow(house, 0, 3)
    redirect(house)
    for number in range(5):
        come(house, number, ANNA)
        house.clock.now += HOUR
    assert len(house.queued()) == 3
    assert any("3 messages in a day" in one for one in house.told("deliver"))


def test_without_a_limit_there_is_none(house: MailHouse) -> None:
    allow(house, 0)
    redirect(house)
    for number in range(5):
        come(house, number, ANNA)
    assert (len(house.queued()), subjects(house)) == (5, [])


def test_each_recipient_counts_and_none_in_the_house(house: MailHouse) -> None:
    redirects.set_redirect(house.installation.control, ANNA, [FAR, NEAR, BERT], keep=False)
    for number in range(2):
        assert come(house, number, ANNA).accepted
    first, second = house.queued()
    assert {one.address for one in first.recipients} | {
        one.address for one in second.recipients
    } == {
        FAR,
        NEAR,
        BERT,
    }
    assert [one.address for one in min((first, second), key=size).recipients] == [BERT]
    assert subjects(house)[0] == NOTICE
    assert len(subjects(house)) == 2


def size(listed: Listed) -> int:
    return len(listed.recipients)


def test_others_and_what_the_owner_sends_are_counted_apart(house: MailHouse) -> None:
    redirect(house)
    redirects.set_redirect(house.installation.control, BERT, [FAR], keep=False)
    for number in range(3):
        come(house, number, ANNA)
    come(house, 3, BERT)
    assert len(house.queued()) == 3
    for number in range(2):
        raw = b"From: anna@example.test\r\nTo: x@far.test\r\n\r\nHi"
        envelope = house.envelope("x@far.test", sender=ANNA)
        house.submission.submit(house.anna, raw, envelope, f"S{number}", b"")


def test_an_address_without_a_mailbox_is_not_stopped(house: MailHouse) -> None:
    """Nobody could keep what is beyond."""
    addresses.add_redirect(house.installation.control, INFO, (FAR,))
    for number in range(4):
        assert come(house, number, INFO).accepted
    assert len(house.queued()) == 4


def test_what_could_not_be_kept_either_is_sent_on_later(
    house: MailHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside another recipient it waits, and is not taken for sent on."""
    redirect(house)
    for number in range(2):
        come(house, number, ANNA)
    house.installation.sql(
        "UPDATE directory_account SET quota_octets = 1 WHERE id = ?", house.anna.id
    )
    house.installation.sql("UPDATE directory_directoryversion SET version = version + 1")
    assert come(house, 2, ANNA, BERT).accepted
    (waiting,) = [one for one in house.queued() if one.message.origin.kind is OriginKind.WAITING]
    raw = house.queue.content(waiting.message.id)
    assert raw is not None
    (recipient,) = house.envelope(ANNA).recipients
    house.clock.now += 2 * HOUR
    result = house.delivery.retry(raw, waiting.message.envelope, recipient, waiting.message.origin)
    assert result.fate is Fate.DELIVERED
    assert house.queued()[-1].message.origin.kind is OriginKind.REDIRECTED


def test_what_could_not_be_queued_is_sent_on_later(house: MailHouse) -> None:
    redirect(house)
    envelope, routes = house.envelope(ANNA, BERT), house.routes(ANNA, BERT)
    real, tries = house.queue.enqueue, []

    def enqueue(*given: object, **more: object) -> str:
        tries.append(given)
        if len(tries) == 1:
            raise Unavailable("The disk is busy.")
        return real(*given, **more)  # type: ignore[arg-type]

    house.queue.enqueue = enqueue  # type: ignore[method-assign, assignment]
    assert house.delivery.accept(b"Subject: 1\r\n\r\nHi", envelope, routes, "T").accepted
    (waiting,) = house.queued()
    assert waiting.message.origin.kind is OriginKind.WAITING
    raw = house.queue.content(waiting.message.id)
    assert raw is not None
    result = house.delivery.retry(
        raw, waiting.message.envelope, envelope.recipients[0], waiting.message.origin
    )
    assert result.fate is Fate.DELIVERED
    assert [one.address for one in house.queued()[-1].recipients] == [FAR]
    assert subjects(house) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_he_is_told_in_his_language(house: MailHouse, language: str) -> None:
    house.installation.sql("UPDATE directory_account SET language = ?", language)
    allow(house, 1, 7)
    redirect(house)
    for number in range(2):
        come(house, number, ANNA)
    (told,) = [raw for raw in house.inbox(house.anna) if b"Auto-Submitted" in raw]
    text = message_from_bytes(told, policy=default).get_content()
    assert ANNA in text
    assert "1 / 7" in " ".join(text.split())
    assert "{" not in text
