"""While strangers without manners come in numbers, mail that is wanted flows: none is lost, nothing
comes twice, nothing of the strangers' comes at all, and 99 of 100 messages are taken, and lie in
the mailbox, within a second (in the long proof). With the figures.

Wanted is mail of a sender who is known, of newcomers who are greylisted and come again, and of a
user of ours. The long proof, ten minutes: `make soak-protection`; shorter with SOAK_SECONDS=60.
"""

import json
import os
import re
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
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
SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
NEWCOMERS_EVERY = 2.0
AGAIN = 11.0
"""Seconds after which a newcomer comes again, a bit more than `greylist.wait`."""
SETTINGS = """
door.good_messages = 10
greylist.wait = "10 s"
mx.connections_per_network = 200
[dns]
timeout = "1 s"
servers = ["127.0.0.1:{port}"]
"""


class Wild(dict[str, Records | Fault]):
    """A zone in which nothing below hang.zz is ever answered, and newN.zz are honest domains."""

    def get(self, name: str, default: Records | Fault | None = None) -> Records | Fault | None:  # type: ignore[override]
        if name.endswith(("hang.zz", ".2.127.in-addr.arpa")):
            return Fault.TIMEOUT
        if found := re.fullmatch(r"(mail\.)?new(\d+)\.zz|1\.(\d+)\.4\.127\.in-addr\.arpa", name):
            mail, number, host = found.groups()
            if host is not None:
                return {"PTR": [f"mail.new{host}.zz"]}
            address = f"127.4.{number}.1"
            return {"A": [address]} if mail else {"TXT": [f"v=spf1 ip4:{address} -all"]}
        return super().get(name, default)


class Sent:
    """What one sender sent: subjects, seconds until each was taken, and what was said instead; when
    each was begun, and in the end how many seconds later it lay in the mailbox."""

    def __init__(self) -> None:
        self.subjects: list[str] = []
        self.seconds: list[float] = []
        self.refusals: list[str] = []
        self.begun: dict[str, float] = {}
        self.delivered: list[float] = []

    def add(self, subject: str, seconds: float, said: str) -> None:
        if said.startswith("250 "):
            self.subjects.append(subject)
            self.seconds.append(seconds)
            self.begun[subject] = time.monotonic() - seconds
        else:
            self.refusals.append(said)

    def seen(self, arrivals: Mapping[str, float]) -> None:
        self.delivered = [arrivals[subject] - begun for subject, begun in self.begun.items()]

    def figures(self) -> str:
        return (
            f"{len(self.subjects)} messages, taken: {_figures(self.seconds)}; "
            f"in the mailbox: {_figures(self.delivered)}; {len(self.refusals)} refused"
        )


def percentile(seconds: Sequence[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _figures(seconds: Sequence[float]) -> str:
    p50, p99, longest = (1000 * percentile(seconds, share) for share in (0.5, 0.99, 1.0))
    return f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, longest {longest:.0f} ms"


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
    return given(service, HONEST, "alps.zz", message, to)


def from_newcomer(service: Service, number: int) -> tuple[float, str]:
    """From somebody who never wrote before, in a domain of his own."""
    domain = f"new{number}.zz"
    message = letter(f"carl@{domain}", f"newcomer {number}", to=ANNA)
    return given(service, f"127.4.{number}.1", domain, message, ANNA)


def given(service: Service, client: str, domain: str, message: bytes, to: str) -> tuple[float, str]:
    """Seconds, and the reply that ended it."""
    began = time.monotonic()
    with Dialog((service.host, service.ports["smtp"]), client) as dialog:
        said = dialog.reply()
        for command in (
            f"EHLO mail.{domain}", f"MAIL FROM:<carl@{domain}>", f"RCPT TO:<{to}>", "DATA",
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
    ("seconds", "most"),
    [(5, 30.0), pytest.param(SOAK_SECONDS, P99_SECONDS, marks=pytest.mark.soak)],
)
def test_wanted_mail_flows_among_strangers(service: Service, seconds: float, most: float) -> None:
    for number in range(PROVEN):
        _, said = from_elsewhere(service, f"proof {number}", OPEN)
        assert said.startswith("250 "), said
    proven, ours, newcomers = Sent(), Sent(), Sent()
    over, read = threading.Event(), threading.Event()
    arrivals: dict[str, float] = {}
    turned_away = 0

    def elsewhere() -> None:
        while not over.wait(EVERY):
            subject = f"elsewhere {len(proven.seconds)}"
            proven.add(subject, *from_elsewhere(service, subject, ANNA))

    def here() -> None:
        with service.submission(BERT) as client:
            while not over.wait(EVERY):
                subject = f"here {len(ours.seconds)}"
                ours.add(subject, *of_our_user(service, client, subject))

    def for_the_first_time() -> None:
        """One begins every now and then; each comes again until he is taken."""
        nonlocal turned_away
        began, number = time.monotonic(), 0
        due: list[tuple[float, int]] = []
        while not over.is_set() or due:
            now = time.monotonic()
            if not over.is_set() and now - began >= number * NEWCOMERS_EVERY and number < 256:
                due.append((now, number))
                number += 1
            due.sort()
            if due and due[0][0] <= now:
                _, who = due.pop(0)
                took, said = from_newcomer(service, who)
                if said.startswith("451 4.7.1") and turned_away < 3 * number:
                    turned_away += 1
                    due.append((time.monotonic() + AGAIN, who))
                else:
                    newcomers.add(f"newcomer {who}", took, said)
            elif due and over.is_set():
                read.wait(due[0][0] - now)
            else:
                over.wait(EVERY)

    def looking() -> None:
        """Notes when each message can be seen."""
        with reading(service, ANNA) as reader:
            last = 0
            while not read.wait(EVERY / 2):
                reader.client.noop()
                for uid in reader.search("UID", f"{last + 1}:*"):
                    if uid > last:
                        seen = reader.fetch(uid, "BODY.PEEK[HEADER.FIELDS (SUBJECT)]")
                        subject = seen.decode().partition(":")[2].strip()
                        arrivals.setdefault(subject, time.monotonic())
                        last = uid

    ports = (str(service.ports["smtp"]), str(service.ports["submissions"]))
    mob = subprocess.Popen(
        [sys.executable, "-m", "tests.end_to_end.mob", *ports, str(seconds)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with at_once([looking], read):
            with at_once([elsewhere, here, for_the_first_time], over):
                out, _ = mob.communicate(timeout=seconds + 60)
            expected = {*proven.subjects, *ours.subjects, *newcomers.subjects}
            until(lambda: expected <= arrivals.keys(), "what was taken lies in the mailbox", 60)
    finally:
        mob.kill()
    told = json.loads(out)
    for sent in (proven, ours, newcomers):
        sent.seen(arrivals)
    print(f"\nof a known sender: {proven.figures()}\nof our user: {ours.figures()}")
    print(f"of newcomers: {newcomers.figures()}, {turned_away} times asked to come again")
    print(f"strangers: {told['visits']} visits, {told['ways']}, heard {told['heard']}")
    assert mob.returncode == 0
    assert len(told["ways"]) == len(WAYS)
    assert proven.refusals == ours.refusals == newcomers.refusals == []
    assert turned_away >= len(newcomers.subjects) > 0
    assert sorted(service.subjects(ANNA)) == sorted(expected)
    assert sorted(service.subjects(OPEN)) == sorted(f"proof {n}" for n in range(PROVEN))
    for sent in (proven, ours, newcomers):
        assert percentile(sent.seconds, 0.99) < most
        assert percentile(sent.delivered, 0.99) < most
