"""A Maildir kept in step with the server by mbsync, in both directions and over a restart."""

import base64
import imaplib
import random
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY

import pytest

from tests.end_to_end.tools import PASSWORD, Reader, certificate, environment, message, reading
from tests.support.service import Service

pytestmark = pytest.mark.program("mbsync")
IDA = "ida@example.test"
GUEST = "guest@example.net"
CHEESE = "K&AOQ-se &- Brot"  # "Käse & Brot", as IMAP4rev1 writes it and mbsync's folders too
MAILBOXES = ["INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash", CHEESE, f"{CHEESE}/Alp"]
IN_INBOX = 240
IN_CHEESE = 80

CONFIGURATION = """\
FSync no

IMAPAccount alphorn
Host localhost
Port {port}
User {user}
Pass "{password}"
SSLType IMAPS
SystemCertificates no
CertificateFile "{certificate}"
AuthMechs SCRAM-SHA-256

IMAPStore far
Account alphorn

MaildirStore near
Path "{maildir}/"
Inbox "{maildir}/INBOX"
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
CopyArrivalDate yes
SyncState *
"""


class Mirror:
    """The Maildir on this side."""

    def __init__(self, service: Service, folder: Path) -> None:
        self.maildir = folder / "Mail"
        self.maildir.mkdir()
        self._home = folder
        self._service = service
        (folder / "mbsyncrc").write_text(
            CONFIGURATION.format(
                port=service.ports["imaps"],
                user=IDA,
                password=PASSWORD,
                certificate=certificate(service),
                maildir=self.maildir,
            )
        )

    def sync(self) -> None:
        done = subprocess.run(
            ["mbsync", "-c", str(self._home / "mbsyncrc"), "--all"],
            capture_output=True,
            text=True,
            timeout=120,
            env=environment(self._home),
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")

    def files(self, mailbox: str) -> list[Path]:
        return sorted(
            path for part in ("cur", "new") for path in (self.maildir / mailbox / part).iterdir()
        )

    def find(self, mailbox: str, subject: str) -> Path:
        (path,) = (
            path
            for path in self.files(mailbox)
            if f"\nSubject: {subject}\n".encode() in path.read_bytes()
        )
        return path

    def mark(self, path: Path, flags: str) -> None:
        """As mail programs do: the flags stand in the file's name."""
        name = path.name.partition(":")[0]
        path.rename(path.parent.parent / "cur" / f"{name}:2,{flags}")

    def everything(self) -> dict[str, bytes]:
        """All mail and all marks of the mirror."""
        return {
            str(path.relative_to(self.maildir)): path.read_bytes()
            for path in self.maildir.rglob("*")
            if path.is_file() and not path.name.endswith(".lock")
        }

    def validities(self) -> dict[str, str]:
        """UIDVALIDITY of each mailbox on the server, as mbsync noted it."""
        return {
            str(state.parent.relative_to(self.maildir)): re.findall(
                r"FarUidValidity (\d+)", state.read_text()
            )[0]
            for state in self.maildir.rglob(".mbsyncstate")
        }


def letters(count: int, seed: int) -> list[bytes]:
    """Messages of many kinds, none like another."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        subject = f"Letter {seed}-{number:03}"
        match number % 6:
            case 0:
                made.append(message(GUEST, subject, "Short.\r\n"))
            case 1:
                made.append(message(GUEST, subject, ""))
            case 2:
                made.append(message(GUEST, subject, ".\r\n..\r\n.dots\r\nFrom here\r\n>From\r\n"))
            case 3:
                made.append(
                    message(
                        GUEST,
                        subject,
                        "Käse, Brot – und Wein.\r\n" * chance.randrange(1, 60),
                        "MIME-Version: 1.0",
                        "Content-Type: text/plain; charset=utf-8",
                        "Content-Transfer-Encoding: 8bit",
                    )
                )
            case 4:
                made.append(message(GUEST, subject, "x" * 990 + "\r\n" + "no end of line"))
            case 5:
                picture = base64.encodebytes(chance.randbytes(chance.randrange(2000, 30000)))
                body = (
                    "--b\r\nContent-Type: text/plain\r\n\r\nSee the picture.\r\n"
                    "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                    + picture.decode().replace("\n", "\r\n")
                    + "--b--\r\n"
                )
                made.append(
                    message(GUEST, subject, body, "Content-Type: multipart/mixed; boundary=b")
                )
    return made


def on_server(service: Service, mailbox: str) -> dict[bytes, set[str]]:
    """Each message, with its flags."""
    with reading(service, IDA, f'"{mailbox}"') as reader:
        _, found = reader.client.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[])")
    return {
        part[1]: {flag.decode() for flag in imaplib.ParseFlags(part[0])}
        for part in found
        if isinstance(part, tuple)
    }


def content(raw: bytes) -> bytes:
    """Without what differs between the sides: ends of lines, and mbsync's mark of a transfer."""
    return re.sub(rb"(?m)^X-TUID: .*\n", b"", raw.replace(b"\r\n", b"\n"), count=1)


FLAGS = {"S": "\\Seen", "F": "\\Flagged", "R": "\\Answered", "D": "\\Draft", "T": "\\Deleted"}


def assert_alike(service: Service, mirror: Mirror, mailboxes: Iterable[str] = MAILBOXES) -> None:
    """The same messages with the same flags on both sides, byte for byte."""
    for mailbox in mailboxes:
        far = {content(raw): flags for raw, flags in on_server(service, mailbox).items()}
        near = {}
        for path in mirror.files(mailbox):
            near[content(path.read_bytes())] = {
                FLAGS[letter] for letter in path.name.partition(":2,")[2]
            }
        assert near == far, mailbox
        assert len(far) == len(mirror.files(mailbox))


def status(service: Service) -> dict[str, bytes]:
    """What changes with each change, for each mailbox."""
    client = service.imap(IDA)
    found = {
        name: client.status(f'"{name}"', "(MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)")[1][0]
        for name in MAILBOXES
    }
    client.logout()
    return found


def fill(service: Service) -> None:
    """Hundreds of messages, by SMTP and by IMAP; some are flagged."""
    with service.smtp() as client:
        for letter in letters(IN_INBOX, 1):
            client.sendmail(GUEST, [IDA], letter)
    client = service.imap(IDA)
    client.socket().setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)  # imaplib sends in small pieces
    for name in MAILBOXES[-2:]:
        client.create(f'"{name}"')
    for letter in letters(IN_CHEESE, 2):
        client.append(f'"{CHEESE}"', r"(\Seen)", "", letter)
    client.select("INBOX")
    client.store("1:100", "+FLAGS.SILENT", r"(\Seen)")
    client.store("50:60", "+FLAGS.SILENT", r"(\Flagged \Answered)")
    client.logout()


