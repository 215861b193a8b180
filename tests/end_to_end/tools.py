"""What tests of the whole share: the command line, messages, mailboxes, and waiting."""

import imaplib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL
from typing import Any, TypeVar

from tests.support.service import ALPHORN, Service

PASSWORD = "crisp mountain air"
NO_DNS = '[dns]\nservers = ["127.0.0.1:9"]\ntimeout = 1\n'
PATIENCE = 60.0
T = TypeVar("T")


def alphorn(service: Service, *words: str, stdin: str = "") -> str:
    """What a command prints; it is to succeed."""
    done = run_alphorn(service, *words, stdin=stdin)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def alphorn_json(service: Service, *words: str) -> Any:
    return json.loads(alphorn(service, *words, "--json"))


def run_alphorn(service: Service, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ALPHORN, "--data", str(service.data), *words],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def message(sender: str, subject: str, body: str = "Hello.\r\n", *fields: str) -> bytes:
    """With a Message-ID made of the subject, unless it is among the other `fields`."""
    head = [f"From: <{sender}>", f"Subject: {subject}", *fields]
    if not any(field.startswith("Message-ID") for field in fields):
        head.append(f"Message-ID: <{subject.replace(' ', '.')}@{sender.rpartition('@')[2]}>")
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


def until(look: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
    """What `look` finds, once it finds something; for what tells nobody that it happens."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"this did not happen: {what}"
        time.sleep(0.02)
    return found


class Reader:
    """A mailbox that is open in an IMAP connection."""

    def __init__(self, service: Service, address: str, mailbox: str = "INBOX") -> None:
        self.client = service.imap(address)
        self.open(mailbox)

    def open(self, mailbox: str) -> None:
        said, data = self.client.select(mailbox)
        assert said == "OK", data

    def search(self, *words: str) -> list[int]:
        """UIDs."""
        said, found = self.client.uid("SEARCH", *words)
        assert said == "OK", found
        return [int(uid) for uid in found[0].split()]

    def fetch(self, uid: int, what: str = "BODY.PEEK[]") -> bytes:
        """The one literal of the response."""
        said, found = self.client.uid("FETCH", str(uid), f"({what})")
        assert said == "OK", found
        (literal,) = (part[1] for part in found if isinstance(part, tuple))
        return bytes(literal)

    def flags(self, uid: int) -> set[str]:
        said, found = self.client.uid("FETCH", str(uid), "(FLAGS)")
        assert said == "OK", found
        return {flag.decode() for flag in imaplib.ParseFlags(found[0])}

    def raw(self, subject: str) -> bytes:
        """The only message with this in its subject."""
        (uid,) = self.search("SUBJECT", f'"{subject}"')
        return self.fetch(uid)

    def idle(self) -> None:
        self.client.send(b"idle1 IDLE\r\n")
        assert self.client.readline().startswith(b"+")

    def heard(self, word: bytes) -> bytes:
        """While idling: the next line with this word in it."""
        while True:
            line = self.client.readline()
            assert line, "the connection was closed"
            if word in line:
                return line

    def done(self) -> None:
        self.client.send(b"DONE\r\n")
        self.heard(b"idle1 OK")

    def wait(self, *words: str) -> int:
        """The UID of the first message that is found, once there is one."""

        def look() -> list[int]:
            self.client.noop()
            return self.search(*words)

        return until(look, f"a message in the mailbox with {words}")[0]

    def close(self) -> None:
        self.client.logout()


@contextmanager
def reading(service: Service, address: str, mailbox: str = "INBOX") -> Iterator[Reader]:
    reader = Reader(service, address, mailbox)
    try:
        yield reader
    finally:
        reader.close()


def certificate(service: Service) -> Path:
    return service.data / "tls/certificate.pem"


def environment(home: Path) -> dict[str, str]:
    """For a program that looks for its settings in the home folder and speaks English."""
    return {**os.environ, "HOME": str(home), "LC_ALL": "C.UTF-8"}


def lift_sending_limits(service: Service) -> None:
    alphorn(
        service, "plan", "set", "Standard", "--messages-per-hour", "0", "--messages-per-day", "0"
    )


def kill_everything(service: Service) -> None:
    """The supervisor first, so that it replaces nobody; and every process below it."""
    process = service.process.process
    family = [process.pid, *descendants(process.pid)]
    for pid in family:
        os.kill(pid, SIGKILL)
    process.wait(30)
    until(lambda: not any(map(is_alive, family)), "all are dead")


def is_alive(pid: int) -> bool:
    """Not so where nobody has asked yet how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(pid: int) -> Iterator[int]:
    for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        yield child
        yield from descendants(child)
