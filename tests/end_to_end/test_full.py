"""Disks and mailboxes that are full: senders are asked to come again, nothing is lost, and what has
room again works again."""

import json
import os
import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGKILL

import pytest

from tests.end_to_end.tools import (
    NO_DNS,
    PASSWORD,
    alphorn,
    alphorn_json,
    message,
    reading,
    run_alphorn,
    until,
)
from tests.support.service import Service, running

ANNA, BEN = "anna@example.test", "ben@example.test"
QUINN = "quinn@example.test"
GUEST = "guest@example.net"
FAR = "friend@elsewhere.test"
DISK = "24m"
LARGE = 200_000


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own; only root may make one."""
    disk = folder / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip("mounting a small disk needs root")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(path: Path) -> None:
    """Until not a byte is left."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(1 << 16))
    with path.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x")


def noise(size: int) -> str:
    """Text that cannot be compressed much."""
    return "".join(os.urandom(36).hex() + "\r\n" for _ in range(size // 74))


@pytest.mark.program("mount")
def test_full_disk(tmp_path: Path) -> None:
    accounts = dict.fromkeys((ANNA, BEN), PASSWORD)
    with small_disk(tmp_path) as disk, running(disk, accounts, settings=NO_DNS) as service:
        service.process.expect_errors = True
        taken = ["before"]
        service.send(GUEST, [ANNA], message(GUEST, "before"))
        with service.submission(ANNA) as client:
            client.sendmail(ANNA, [FAR], message(ANNA, "queued before"))
        filler = disk / "filler"
        fill(filler)
        assert os.statvfs(disk).f_bavail == 0

        # Refused for now, whatever the size, and by each way in; reading goes on.
        refusals = []
        with service.smtp() as client:
            for number in range(20):
                try:
                    client.sendmail(
                        GUEST, [ANNA, BEN], message(GUEST, f"full {number}", noise(LARGE))
                    )
                except smtplib.SMTPDataError as refused:
                    refusals.append((refused.smtp_code, refused.smtp_error[:5]))
                else:
                    taken.append(f"full {number}")
        assert len(refusals) > 10
        assert set(refusals) == {(452, b"4.3.1")}
        with pytest.raises(smtplib.SMTPDataError) as full, service.submission(ANNA) as client:
            client.sendmail(ANNA, [FAR], message(ANNA, "queued", noise(LARGE)))
        assert (full.value.smtp_code, full.value.smtp_error[:5]) == (452, b"4.3.1")
        with reading(service, ANNA) as inbox:
            assert inbox.search("SUBJECT", '"before"') == [1]
            said, text = inbox.client.append("INBOX", "", "", message(ANNA, "no", noise(LARGE)))
            assert said == "NO"
            assert b"full" in text[0].lower() or b"space" in text[0].lower()
        assert doctor(service)["disk"] == "error"

        # A process that dies now is replaced by one that serves.
        os.kill(int(children(service)[0]), SIGKILL)
        service.process.wait_for("a worker died")
        until(lambda: len(children(service)) == 3, "keeper and workers are there again")
        for _ in range(6):
            with reading(service, ANNA) as inbox:
                assert inbox.search("SUBJECT", '"before"') == [1]

        # Room again: nobody starts anything anew.
        filler.unlink()
        with service.smtp() as client:
            for number in range(3):
                client.sendmail(GUEST, [ANNA, BEN], message(GUEST, f"after {number}", noise(LARGE)))
                taken.append(f"after {number}")
        with service.submission(ANNA) as client:
            client.sendmail(ANNA, [FAR], message(ANNA, "queued after"))
        assert service.subjects(ANNA) == taken
        assert service.subjects(BEN) == taken[1:]
        ids = [row["message_id"] for row in alphorn_json(service, "queue", "list")]
        assert ids == ["<queued.before@example.test>", "<queued.after@example.test>"]
        levels = doctor(service)
        assert levels["store"] == levels["queue"] == "ok"


def doctor(service: Service) -> dict[str, str]:
    """Each check and how bad it is."""
    done = run_alphorn(service, "doctor", "--no-dns", "--json")
    return {one["check"]: one["level"] for one in json.loads(done.stdout)}


def children(service: Service) -> list[str]:
    pid = service.process.process.pid
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def refusal(service: Service, raw: bytes) -> tuple[int, bytes]:
    with pytest.raises(smtplib.SMTPException) as refused:
        service.send(GUEST, [QUINN], raw)
    error = refused.value
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = error.recipients[QUINN]
        return code, text[:5]
    assert isinstance(error, smtplib.SMTPResponseException)
    assert isinstance(error.smtp_error, bytes)
    return error.smtp_code, error.smtp_error[:5]


def test_full_mailbox(service: Service) -> None:
    """Senders come again later, or are told that it never will fit; its owner can make room."""
    alphorn(service, "account", "set", QUINN, "--quota", "500 KiB")
    for number in range(2):
        service.send(GUEST, [QUINN], message(GUEST, f"fits {number}", noise(LARGE)))
    assert refusal(service, message(GUEST, "too much now", noise(LARGE))) == (452, b"4.2.2")
    assert refusal(service, message(GUEST, "never", noise(3 * LARGE))) == (552, b"5.2.3")
    service.send(GUEST, [QUINN], message(GUEST, "small ones still fit"))

    alphorn(service, "account", "set", QUINN, "--quota", "100 KiB")
    assert refusal(service, message(GUEST, "over")) == (452, b"4.2.2")
    with reading(service, QUINN) as inbox:
        said, text = inbox.client.append("INBOX", "", "", message(QUINN, "over"))
        assert (said, b"OVERQUOTA" in text[0]) == ("NO", True)
        inbox.client.uid("STORE", "1:2", "+FLAGS", r"(\Seen \Deleted)")
        said, expunged = inbox.client.expunge()
        assert (said, len(expunged)) == ("OK", 2)
    service.send(GUEST, [QUINN], message(GUEST, "room again"))
    assert service.subjects(QUINN) == ["small ones still fit", "room again"]
