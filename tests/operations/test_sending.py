"""An account's sending, locked and unlocked: by whom, what it reaches, who is told."""

import email
import email.policy
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.base.behaviour import History
from alphorn.base.country import Country
from alphorn.base.errors import NotFound, Refused, Unavailable
from alphorn.base.secret import Secret
from alphorn.directory.values import Role
from alphorn.message.envelope import Origin, OriginKind
from alphorn.operations import accounts, organizations, users
from alphorn.operations.control import Actor, Control
from alphorn.operations.notice_texts import TEXTS
from alphorn.operations.notices import DAY, Notices
from alphorn.operations.passwords import set_password
from alphorn.operations.rights import Forbidden
from alphorn.operations.sending import HELD_SECONDS, lock_sending, unlock_sending
from alphorn.operations.sending_parts import SendingParts
from alphorn.policy.behaviour import Behaviour, Level, Limits, decide
from alphorn.queue.listing import Filter
from alphorn.store.behaviour import Behaviours
from tests.support.mailhouse import ANNA, BERT, HOSTNAME, MailHouse

OUT = "x@other.test"
MANAGER = "maria@office.test"
POSTMASTER = "operator@office.test"
RAW = b"From: anna@example.test\r\n\r\nHello\r\n"
ODD = decide(History(strangers=900, networks=7), Limits())


class Sending:
    """A house with all that a lock reaches."""

    def __init__(self, folder: Path) -> None:
        self.house = MailHouse(folder)
        self.control = self.house.installation.control
        self.history = Behaviours(folder / "behaviour.sqlite")
        house = self.house
        self.notices = Notices(
            house.view,
            house.state,
            house._enqueue,
            hostname=HOSTNAME,
            postmaster=POSTMASTER,
            clock=house.clock,
        )
        self.parts = SendingParts(
            hold=lambda account_id, since: house.queue.hold(
                Filter(account_id=account_id, since=since, kind=OriginKind.SUBMITTED)
            ),
            release=lambda account_id: house.queue.release(
                Filter(account_id=account_id, kind=OriginKind.SUBMITTED)
            ),
            forgive=self.history.forgive,
            notices=self.notices,
            trace=house.events.append,
        )
        users.add_user(self.control, MANAGER)
        users.set_membership(self.control, MANAGER, "Acme", Role.MANAGER)
        users.add_user(self.control, "viewer@office.test")
        users.set_membership(self.control, "viewer@office.test", "Acme", Role.VIEWER)

    def queue(self, kind: OriginKind = OriginKind.SUBMITTED, account_id: int | None = None) -> str:
        origin = Origin(kind, "T", account_id or self.house.anna.id, "example.test", "<m@x>")
        envelope = self.house.envelope(OUT, sender=ANNA)
        return self.house.queue.enqueue(RAW, envelope, origin=origin)

    def held(self) -> set[str]:
        return {entry.message.name for entry in self.house.queue.list(Filter(held=True))}

    def lock(self, behaviour: Behaviour | None = ODD, control: Control | None = None) -> int:
        done = lock_sending(control or self.control, self.parts, ANNA, "It was odd", behaviour)
        return done.told

    def mail(self) -> dict[str, email.message.EmailMessage]:
        """The notices on their way, by whom they go to."""
        found = {}
        for raw in self.house.queued_raw():
            parsed = email.message_from_bytes(raw, policy=email.policy.default)
            if parsed["Auto-Submitted"]:
                assert isinstance(parsed, email.message.EmailMessage)
                found[str(parsed["To"])] = parsed
        return found

    def change_password(self) -> None:
        set_password(self.control, ANNA, Secret("another horse battery"))

    def locked(self) -> bool:
        account = self.house.view.account(self.house.anna.id)
        assert account is not None
        return account.sending_lock is not None

    def acting(self, address: str) -> Control:
        info = users.show_user(self.control, address)
        return self.control.acting_as(Actor(user_id=info.id))

    def close(self) -> None:
        self.history.close()
        self.house.close()


@pytest.fixture
def sending(tmp_path: Path) -> Iterator[Sending]:
    made = Sending(tmp_path)
    yield made
    made.close()


