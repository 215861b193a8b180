"""`alphorn serve --demo` as a visitor meets it."""

import email
import email.policy
import imaplib
import os
import pty
import re
import select
import shutil
import smtplib
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from signal import SIGINT

import pytest

from alphorn.app import samples
from alphorn.app.demo import DOMAIN, PASSWORD, Guide
from alphorn.base.layout import Layout
from alphorn.base.settings import Settings
from alphorn.servers.listeners import Bound, bindings
from tests.support.process import Ports
from tests.support.service import ALPHORN, HOST

READY_SECONDS = 60


class Visit:
    """The demo in a terminal, with everything that it prints."""

    def __init__(self, home: Path, ports: Ports) -> None:
        self.ports = ports
        self.data = home / "alphorn-demo"
        screen, terminal = pty.openpty()
        self.process = subprocess.Popen(
            [ALPHORN, "serve", "--demo", "--port-offset", str(ports.offset)],
            env={**os.environ, "XDG_DATA_HOME": str(home), "TERM": "xterm", "PYTHONWARNINGS": ""},
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        self._screen = screen
        self.printed = ""
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.wait_for("Ctrl-C stops it")
        self.wait_for("trace list")

    def _read(self) -> None:
        while True:
            select.select([self._screen], [], [])
            try:
                data = os.read(self._screen, 65536)
            except OSError:
                return
            with self._news:
                self.printed += data.decode()
                self._news.notify_all()

    def wait_for(self, text: str) -> None:
        with self._news:
            if not self._news.wait_for(lambda: text in self.printed, READY_SECONDS):
                raise AssertionError(f"{text!r} was not printed:\n{self.printed}")

    def plain(self) -> str:
        """What was printed, without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.printed).replace("\r\n", "\n")

    def imap(self, who: str) -> imaplib.IMAP4:
        context = ssl.create_default_context(cafile=self.data / "tls/certificate.pem")
        client = imaplib.IMAP4_SSL(HOST, self.ports["imaps"], ssl_context=context, timeout=60)
        client.login(f"{who}@{DOMAIN}", PASSWORD)
        return client

    def stop(self) -> float:
        begin = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(SIGINT)
            self.process.wait(30)
        return time.monotonic() - begin


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def visit(home: Path) -> Iterator[Visit]:
    ports = Ports()
    visit = Visit(home, ports)
    yield visit
    visit.stop()
    ports.release()


def test_a_visit(visit: Visit, home: Path) -> None:
    """Look around, write, be answered, leave, come back: in one go, as it is started but once."""
    text = visit.plain()
    for who in samples.NAMES:
        assert f"{who}@{DOMAIN}" in text
    assert PASSWORD in text
    for listener in ("smtp", "submission", "submissions", "imap", "imaps", "sieve", "metrics"):
        assert str(visit.ports[listener]) in text
    assert "\x1b[1m" in visit.printed  # it is a terminal
    look_at_the_samples(visit)
    try_the_three_commands(visit)
    write_and_be_answered(visit)
    with urllib.request.urlopen(f"http://{HOST}:{visit.ports['metrics']}/metrics") as answer:
        assert b'alphorn_message_events_total{stage="deliver",verdict="delivered"}' in answer.read()
    before = inbox_size(visit, samples.ANNA)
    assert visit.stop() < 10
    assert visit.process.returncode == 0
    assert "Traceback" not in visit.printed
    again = Visit(home, visit.ports)
    try:
        assert inbox_size(again, samples.ANNA) == before
    finally:
        assert again.stop() < 10


def inbox_size(visit: Visit, who: str) -> int:
    with visit.imap(who) as client:
        return int(client.select("INBOX", readonly=True)[1][0] or b"0")


def look_at_the_samples(visit: Visit) -> None:
    for who in samples.NAMES:
        expected = sum(who in sample.inboxes for sample in samples.SAMPLES)
        assert inbox_size(visit, who) == expected
        sent = sum(sample.sent_by == who for sample in samples.SAMPLES)
        with visit.imap(who) as client:
            assert int(client.select("Sent", readonly=True)[1][0] or b"0") == sent


def try_the_three_commands(visit: Visit) -> None:
    """Exactly as they are printed."""
    commands = [
        line.strip()
        for line in visit.plain().splitlines()
        if line.strip().startswith(("printf ", "curl ", "python3 "))
    ]
    assert len(commands) == 3
    said = [
        subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
        for command in commands
    ]
    assert [done.returncode for done in said] == [0, 0, 0], said
    assert "A weekend at the hut?" in said[1].stdout
    assert '"Hello"' in said[1].stdout  # it was sent by the first command
    assert "the soup is famous" in said[2].stdout


def write_and_be_answered(visit: Visit) -> None:
    """A message from outside, answered by Anna to Ben through submission, read by Ben."""
    with smtplib.SMTP(HOST, visit.ports["smtp"], timeout=60) as client:
        client.sendmail(
            "guest@example.net",
            [f"{samples.ANNA}@{DOMAIN}"],
            b"From: guest@example.net\r\nSubject: Question\r\n\r\nSo?\r\n",
        )
    context = ssl.create_default_context(cafile=visit.data / "tls/certificate.pem")
    with smtplib.SMTP_SSL(HOST, visit.ports["submissions"], context=context, timeout=60) as client:
        client.login(f"{samples.ANNA}@{DOMAIN}", PASSWORD)
        client.sendmail(
            f"{samples.ANNA}@{DOMAIN}",
            [f"{samples.BEN}@{DOMAIN}"],
            f"From: {samples.ANNA}@{DOMAIN}\r\nSubject: Answer\r\n\r\nYes.\r\n".encode(),
        )
    until = time.monotonic() + 30
    with visit.imap(samples.BEN) as client:
        client.select("INBOX")
        while not client.search(None, 'SUBJECT "Answer"')[1][0] and time.monotonic() < until:
            client.noop()
        assert client.search(None, 'SUBJECT "Answer"')[1][0]


def test_a_real_installation_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "alphorn.toml").write_text('hostname = "mx.example.org"\n')
    done = subprocess.run(
        [ALPHORN, "--data", str(tmp_path), "serve", "--demo"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "holds something else" in done.stderr
    assert done.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == ["alphorn.toml"]


def test_start_that_was_interrupted_is_begun_anew(home: Path) -> None:
    """A folder that the demo began and did not finish is made again, with all its mail."""
    begun = home / "alphorn-demo"
    begun.mkdir()
    (begun / "demo").touch()
    (begun / "control.sqlite").write_bytes(b"half a database")
    ports = Ports()
    visit = Visit(home, ports)
    try:
        look_at_the_samples(visit)
    finally:
        visit.stop()
        ports.release()


@pytest.mark.parametrize("sample", samples.SAMPLES, ids=lambda sample: sample.name)
def test_samples_are_good_mail(sample: samples.Sample) -> None:
    for _, message, _ in samples._copies(sample, 1_800_000_000):
        parsed = email.message_from_bytes(message.raw, policy=email.policy.default)
        for part in parsed.walk():
            assert part.defects == []
            if part.get_content_maintype() == "text":
                assert len(part.get_content()) > 100
        assert parsed["Subject"]
        assert parsed["Date"].datetime.timestamp() == 1_800_000_000 - sample.age
        assert b"@DATE@" not in message.raw
        assert max(map(len, message.raw.split(b"\r\n"))) < 200


def test_guide_without_curl_works_too(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    wanted = bindings(
        Settings.of(), ("mx", "submission", "imap", "sieve", "web"), True, visit.ports.offset
    )
    out = StringIO()
    Guide([Bound(one, None) for one in wanted], Layout(visit.data), out).print()  # type: ignore[arg-type]
    commands = [
        line.strip() for line in out.getvalue().splitlines() if line.startswith("     python3 ")
    ]
    said = [
        subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
        for command in commands
    ]
    assert [done.returncode for done in said] == [0, 0, 0], said
    assert '"Hello"' in said[1].stdout
    assert "the soup is famous" in said[2].stdout
