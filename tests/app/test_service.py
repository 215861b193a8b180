"""The whole service: a message comes in, is read, is answered; processes die and are replaced."""

import imaplib
import os
import smtplib
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from signal import SIGHUP, SIGKILL, SIGTERM, SIGUSR2

import pytest

from tests.support.process import at_once
from tests.support.service import ALPHORN, HOST, Service, running

ANNA = "anna@example.test"
BEN = "ben@example.test"
ACCOUNTS = {ANNA: "crisp mountain air", BEN: "seven goats climb"}
MESSAGE = b"From: <x@example.net>\r\nTo: <anna@example.test>\r\nSubject: %b\r\n\r\nHello.\r\n"
MAX_REST_KIB = 150 * 1024


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for the tests that leave it as they found it."""
    with running(tmp_path_factory.mktemp("service"), ACCOUNTS) as service:
        yield service


def test_message_is_in_the_mailbox_when_250_is_said(service: Service) -> None:
    service.send("x@example.net", [ANNA], MESSAGE % b"at once")
    assert service.subjects(ANNA)[-1] == "at once"


def test_answer_goes_through_submission_to_the_other_account(service: Service) -> None:
    with service.submission(ANNA) as client:
        client.sendmail(ANNA, [BEN], b"From: %b\r\nSubject: answer\r\n\r\nYes.\r\n" % ANNA.encode())
    until = time.monotonic() + 30
    with service.imap(BEN) as inbox:
        while time.monotonic() < until:
            inbox.select("INBOX", readonly=True)
            _, found = inbox.search(None, 'SUBJECT "answer"')
            if found[0]:
                break
        _, message = inbox.fetch(found[0].split()[0], "(RFC822)")
    assert isinstance(message[0], tuple)
    raw = message[0][1]
    assert b"DKIM-Signature:" in raw
    assert b"Message-ID:" in raw
    assert b"Date:" in raw


def test_idler_in_one_worker_hears_of_mail_in_another(service: Service) -> None:
    """Two connections are up, one in each worker; whichever takes the mail, both hear of it."""
    clients = [service.imap(ANNA) for _ in range(2)]
    for client in clients:
        client.select("INBOX")
        client.send(b"i1 IDLE\r\n")
        assert client.readline().startswith(b"+")
    service.send("x@example.net", [ANNA], MESSAGE % b"wake up")
    for client in clients:
        client.socket().settimeout(30)
        while b"EXISTS" not in client.readline():
            pass
    for client in clients:
        client.shutdown()


def test_new_address_works_for_the_next_message(service: Service) -> None:
    with service.smtp() as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("x@example.net", ["new@example.test"], MESSAGE % b"early")
        command = [ALPHORN, "--data", str(service.data), "address", "add", "new@example.test"]
        subprocess.run([*command, "--alias-of", ANNA], check=True, timeout=30)
        client.sendmail("x@example.net", ["new@example.test"], MESSAGE % b"in time")
    assert service.subjects(ANNA)[-1] == "in time"


def test_wrong_password_is_refused_and_never_logged(service: Service) -> None:
    client = imaplib.IMAP4_SSL(HOST, service.ports["imaps"], ssl_context=service.client_context())
    with pytest.raises(imaplib.IMAP4.error):
        client.login(BEN, "not the password 4711")
    client.logout()
    assert "4711" not in str(service.process.log)
    assert ACCOUNTS[ANNA] not in str(service.process.log)


def test_whole_service_at_rest_is_small(tmp_path: Path) -> None:
    """Before anybody has come: what work leaves in memory is another matter."""
    with running(tmp_path, ACCOUNTS) as service:
        supervisor = service.process.process.pid
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        total = 0
        for pid in (supervisor, *children):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    assert len(children) == 4  # two workers, the keeper and the web
    assert total < MAX_REST_KIB


def test_dead_worker_does_not_take_the_service_with_it(tmp_path: Path) -> None:
    with running(tmp_path, ACCOUNTS) as service:
        service.process.expect_errors = True
        supervisor = service.process.process.pid
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        os.kill(int(children[0]), SIGKILL)
        service.process.wait_for("a worker died")
        for number in range(10):
            service.send("x@example.net", [ANNA], MESSAGE % b"%d" % number)
        assert service.subjects(ANNA) == [str(number) for number in range(10)]


def test_stop_is_quick_with_idle_clients(tmp_path: Path) -> None:
    with running(tmp_path, ACCOUNTS) as service:
        clients = [service.imap(ANNA) for _ in range(10)]
        for client in clients:
            client.select("INBOX")
            client.send(b"i1 IDLE\r\n")
            assert client.readline().startswith(b"+")
        sender = service.smtp()
        sender.ehlo()
        assert service.process.stop(SIGTERM) < 10
        for client in clients:
            assert b"* BYE" in client.file.read()
            client.shutdown()
        assert sender.getreply()[0] == 421
        sender.close()


@pytest.mark.parametrize("number", [SIGHUP, SIGUSR2])
def test_graceful_restart_under_load_loses_nothing(tmp_path: Path, number: int) -> None:
    """Every message that got its 250 is in the mailbox once, through two replacements."""
    with running(tmp_path, ACCOUNTS, settings="drain = 5\n") as service:
        stop = threading.Event()
        accepted: list[str] = []
        faults: list[str] = []

        def load(name: str) -> None:
            count = 0
            while not stop.is_set():
                try:
                    with service.smtp() as client:
                        for _ in range(5):
                            subject = f"{name}-{count}"
                            count += 1
                            client.sendmail("x@example.net", [ANNA], MESSAGE % subject.encode())
                            accepted.append(subject)
                except (OSError, smtplib.SMTPException) as error:
                    faults.append(repr(error))
                stop.wait(0.02)  # the new program needs some of the processor, too

        with at_once([partial(load, name) for name in "ab"], stop):
            seen = 0
            for turn in (1, 2):
                settings = service.data / "alphorn.toml"
                kept = [line for line in settings.read_text().splitlines() if "threads" not in line]
                settings.write_text("\n".join([f"threads = {turn + 3}", *kept]) + "\n")
                service.process.signal(number)  # type: ignore[arg-type]
                seen = service.process.wait_for("new workers have taken over", after=seen)
                before = len(accepted)
                until = time.monotonic() + 30
                while len(accepted) < before + 20 and time.monotonic() < until:
                    time.sleep(0.01)
        assert faults == []
        stored = Counter(service.subjects(ANNA))
        assert stored == Counter(accepted)
        assert len(accepted) > 40