def subject_of(number: int) -> str:
    return f"Letter 1-{number:03}"


def uid_of(inbox: Reader, number: int) -> str:
    (uid,) = inbox.search("SUBJECT", f'"{subject_of(number)}"')
    return str(uid)


def test_both_sides_stay_alike(service: Service, tmp_path: Path) -> None:
    fill(service)
    mirror = Mirror(service, tmp_path)

    # Everything comes over.
    mirror.sync()
    assert len(mirror.files("INBOX")) == IN_INBOX
    assert len(mirror.files(CHEESE)) == IN_CHEESE
    assert_alike(service, mirror)
    validities = mirror.validities()
    assert len(validities) == len(MAILBOXES)
    assert_nothing_is_transferred(service, mirror)

    # Changes on the server.
    with reading(service, IDA) as inbox:
        inbox.client.uid("STORE", uid_of(inbox, 3), "+FLAGS", r"(\Flagged)")
        inbox.client.uid("STORE", uid_of(inbox, 4), "-FLAGS", r"(\Seen)")
        inbox.client.uid("STORE", uid_of(inbox, 5), "+FLAGS", r"(\Deleted)")
        inbox.client.expunge()
        inbox.client.uid("MOVE", uid_of(inbox, 6), "Archive")
    service.send(GUEST, [IDA], message(GUEST, "Came later"))
    # And at the same time here.
    mirror.mark(mirror.find("INBOX", subject_of(10)), "FS")
    mirror.mark(mirror.find("INBOX", subject_of(50)), "S")
    mirror.find("INBOX", subject_of(11)).unlink()
    mirror.mark(mirror.find("INBOX", subject_of(12)), "ST")
    moved = mirror.find("INBOX", subject_of(13))
    moved.rename(mirror.maildir / "Archive/cur" / f"{moved.name.partition(',')[0]}:2,S")
    fresh = message(IDA, "Written here", "Käse.\r\n").replace(b"\r\n", b"\n")
    (mirror.maildir / "Drafts/new/1.here.host").write_bytes(fresh)
    (mirror.maildir / "Sent/cur/2.here.host:2,S").write_bytes(fresh)

    mirror.sync()
    assert_alike(service, mirror)
    inbox_now = on_server(service, "INBOX")
    assert len(inbox_now) == IN_INBOX - 5 + 1
    with reading(service, IDA) as inbox:
        for number, flags in ((3, "FS"), (4, ""), (10, "FS"), (50, "S")):
            expected = {FLAGS[letter] for letter in flags}
            assert inbox.flags(int(uid_of(inbox, number))) == expected, number
        for number in (5, 6, 11, 12, 13):
            assert not inbox.search("SUBJECT", f'"{subject_of(number)}"')
    assert len(on_server(service, "Archive")) == 2
    (draft,) = on_server(service, "Drafts")
    (copy,) = on_server(service, "Sent").items()
    assert content(draft) == content(copy[0]) == fresh
    assert copy[1] == {"\\Seen"}
    assert_nothing_is_transferred(service, mirror)

    # Nothing of it depends on the process that serves.
    service.process.stop()
    service.start()
    assert_nothing_is_transferred(service, mirror)
    assert mirror.validities() == validities


def assert_nothing_is_transferred(service: Service, mirror: Mirror) -> None:
    here, there = mirror.everything(), status(service)
    mirror.sync()
    assert mirror.everything() == here
    assert status(service) == there
