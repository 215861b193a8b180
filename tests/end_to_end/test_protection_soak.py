"""While strangers without manners come in numbers, mail that is wanted flows: none is lost, and 99
of 100 messages are taken within a second (in the long proof). With the figures."""

import json
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.mob import WAYS
from tests.end_to_end.tools import PASSWORD, alphorn, lift_sending_limits, reading, until
from tests.support.dialog import Dialog
from tests.support.dns import DnsServer, Fault, Records, Zone
from tests.support.gatehouse import HONEST, letter, signed, zone
from tests.support.process import ROOT, at_once
from tests.support.service import Service, running

ANNA, BERT, OPEN = "anna@example.test", "bert@example.test", "open@example.test"
PROVEN = 25
"""Good messages after which a sender has a good name (`door.good_messages`)."""
EVERY = 0.1
"""Seconds between two messages of each of the two who send."""
P99_SECONDS = 1.0
SETTINGS = """
door.good_messages = 10
mx.connections_per_network = 200
[dns]
timeout = "1 s"
servers = ["127.0.0.1:{port}"]
"""


class Wild(dict[str, Records | Fault]):
    """A zone in which nothing below hang.zz is ever answered."""

    def get(self, name: str, default: Records | Fault | None = None) -> Records | Fault | None:  # type: ignore[override]
        if name.endswith(("hang.zz", ".2.127.in-addr.arpa")):
            return Fault.TIMEOUT
        return super().get(name, default)


class Sent:
    """What one sender sent: subjects, seconds until each was taken, and what was said instead."""

    def __init__(self) -> None:
        self.subjects: list[str] = []
        self.seconds: list[float] = []
        self.refusals: list[str] = []

    def add(self, subject: str, seconds: float, said: str) -> None:
        if said.startswith("250 "):
            self.subjects.append(subject)
            self.seconds.append(seconds)
        else:
            self.refusals.append(said)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def figures(self) -> str:
        return (
            f"{len(self.subjects)} messages, p50 {1000 * self.percentile(0.5):.0f} ms, "
            f"p99 {1000 * self.percentile(0.99):.0f} ms, "
            f"longest {1000 * max(self.seconds):.0f} ms, {len(self.refusals)} refused"
        )


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    records: Zone = Wild(zone())
    records["mail.wild.zz"] = {"A": ["192.0.2.9"]}
    people = dict.fromkeys((ANNA, BERT, OPEN), PASSWORD)
    with (
        DnsServer(records) as dns,
        running(
            tmp_path,
            people,
            settings=SETTINGS.format(port=dns.address[1]),
            arguments=("--workers", "2", "--strict"),
        ) as made,
    ):
        alphorn(made, "protection", "set", OPEN, "--greylisting", "off")
        lift_sending_limits(made)
        yield made


def from_elsewhere(service: Service, subject: str, to: str) -> tuple[float, str]:
    """From a sender who signs, in a connection of its own."""
    message = signed(letter("carl@alps.zz", subject, to=to), "alps.zz", int(time.time()))
    began = time.monotonic()
    with Dialog((service.host, service.ports["smtp"]), HONEST) as dialog:
        said = dialog.reply()
        for command in (
            "EHLO mail.alps.zz", "MAIL FROM:<carl@alps.zz>", f"RCPT TO:<{to}>", "DATA",
        ):  # fmt: skip
            if said[:1] in "23":
                said = dialog.ask(command)
        if said.startswith("354 "):
            dialog.send(message)
            said = dialog.reply()
    return time.monotonic() - began, said


def of_our_user(service: Service, client: smtplib.SMTP, subject: str) -> tuple[float, str]:
    """Over the submission port, in one connection for all; until it is taken."""
    began = time.monotonic()
    try:
        client.sendmail(BERT, [ANNA], letter(BERT, subject))
    except smtplib.SMTPException as error:
        return time.monotonic() - began, repr(error)
    return time.monotonic() - began, "250 "


@pytest.mark.parametrize(
    ("seconds", "most"), [(5, 30.0), pytest.param(600, P99_SECONDS, marks=pytest.mark.soak)]
)
def test_wanted_mail_flows_among_strangers(service: Service, seconds: int, most: float) -> None:
    for number in range(PROVEN):
        _, said = from_elsewhere(service, f"proof {number}", OPEN)
        assert said.startswith("250 "), said
    proven, ours = Sent(), Sent()
    over = threading.Event()

    def elsewhere() -> None:
        while not over.wait(EVERY):
            subject = f"elsewhere {len(proven.seconds)}"
            proven.add(subject, *from_elsewhere(service, subject, ANNA))

    def here() -> None:
        with service.submission(BERT) as client:
            while not over.wait(EVERY):
                subject = f"here {len(ours.seconds)}"
                ours.add(subject, *of_our_user(service, client, subject))

    mob = subprocess.Popen(
        [sys.executable, "-m", "tests.end_to_end.mob", str(service.ports["smtp"]), str(seconds)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with at_once([elsewhere, here], over):
            out, _ = mob.communicate(timeout=seconds + 60)
    finally:
        mob.kill()
    told = json.loads(out)
    print(f"\nfrom elsewhere: {proven.figures()}\nof our user:    {ours.figures()}")
    print(f"strangers: {told['visits']} visits, heard {told['heard']}")
    assert len(told["ways"]) == len(WAYS)
    assert proven.refusals == ours.refusals == []
    with reading(service, ANNA) as reader:
        expected = len(proven.subjects) + len(ours.subjects)

        def arrived() -> bool:
            reader.client.noop()
            return len(reader.search("ALL")) >= expected

        until(arrived, "all that was taken lies in the mailbox", 60)
    assert sorted(service.subjects(ANNA)) == sorted(proven.subjects + ours.subjects)
    assert proven.percentile(0.99) < most
    assert ours.percentile(0.99) < most
