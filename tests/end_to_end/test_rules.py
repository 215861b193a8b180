"""Rules over real SMTP: Anna's are run by whichever worker takes a message, from the one after
they were changed by another process, which is the test's; what is sent on, and reports, arrive at
another server.
"""

import smtplib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from alphorn.app.installation import read_settings
from alphorn.app.services import for_command
from alphorn.message import header
from alphorn.store.api import Account
from tests.end_to_end.tools import PASSWORD, alphorn, message, reading
from tests.support.dns import DnsServer
from tests.support.service import Service, running
from tests.support.smtpd import Arrived, SmtpServer

ANNA, BEN, CARL, ZOE = "anna@example.test", "ben@example.test", "carl@other.zz", "zoe@far.zz"
SINK = "127.0.0.9"
SETTINGS = """\
door.greeting_delay = 0
protection.greylisting = false
[dns]
servers = ["127.0.0.1:{dns}"]
[queue]
smtp_port = {port}
private_destinations = true
"""
REQUIRE = 'require ["fileinto", "imap4flags", "mailbox", "reject", "copy", "editheader"];\n'


@dataclass(frozen=True)
class World:
    service: Service
    sink: SmtpServer
    anna: Account

    def script(self, source: str) -> None:
        self.anna.put_script("main", REQUIRE + source)
        self.anna.activate_script("main")

    def send(self, subject: str, *recipients: str) -> None:
        letter = message(CARL, subject, "Hello.\r\n", f"To: {ANNA}")
        self.service.send(CARL, recipients or (ANNA,), letter)

    def arrived(self, recipient: str) -> Arrived:
        """The one message for this recipient, once the other server has it."""

        def found() -> list[Arrived]:
            path = f"<{recipient}>"
            return [one for one in self.sink.messages if path in "".join(one.recipients)]

        self.sink.wait(lambda: bool(found()))
        (one,) = found()
        return one


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    zone = {name: {"MX": ["10 mx.zz"]} for name in ("other.zz", "far.zz")}
    with (
        SmtpServer(SINK) as sink,
        DnsServer({**zone, "mx.zz": {"A": [SINK]}}) as dns,
        running(
            tmp_path_factory.mktemp("rules"),
            dict.fromkeys((ANNA, BEN), PASSWORD),
            settings=SETTINGS.format(dns=dns.address[1], port=sink.port),
        ) as service,
    ):
        parts = for_command(service.data, read_settings(service.data))
        try:
            account = parts.view.account_by_address(ANNA)
            assert account is not None
            yield World(service, sink, parts.store.account(account.id))
        finally:
            parts.close()


def test_rules_changed_by_another_process_count_for_the_next_message(world: World) -> None:
    world.script('addflag ["\\\\Seen", "$Work"]; fileinto :create "Work";')
    for number in range(4):  # whichever worker takes it
        world.send(f"filed{number}")
    with reading(world.service, ANNA, "Work") as work:
        assert [work.flags(uid) >= {"\\Seen", "$Work"} for uid in work.search("ALL")] == [True] * 4
    world.script("discard;")
    for number in range(4):
        world.send(f"gone{number}")
    assert world.service.subjects(ANNA) == []
    world.script('addheader "Subject" "Changed"; deleteheader :index 2 "Subject"; keep;')
    world.send("edited")
    assert world.service.subjects(ANNA) == ["Changed"]
    world.anna.activate_script("")
    world.send("plain")
    assert world.service.subjects(ANNA) == ["Changed", "plain"]


def test_refused_at_the_port_or_by_a_report(world: World) -> None:
    world.script('reject "Bitte schreiben Sie an mein Büro.";')
    with pytest.raises(smtplib.SMTPDataError) as refused:
        world.send("alone")
    assert refused.value.smtp_code == 550
    said = refused.value.smtp_error
    assert said.startswith(b"5.7.1 Bitte schreiben Sie an mein Buero; help: https://")
    assert said.endswith(b"/help/rejected/")
    world.send("together", ANNA, BEN)
    assert world.service.subjects(BEN) == ["together"]
    report = world.arrived(CARL)
    assert report.sender.startswith("FROM:<>")
    assert b"Bitte schreiben Sie an mein Buero." in report.data
    assert b"Final-Recipient: rfc822;anna@example.test" in report.data


def test_sent_on_in_our_name_and_unchanged(world: World) -> None:
    world.script(f'redirect :copy "{ZOE}"; fileinto :create "Kept";')
    world.send("onward")
    arrived = world.arrived(ZOE)
    assert arrived.sender.startswith("FROM:<SRS0=")
    assert "=other.zz=carl@example.test>" in arrived.sender
    letter = message(CARL, "onward", "Hello.\r\n", f"To: {ANNA}")
    assert arrived.data.endswith(letter)
    assert header.get(arrived.data, "Delivered-To") == ANNA
    assert world.service.subjects(ANNA, "Kept") == ["onward"]


def test_an_error_is_told_once_by_whichever_process_meets_it(world: World) -> None:
    world.script('require "variables"; set "to" "nobody"; redirect "${to}";')
    before = len(world.service.subjects(ANNA))
    for number in range(4):
        world.send(f"wrong{number}")
    subjects = world.service.subjects(ANNA)[before:]
    assert sorted(subjects) == [
        "One of your rules does not work", "wrong0", "wrong1", "wrong2", "wrong3",
    ]  # fmt: skip
    said = alphorn(world.service, "trace", "list", "--address", ANNA)
    assert "An error in line 2 of your script “main”" in said
    assert "Discarded by line 2 of your script “main”" in said
