"""Reports: a message leaves, its sender and hosts count, the operator is told, none is flooded."""

import email
import email.policy
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.base.errors import NotFound, Unavailable
from alphorn.base.flags import Flag
from alphorn.message import arf
from alphorn.message.envelope import OriginKind
from alphorn.operations import quarantine, report
from alphorn.operations.reputation import (
    hosts_of,
    proven_domains,
    proven_sender,
    reported_hosts,
    sender_reason,
    weight,
)
from alphorn.operations.study import study
from alphorn.store.api import Book, FlagAction, SpecialUse
from alphorn.store.reported import Kind, Name, Voices
from tests.support.mailhouse import ANNA, HOSTNAME, POSTMASTER
from tests.support.school import EVERY, School, message, proven

TEXT = (
    "Your account is locked: http://login.bank-secure.test/a?b=c and http://www.evil.test/x, see"
    " also https://www.google.com/ and https://paypal.com/ and http://mx.example.test/ or"
    " http://me.github.io/phish"
)
HOSTS = ("login.bank-secure.test", "evil.test", "me.github.io")
RAW = message(1, sender="service@bank-secure.test", text=TEXT, fields=proven("bank-secure.test"))


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    made = School(tmp_path)
    yield made
    made.close()


def against(school: School) -> dict[str, int]:
    """The hosts that count against mail now."""
    names = [Name(Kind.HOST, host) for host in (*HOSTS, "www.google.com", "paypal.com")]
    return reported_hosts(school.reported.voices(names, now=school.house.clock()))


def test_a_report_and_all_that_comes_of_it(school: School) -> None:
    (uid,) = school.lay(RAW)
    anna, mail = school.house.anna.id, school.mail()
    done = school.reports.report(anna, school.box(), uid)
    assert done.told
    assert {name.name for name in done.names if name.kind is Kind.HOST} == set(HOSTS)
    assert {name.name for name in done.names if name.kind is Kind.SENDER} == {
        "service@bank-secure.test",
        "bank-secure.test",
    }
    assert mail.mailbox("INBOX").messages == 0
    assert [box.name for box in mail.mailboxes()].count("Quarantine") == 0
    (held,) = quarantine.held(mail)
    assert held.subject == "Hello"
    assert school.totals() == (1, 0)
    assert [entry.name for entry in mail.entries(Book.BLOCKED, 9)] == ["service@bank-secure.test"]
    assert against(school) == dict.fromkeys(HOSTS, 1)
    assert school.house.told("report") == ["info: Reported as phishing and put into quarantine"]
    with pytest.raises(NotFound):
        school.reports.report(anna, school.box(), uid)


def test_the_operator_gets_a_report_that_programs_can_read(school: School) -> None:
    (uid,) = school.lay(RAW)
    school.reports.report(school.house.anna.id, school.box(), uid)
    (queued,) = school.house.queued()
    assert queued.message.envelope.sender == ""
    assert [one.address for one in queued.recipients] == [POSTMASTER]
    assert queued.message.origin.kind is OriginKind.REPORT
    assert queued.message.origin.transaction == "TRANSACTION1"
    (raw,) = school.house.queued_raw()
    found = arf.read(raw)
    assert found is not None
    assert (found.kind, found.source_ip) == ("fraud", "192.0.2.7")
    assert found.mail_from == "<service@bank-secure.test>"
    assert found.recipients == (f"<{ANNA}>",)
    assert found.domains == ("bank-secure.test",)
    assert found.uris == (
        "http://login.bank-secure.test/a?b=c",
        "http://www.evil.test/x",
        "http://me.github.io/phish",
    )
    assert found.authentication[0].startswith(HOSTNAME)
    assert (found.original, found.whole) == (RAW, True)
    assert found.reporting_mta == f"dns; {HOSTNAME}"
    other = email.message_from_bytes(raw, policy=email.policy.default)
    body = other.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert f"{ANNA} reported the message below as phishing." in text
    assert "  login.bank-secure.test" in text.splitlines()


def test_a_sender_who_proved_nothing_is_not_held_responsible(school: School) -> None:
    forged = message(2, sender="service@bank-secure.test", text="http://evil.test/x")
    (uid,) = school.lay(forged)
    done = school.reports.report(school.house.anna.id, school.box(), uid)
    assert done.names == (Name(Kind.HOST, "evil.test"),)
    assert school.mail().entries(Book.BLOCKED, 9) == []