def test_a_lock_is_seen_and_lasts(sending: Sending) -> None:
    other_process = sending.house.installation.new_view()
    sending.lock()
    account = other_process.account(sending.house.anna.id)
    assert account is not None
    assert account.sending_lock is not None
    assert account.sending_lock.reason == "It was odd."
    assert account.sending_lock.since == int(sending.house.clock.now)
    assert not account.sending_lock.by_operator
    assert account.enabled
    assert accounts.show_account(sending.control, ANNA).sending_lock == account.sending_lock
    other_process.close()


def test_what_it_sent_in_the_last_hour_is_held_and_nothing_else(sending: Sending) -> None:
    clock = sending.house.clock
    old = sending.queue()
    clock.now += HELD_SECONDS + 10
    new = sending.queue()
    redirected = sending.queue(OriginKind.REDIRECTED)
    other = sending.queue(account_id=sending.house.bert.id)
    sending.lock()
    assert sending.held() == {new}
    assert {old, redirected, other} <= {e.message.name for e in sending.house.queued()}
    (event,) = [event for event in sending.house.events if event.stage == "behaviour"]
    assert event.facts["recipients"] == 1
    assert event.facts["strangers"] == 900


def test_owner_managers_and_operator_are_told_what_was_seen_and_what_to_do(
    sending: Sending,
) -> None:
    accounts.set_language(sending.control, ANNA, "de")
    assert sending.lock() == 3
    told = sending.mail()
    assert told.keys() == {ANNA, MANAGER, POSTMASTER}
    owner, manager = told[ANNA].get_content(), told[MANAGER].get_content()
    assert told[ANNA]["Subject"] == f"Der Versand von {ANNA} ist gesperrt"
    assert "an 900 Adressen geschrieben" in " ".join(owner.split())
    assert "aus 7 Netzen" in " ".join(owner.split())
    assert "Passwort des Kontos" in " ".join(owner.split())
    assert f"alphorn account unlock {ANNA}" in manager
    assert told[ANNA]["From"].addresses[0].addr_spec == f"postmaster@{HOSTNAME}"
    for entry in sending.house.queued():
        if entry.message.origin.kind is OriginKind.REPORT:
            assert entry.message.envelope.sender == ""
            assert not any(recipient.held for recipient in entry.recipients)


def test_people_are_told_once_a_day(sending: Sending) -> None:
    assert sending.lock() == 3
    sending.change_password()
    unlock_sending(sending.control, sending.parts, ANNA)
    assert sending.lock() == 0
    sending.house.clock.now += 2 * DAY + 1
    sending.change_password()
    unlock_sending(sending.control, sending.parts, ANNA)
    assert sending.lock() == 3


def test_a_second_lock_changes_nothing(sending: Sending) -> None:
    sending.lock()
    before = accounts.show_account(sending.control, ANNA).sending_lock
    sending.house.clock.now += 100
    again = lock_sending(sending.control, sending.parts, ANNA, "Something else", ODD)
    assert (again.new, again.told, again.account.sending_lock) == (False, 0, before)


def test_the_password_is_to_be_changed_first(sending: Sending) -> None:
    sending.change_password()
    sending.house.clock.now += 60
    sending.lock()
    with pytest.raises(Refused) as caught:
        unlock_sending(sending.control, sending.parts, ANNA)
    assert caught.value.code == "password"
    sending.house.clock.now += 60
    sending.change_password()
    assert sending.locked()  # by itself that does not unlock
    unlock_sending(sending.control, sending.parts, ANNA)
    assert not sending.locked()


def test_unlocking_forgives_and_releases_where_it_is_asked_to(sending: Sending) -> None:
    now = sending.house.clock.now
    sending.history.refused(sending.house.anna.id, "x@example.test", now=now)
    name = sending.queue()
    sending.lock()
    done = unlock_sending(sending.control, sending.parts, ANNA, anyway=True)
    assert (done.released, done.account.sending_lock) == (0, None)
    assert sending.held() == {name}
    assert sending.history.history(sending.house.anna.id, now=now).refused == 0
    sending.lock()
    assert (
        unlock_sending(sending.control, sending.parts, ANNA, anyway=True, release=True).released
        == 1
    )
    assert sending.held() == set()


