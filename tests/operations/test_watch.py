"""An account that is watched: slowed down, locked, and what its mail program is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.base.errors import AlphornError, Refused, Unavailable
from alphorn.directory.values import AccountInfo
from alphorn.mailauth.dkim.sign import sign
from alphorn.message.envelope import OriginKind
from alphorn.message.parse import Entity
from alphorn.operations import domains, organizations, plans
from alphorn.operations.authenticate import Login
from alphorn.operations.notices import Notices
from alphorn.operations.sending import lock_sending, unlock_sending
from alphorn.operations.sending_parts import SendingParts
from alphorn.operations.status import Declined, basic_of, status_of
from alphorn.operations.submit import Check, Guards, Submission
from alphorn.operations.watch import Watch, WatchSettings
from alphorn.policy.behaviour import Behaviour, Level, Limits
from alphorn.policy.decision import Act, Decision, Reason
from alphorn.queue.listing import Filter
from alphorn.store.behaviour import Behaviours
from alphorn.store.countries import Countries
from tests.support import mmdb
from tests.support.mailhouse import ANNA, HOSTNAME, MailHouse

HOUR = 3600
LIMITS = Limits(
    strangers=10, networks=3, countries=3, spam=4, refused=5, least_bounces=5, slow_hours=3
)


class Watched:
    """A house whose submission is guarded; `decision` is what the check of content says."""

    def __init__(self, folder: Path, limits: Limits = LIMITS, enabled: bool = True) -> None:
        self.house = house = MailHouse(folder)
        self.history = Behaviours(folder / "behaviour.sqlite")
        self.database = folder / "countries.mmdb"
        countries = self.countries = Countries(self.database, house.clock)
        self.notices = Notices(
            house.view, house.state, house._enqueue, hostname=HOSTNAME, clock=house.clock
        )
        self.parts = SendingParts(
            hold=lambda account_id, since: house.queue.hold(
                Filter(account_id=account_id, since=since, kind=OriginKind.SUBMITTED)
            ),
            release=lambda account_id: house.queue.release(Filter(account_id=account_id)),
            forgive=self.history.forgive,
            notices=self.notices,
            trace=house.events.append,
        )
        self.watch = Watch(
            self.history,
            house.view,
            self.notices,
            self._lock,
            house.events.append,
            WatchSettings(limits, spam_from=5.0, enabled=enabled),
            country=countries.of,
            clock=house.clock,
        )
        self.decision = Decision("spam")
        self.lock_error: AlphornError | None = None
        self.fault = ""
        self.sent = 0
        self.submission = self._submission((self._check,))

    def _submission(self, checks: tuple[Check, ...]) -> Submission:
        house = self.house
        return Submission(
            house.view,
            house.state,
            sign,
            house._enqueue,
            house.events.append,
            guards=Guards(
                checks=checks,
                watch=self.watch,
                hold=lambda name: _forget(house.queue.hold(Filter(name=name))),
                faults=lambda domain: self.fault if domain == "example.test" else "",
            ),
            clock=house.clock,
        )

    def _check(self, raw: bytes, root: Entity, account: AccountInfo) -> Decision:
        assert b"\r\nMessage-ID: " in raw
        assert b"Bcc" not in raw
        assert root.fields["from"]
        assert account.address == ANNA
        return self.decision

    def _lock(self, account: AccountInfo, behaviour: Behaviour) -> None:
        if self.lock_error is not None:
            raise self.lock_error
        reason = behaviour.reasons[0].text
        lock_sending(
            self.house.installation.control, self.parts, account.address, reason, behaviour
        )

    def send(self, *recipients: str) -> None:
        self.sent += 1
        raw = f"From: {ANNA}\r\nBcc: {recipients[0]}\r\nSubject: {self.sent}\r\n\r\nHi\r\n".encode()
        envelope = self.house.envelope(*recipients, sender=ANNA)
        account = self.house.view.account(self.house.anna.id)
        assert account is not None
        self.submission.check_sender(account, ANNA)
        self.submission.submit(account, raw, envelope, f"T{self.sent}", b"Received: x\r\n")

    def refused(self, *recipients: str) -> AlphornError:
        before = len(self.house.queue.list(Filter(account_id=self.house.anna.id)))
        with pytest.raises(AlphornError) as caught:
            self.send(*recipients)
        mine = self.house.queue.list(Filter(account_id=self.house.anna.id))
        reports = sum(entry.message.envelope.sender == "" for entry in mine)
        assert len(mine) - reports <= before
        return caught.value

    def login(self, peer: str, reason: str = "") -> None:
        house = self.house
        self.watch.login(Login(house.clock.now, ANNA, house.anna.id, "imap", peer, reason))

    def level(self) -> Level:
        return self.watch.expected(self.house.anna.id).level

    def close(self) -> None:
        self.watch.close()
        self.countries.close()
        self.history.close()
        self.house.close()


def _forget(count: int) -> None:
    """How many there were does not matter."""


def strangers(count: int, begin: int = 0) -> list[str]:
    return [f"p{number}@remote.test" for number in range(begin, begin + count)]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.close()


def test_who_writes_to_those_he_knows_is_left_alone(watched: Watched) -> None:
    for begin in range(0, 9, 3):
        watched.send(*strangers(3, begin))
    watched.house.clock.now += 2 * HOUR
    for _ in range(5):
        watched.send(*strangers(9))
    assert watched.level() is Level.OK


def test_many_new_recipients_slow_then_lock(watched: Watched) -> None:
    house = watched.house
    watched.send(*strangers(9))
    watched.send(*strangers(9, 9))  # of 100 recipients a message ten are left
    assert watched.level() is Level.SLOW
    error = watched.refused(*strangers(11))
    assert (error.code, status_of(error), basic_of(error)) == ("slowed", "4.7.1", 451)
    assert error.text == (
        "Sending from this account is slowed down: Within an hour it wrote to 18 addresses that it "
        "had never written to before; until now there were at most 0 in an hour. At most 10 "
        "recipients a message are allowed; try again in 1 hour."
    )
    error = watched.refused(*strangers(30))
    assert (error.code, status_of(error)) == ("locked", "5.7.1")
    assert error.text.startswith(f"Sending from {ANNA} is locked: Within an hour it wrote to 30")
    assert error.text.endswith(
        "Change the password, then ask whoever manages your organization to unlock it."
    )
    account = house.view.account(house.anna.id)
    assert account is not None
    with pytest.raises(Refused) as caught:
        watched.submission.check_sender(account, ANNA)
    assert caught.value.code == "locked"
    assert all(
        entry.recipients[0].held == (entry.message.envelope.sender != "")
        for entry in house.queued()
    )
    told = house.told("behaviour")
    assert len(told) == 2
    assert told[0].startswith("info: Sending is slowed down: ")
    assert told[1].startswith("info: Sending is locked: ")
    # Receiving and reading go on.
    assert house.delivery.route("anna", "example.test") is not None


def test_trying_again_counts_nobody_twice(watched: Watched) -> None:
    watched.send(*strangers(10))
    for _ in range(20):
        watched.refused(*strangers(11))
    assert watched.level() is Level.SLOW
    watched.house.clock.now += HOUR + 1
    watched.send(*strangers(11))
    assert watched.level() is Level.OK


def test_slowed_down_it_sends_a_part_of_what_the_plan_allows(watched: Watched) -> None:
    plans_limits(watched, hour=40)
    watched.send(*strangers(10))
    for _ in range(3):
        watched.send("p1@remote.test")
    with pytest.raises(Unavailable) as caught:
        watched.send("p1@remote.test")
    assert caught.value.code == "slowed"
    assert caught.value.text.endswith("You may send 4 messages in an hour; try again in 1 hour.")
    watched.house.clock.now += 2 * HOUR
    for _ in range(20):
        watched.send("p1@remote.test")


def plans_limits(watched: Watched, hour: int) -> None:
    from alphorn.directory.values import PlanLimits

    control = watched.house.installation.control
    plans.add_plan(control, "Small", PlanLimits(messages_per_hour=hour))
    organizations.set_plan(control, "Acme", "Small")


def test_hour_after_hour_is_no_accident(watched: Watched) -> None:
    for hour in range(3):
        watched.send(*strangers(10, 10 * hour))
        watched.house.clock.now += HOUR
    error = watched.refused(*strangers(10, 100))
    assert error.code == "locked"
    assert "slowed down in 3 hours of the last day" in error.text


def test_what_it_had_in_earlier_weeks_is_usual(watched: Watched) -> None:
    watched.send(*strangers(9))
    watched.house.clock.now += 3 * 24 * HOUR
    for begin in range(100, 126, 9):
        watched.send(*strangers(9, begin)[: 126 - begin])
    assert watched.level() is Level.OK  # 26 are less than three times nine
    watched.send("one.more@remote.test")
    assert watched.level() is Level.SLOW


def test_colleagues_are_no_strangers(watched: Watched) -> None:
    control = watched.house.installation.control
    domains.add_domain(control, "acme.test", "Acme")
    watched.send(*(f"p{number}@acme.test" for number in range(40)))
    assert watched.level() is Level.OK
    organizations.add_organization(control, "Other")
    domains.add_domain(control, "other.test", "Other")
    watched.send(*(f"p{number}@other.test" for number in range(10)))
    assert watched.level() is Level.SLOW


def test_logins_from_many_networks(watched: Watched) -> None:
    house, login = watched.house, watched.login
    for peer in ("192.0.2.1", "192.0.77.1", "198.51.100.1", "2001:db8::1", "2001:db8:9::1"):
        login(peer)
    for number in range(50):
        login(f"10.{number}.0.1", "wrong-password")
    watched.send("p1@remote.test")
    assert watched.level() is Level.SLOW
    (slow,) = house.told("behaviour")
    assert "from 3 networks" in slow
    for number in range(6):
        login(f"10.{number}.0.1")
    assert watched.refused("p1@remote.test").code == "locked"


def test_logins_from_many_countries(tmp_path: Path) -> None:
    watched = Watched(tmp_path, Limits(countries=3, lock_factor=1.5))
    mmdb.write(watched.database, mmdb.countries())
    house = watched.house
    for peer in ("192.0.2.1", "198.51.100.1", "192.0.77.1", "10.9.9.9", "not an address"):
        watched.login(peer)
    watched.send("p1@remote.test")
    assert watched.level() is Level.OK
    watched.login("203.0.113.1")
    watched.send("p1@remote.test")
    assert watched.level() is Level.SLOW
    (slow,) = house.told("behaviour")
    assert "from 3 countries" in slow
    assert "before: Brazil, Switzerland, India." in slow
    watched.login("2001:db8::1")
    watched.login("10.7.0.1")
    error = watched.refused("p1@remote.test")
    assert error.code == "locked"
    assert "Brazil, Switzerland, India, New Zealand, Chad." in error.text
    assert {country.code for country, _ in watched.watch.countries(house.anna.id)} == {
        "CH", "BR", "IN", "NZ", "TD",
    }  # fmt: skip
    watched.close()


def test_who_has_been_there_may_come_from_there_again(tmp_path: Path) -> None:
    watched = Watched(tmp_path, Limits(countries=2))
    mmdb.write(watched.database, mmdb.countries())
    for peer in ("192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"):
        watched.login(peer)
        watched.house.clock.now += 2 * HOUR
    for peer in ("192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "10.7.0.1"):
        watched.login(peer)
    watched.send("p1@remote.test")
    assert watched.level() is Level.OK
    watched.close()


def test_without_a_database_of_countries_mail_flows(watched: Watched) -> None:
    watched.database.write_bytes(b"nonsense")
    for peer in ("192.0.2.1", "198.51.100.1"):
        watched.login(peer)
    watched.send("p1@remote.test")
    assert watched.level() is Level.OK
    assert watched.watch.countries(watched.house.anna.id) == []


def test_bounces(watched: Watched) -> None:
    for _ in range(20):
        watched.watch.settled(watched.house.anna.id, False)
    for _ in range(12):
        watched.watch.settled(watched.house.anna.id, True)
    watched.send("p1@remote.test")
    assert watched.level() is Level.SLOW
    watched.watch.settled(watched.house.bert.id, True)
    for _ in range(60):
        watched.watch.settled(watched.house.anna.id, True)
    assert watched.refused("p1@remote.test").code == "locked"


def test_addresses_of_ours_that_do_not_exist(watched: Watched) -> None:
    for number in range(5):
        watched.watch.refused(watched.house.anna.id, f"nobody{number}@example.test")
        watched.watch.refused(watched.house.anna.id, "nobody@example.test")
    watched.send("p1@remote.test")
    assert watched.level() is Level.SLOW


def test_mail_that_looks_like_spam(watched: Watched) -> None:
    watched.decision = Decision("spam", reasons=(Reason("a", "A.", 4.0), Reason("b", "B.", 0.9)))
    for _ in range(6):
        watched.send("p1@remote.test")
    assert watched.level() is Level.OK
    watched.decision = Decision("spam", reasons=(Reason("a", "A.", 4.0), Reason("b", "B.", 1.0)))
    for _ in range(4):
        watched.send("p1@remote.test")
    assert watched.level() is Level.SLOW
    assert watched.house.events[-1].facts["score"] == 5.0


def test_a_check_refuses_with_its_own_reply(watched: Watched) -> None:
    text = "The attachment a.exe is of a kind that is not taken here (exe)"
    watched.decision = Decision("attachments", Act.REFUSE, "5.7.0", text, 554)
    error = watched.refused("p1@remote.test")
    assert isinstance(error, Declined)
    assert (status_of(error), basic_of(error), error.text) == ("5.7.0", 554, text)
    watched.decision = Decision("engines", Act.DEFER, "4.7.1", "Try again later", 451)
    error = watched.refused("p1@remote.test")
    assert (status_of(error), basic_of(error)) == ("4.7.1", 451)
    assert status_of(Declined(Decision("x", Act.REFUSE, text="No"))) == "5.7.1"
    assert status_of(Declined(Decision("x", Act.DEFER, text="Later"))) == "4.7.1"


def test_the_first_check_that_refuses_decides(watched: Watched) -> None:
    asked: list[str] = []

    def named(name: str, act: Act) -> Check:
        def check(raw: bytes, root: Entity, account: AccountInfo) -> Decision:
            asked.append(name)
            return Decision(name, act, text=f"{name} says no")

        return check

    checks = (named("one", Act.PASS), named("two", Act.REFUSE), named("three", Act.REFUSE))
    watched.submission = watched._submission(checks)
    assert watched.refused("p1@remote.test").text == "two says no"
    assert asked == ["one", "two"]


def test_spam_that_is_refused_again_and_again_counts_once_each(watched: Watched) -> None:
    bad = (Reason("a", "A.", 20.0),)
    watched.decision = Decision("spam", Act.REFUSE, "5.7.1", "Looks like spam", 554, reasons=bad)
    account = watched.house.anna
    raw = f"From: {ANNA}\r\n\r\nBuy\r\n".encode()
    for _ in range(30):
        with pytest.raises(Declined):
            watched.submission.submit(
                account, raw, watched.house.envelope("p1@remote.test", sender=ANNA), "T"
            )
    assert watched.level() is Level.OK
    for _ in range(12):
        watched.refused("p1@remote.test")
    assert watched.refused("p1@remote.test").code == "locked"


def test_a_domain_whose_records_are_wrong(watched: Watched) -> None:
    watched.fault = "Mail from example.test is not sent, for others would take it for forged."
    error = watched.refused("p1@remote.test")
    assert (error.code, status_of(error), error.text) == ("records", "5.7.1", watched.fault)


def test_unlocked_it_is_judged_anew(watched: Watched) -> None:
    assert watched.refused(*strangers(30)).code == "locked"
    control = watched.house.installation.control
    unlock_sending(control, watched.parts, ANNA, anyway=True)
    watched.send(*strangers(9))
    watched.send(*strangers(9, 100))
    assert watched.level() is Level.OK


def test_a_lock_that_cannot_be_written_still_stops_the_message(watched: Watched) -> None:
    watched.lock_error = Unavailable("The control database cannot be used.", code="directory")
    assert watched.refused(*strangers(30)).code == "directory"
    assert not watched.house.queued()


def test_a_message_that_was_under_way_when_the_lock_came_is_held(watched: Watched) -> None:
    house = watched.house

    def lock_now(raw: bytes, root: Entity, account: AccountInfo) -> Decision:
        lock_sending(house.installation.control, watched.parts, ANNA, "By hand.")
        return Decision("spam")

    watched.submission = watched._submission((lock_now,))
    watched.send("p1@remote.test")
    (queued,) = [entry for entry in house.queued() if entry.message.envelope.sender]
    assert [recipient.held for recipient in queued.recipients] == [True]


def test_without_its_file_nobody_is_stopped(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    (tmp_path / "behaviour.sqlite").mkdir()
    watched.watch.settled(watched.house.anna.id, True)
    for _ in range(5):
        watched.send(*strangers(50))
    watched.close()


def test_switched_off(tmp_path: Path) -> None:
    watched = Watched(tmp_path, enabled=False)
    for begin in range(5):
        watched.send(*strangers(90, 90 * begin))
    assert watched.level() is Level.OK
    watched.close()


def test_without_locks_it_stays_slow(tmp_path: Path) -> None:
    watched = Watched(tmp_path, Limits(strangers=10, locks=False))
    for begin in range(5):
        assert watched.refused(*strangers(90, 90 * begin)).code == "slowed"
    assert watched.level() is Level.SLOW
    watched.close()