def test_whom_one_wrote_to_is_not_blocked(school: School) -> None:
    school.mail().note(Book.CORRESPONDENT, ["service@bank-secure.test"])
    (uid,) = school.lay(RAW)
    school.reports.report(school.house.anna.id, school.box(), uid)
    assert school.mail().entries(Book.BLOCKED, 9) == []


def test_one_voice_for_each_account(school: School) -> None:
    anna, bert = school.house.anna.id, school.house.bert.id
    for number in range(3):
        (uid,) = school.lay(message(number, text=f"{TEXT} and {number}"))
        school.reports.report(anna, school.box(), uid)
    assert against(school) == dict.fromkeys(HOSTS, 1)
    (uid,) = school.lay(RAW, account_id=bert)
    school.reports.report(bert, school.box(account_id=bert), uid)
    assert against(school) == dict.fromkeys(HOSTS, 2)


def test_the_same_message_is_reported_to_the_operator_once(school: School) -> None:
    for _ in range(2):
        (uid,) = school.lay(RAW)
        school.reports.report(school.house.anna.id, school.box(), uid)
    assert len(school.house.queued()) == 1
    assert school.mail().mailbox("INBOX").messages == 0


def test_an_account_cannot_flood(school: School) -> None:
    for number in range(report.REPORTS_A_DAY + 3):
        text = f"Look at http://host{number}.test/ number {number}"
        (uid,) = school.lay(message(number, text=text))
        done = school.reports.report(school.house.anna.id, school.box(), uid)
        assert done.told is (number < report.REPORTS_A_DAY)
        assert bool(done.names) is done.told
    assert school.mail().mailbox("INBOX").messages == 0  # for himself all of it counts
    assert len(quarantine.held(school.mail())) == report.REPORTS_A_DAY + 3
    assert len(school.house.queued()) == report.REPORTS_A_DAY


def test_the_operator_is_not_flooded(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "REPORTS_AN_HOUR", 2)
    told = []
    for number in range(4):
        (uid,) = school.lay(message(number, text=f"http://host{number}.test/"))
        told.append(school.reports.report(school.house.anna.id, school.box(), uid).told)
    assert told == [True, True, False, False]


def test_where_the_operator_cannot_be_told_the_rest_is_done(
    school: School, caplog: pytest.LogCaptureFixture
) -> None:
    school.house.queue_error = Unavailable("The disk is full.", code="disk-full")
    (uid,) = school.lay(RAW)
    done = school.reports.report(school.house.anna.id, school.box(), uid)
    assert not done.told
    assert "could not be told" in caplog.text
    assert len(quarantine.held(school.mail())) == 1
    assert against(school) == dict.fromkeys(HOSTS, 1)


def test_a_report_that_was_a_mistake_is_undone(school: School) -> None:
    anna, mail = school.house.anna, school.mail()
    (uid,) = school.lay(RAW)
    mail.flag(school.box(), EVERY, FlagAction.ADD, Flag.SEEN, frozenset({"$Phishing", "mine"}))
    school.reports.report(anna.id, school.box(), uid)
    (held,) = quarantine.held(mail)
    subject = quarantine.restore(school.learning, anna.id, held.uid, anna.organization_id)
    assert subject == "Hello"
    assert mail.mailbox("INBOX").messages == 1
    assert quarantine.held(mail) == []
    assert against(school) == {}
    assert mail.entries(Book.BLOCKED, 9) == []
    assert school.totals() == (0, 1)
    status = mail.changes(school.box(), 0).changed[0]
    assert status.keywords == ("mine",)
    with pytest.raises(NotFound):
        quarantine.restore(school.learning, anna.id, held.uid, anna.organization_id)


def test_what_was_reported_long_ago_is_forgotten(school: School) -> None:
    anna = school.house.anna.id
    school.reports.report(anna, school.box(), school.lay(RAW)[0])
    school.house.clock.now += (quarantine.KEEP_DAYS + 1) * quarantine.DAY
    school.reports.report(anna, school.box(), school.lay(message(2, subject="New"))[0])
    assert [one.subject for one in quarantine.held(school.mail())] == ["New"]
    assert against(school) == {}
    assert school.mail().check() == []