def test_who_may(sending: Sending) -> None:
    holder = sending.control.acting_as(Actor(account_id=sending.house.anna.id))
    manager, viewer = sending.acting(MANAGER), sending.acting("viewer@office.test")
    for nobody in (holder, viewer):
        with pytest.raises(Forbidden):
            sending.lock(None, nobody)
    sending.lock(None, manager)
    with pytest.raises(Forbidden):
        unlock_sending(holder, sending.parts, ANNA)
    with pytest.raises(Forbidden):  # that is the operator's to say
        unlock_sending(manager, sending.parts, ANNA, anyway=True)
    sending.house.clock.now += 1
    sending.change_password()
    unlock_sending(manager, sending.parts, ANNA)
    assert not sending.locked()


def test_what_an_operator_locked_only_operators_unlock(sending: Sending) -> None:
    sending.lock()
    sending.lock(None)
    lock = accounts.show_account(sending.control, ANNA).sending_lock
    assert lock is not None
    assert lock.by_operator
    sending.change_password()
    with pytest.raises(Forbidden):
        unlock_sending(sending.acting(MANAGER), sending.parts, ANNA)
    unlock_sending(sending.control, sending.parts, ANNA)
    assert not sending.locked()


def test_what_cannot_be(sending: Sending) -> None:
    with pytest.raises(Refused) as caught:
        unlock_sending(sending.control, sending.parts, ANNA)
    assert caught.value.code == "not-locked"
    with pytest.raises(Refused) as caught:
        lock_sending(sending.control, sending.parts, ANNA, "  \n ")
    assert caught.value.code == "reason"
    with pytest.raises(NotFound):
        lock_sending(sending.control, sending.parts, "nobody@example.test", "why")


def test_a_queue_that_fails_does_not_undo_a_lock(sending: Sending) -> None:
    sending.house.queue_error = Unavailable("The disk is full.", code="disk-full")
    assert sending.lock() == 0
    assert sending.locked()


def test_a_lock_by_hand_tells_the_reason(sending: Sending) -> None:
    sending.lock(None)
    assert "It was odd." in sending.mail()[ANNA].get_content()


def test_a_manager_who_is_switched_off_is_not_told(sending: Sending) -> None:
    users.enable_user(sending.control, MANAGER, False)
    organizations.add_organization(sending.control, "Other")
    users.add_user(sending.control, "stranger@office.test")
    users.set_membership(sending.control, "stranger@office.test", "Other", Role.OWNER)
    sending.lock()
    assert sending.mail().keys() == {ANNA, POSTMASTER}


def test_a_notice_of_being_slowed_goes_to_the_owner_alone(sending: Sending) -> None:
    house = sending.house
    found = decide(History(strangers=300, settled=100, bounced=40), Limits())
    assert found.level is Level.SLOW
    assert sending.notices.slowed(house.bert, found) == 1
    assert sending.notices.slowed(house.bert, found) == 0
    told = sending.mail()
    assert told.keys() == {BERT}
    text = " ".join(told[BERT].get_content().split())
    assert "300 addresses" in text
    assert "40% of the last messages" in text


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_every_language_says_everything(sending: Sending, language: str) -> None:
    """Each text can be filled in, and has all that the English one has."""
    accounts.set_language(sending.control, ANNA, language)
    names = {"en": "Land", "de": "Landschaft", "fr": "Pays", "it": "Terra", "es": "Tierra"}
    abroad = tuple(Country(f"A{letter}", names) for letter in "ABCDEFGHIJKLM")
    everything = decide(History(900, 0, 50, 100, 0, 500, 100, 90, 24, abroad), Limits())
    assert {reason.code for reason in everything.reasons} == TEXTS["en"].reasons.keys()
    assert sending.lock(everything) == 3
    words = TEXTS[language]
    assert words.reasons.keys() == TEXTS["en"].reasons.keys()
    assert words.findings.keys() == TEXTS["en"].findings.keys()
    text = sending.mail()[ANNA].get_content()
    assert "{" not in text
    assert words.seen in text
    assert f"{names[language]}, " * 9 in " ".join(text.split())
    assert all(len(line) <= 78 for line in text.splitlines())