def test_a_message_in_quarantine_stays_there(school: School) -> None:
    anna = school.house.anna.id
    school.reports.report(anna, school.box(), school.lay(RAW)[0])
    hidden = school.mail().special(SpecialUse.QUARANTINE)
    assert hidden is not None
    school.reports.report(anna, hidden.id, 1)
    assert len(quarantine.held(school.mail())) == 1


@pytest.mark.parametrize(
    ("voices", "weighs"),
    [
        (Voices(1, 1, 0, 0), 1),
        (Voices(50, 1, 0, 0), 3),
        (Voices(50, 10, 0, 0), 30),
        (Voices(2, 2, 1, 0), 0),
        (Voices(5, 3, 1, 0), 3),
        (Voices(1, 1, 9, 0), 0),
    ],
)
def test_what_voices_weigh(voices: Voices, weighs: int) -> None:
    assert weight(voices) == weighs


def test_a_reported_sender_adds_to_the_score() -> None:
    sender, host = Name(Kind.SENDER, "a@b.test"), Name(Kind.HOST, "b.test")
    assert sender_reason({}) is None
    assert sender_reason({host: Voices(9, 9, 0, 0)}) is None
    one, many = (
        sender_reason({sender: Voices(1, 1, 0, 0)}),
        sender_reason({sender: Voices(9, 9, 0, 0)}),
    )
    assert one is not None
    assert many is not None
    assert (one[0], one[2], many[2]) == ("reported-sender", 1.0, 4.0)
    assert sender_reason({sender: Voices(2, 2, 1, 0)}) is None


def domains(*lines: str) -> frozenset[str]:
    return proven_domains("".join(f"{line}\r\n" for line in (*lines, "")).encode(), HOSTNAME)


def test_only_our_own_word_proves_a_sender() -> None:
    ours = f"Authentication-Results: {HOSTNAME};"
    assert domains(f"{ours} spf=pass smtp.mailfrom=x@a.test") == {"a.test"}
    assert domains(f"{ours} spf=pass smtp.mailfrom=a.test; dkim=pass header.d=B.test.") == {
        "a.test",
        "b.test",
    }
    assert domains(f"{ours} dmarc=pass header.from=a.test policy.dmarc=none") == {"a.test"}
    for nothing in (
        "Authentication-Results: other.test; dmarc=pass header.from=a.test",
        "Authentication-Results: ; dmarc=pass header.from=a.test",
        f"{ours} none",
        f"{ours} dmarc=fail header.from=a.test",
        f'{ours} spf=fail smtp.mailfrom="; dmarc=pass header.from=a.test"',
        f"{ours} spf=fail (; dmarc=pass header.from=a.test) smtp.mailfrom=b.test",
        f"{ours} iprev=pass policy.iprev=192.0.2.1",
        f"{ours} dkim=pass header.i=@a.test",
    ):
        assert domains(nothing) == frozenset(), nothing


def test_the_author_must_be_of_the_proven_domain() -> None:
    assert proven_sender(RAW, study(RAW).seen, HOSTNAME) == "service@bank-secure.test"
    other = message(1, sender="service@bank-secure.test", fields=proven("evil.test"))
    assert proven_sender(other, study(other).seen, HOSTNAME) == ""
    below = message(1, sender="x@mail.bank-secure.test", fields=proven("bank-secure.test"))
    assert proven_sender(below, study(below).seen, HOSTNAME) == "x@mail.bank-secure.test"


def test_hosts_of_everybody_and_of_ourselves_are_never_noted(school: School) -> None:
    names = {name.name for name in hosts_of(study(RAW).seen, school.learning.is_own)}
    assert names == set(HOSTS)
    many = " ".join(f"http://h{n}.evil{n}.test/" for n in range(100))
    seen = study(message(1, text=many)).seen
    assert len(list(hosts_of(seen, school.learning.is_own))) == 20
    odd = study(message(1, text="http://192.0.2.1/ ftp://x.test/ http:///a http://[::1]/")).seen
    assert {name.name for name in hosts_of(odd, school.learning.is_own)} == {"192.0.2.1"}
