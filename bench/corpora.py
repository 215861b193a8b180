"""The mail that is sent: made here, the same bytes each time, with the shape of everyday mail.

A corpus is a file of records, each a 32-bit little-endian length and a message. The marks (`MARK`)
in header and body are overwritten with the message's own number by the generator, so that no two
delivered messages are alike.
"""

from __future__ import annotations

import base64
import random
import struct
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

MARK = "#SERIAL-00000000#"
RARE_WORD = "quixotronic"
GIVEN = "Ada Beat Chiara Dario Elin Florian Giulia Hanna Ivo Jana Karim Lara Milo Nora Pia".split()
FAMILY = "Ammann Bernasconi Christen Dubois Egger Favre Gerber Huber Imhof Keller Lüthi".split()
ONSETS = "b br d dr f g gr k kl l m n p pr r s st t tr v w z".split()
VOWELS = "a e i o u ai ei".split()


class Writer:
    """Makes text whose words are as unevenly frequent as those of a language."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        words = {
            "".join(self.random.choice(ONSETS) + self.random.choice(VOWELS) for _ in range(n))
            for n in (1, 2, 2, 2, 3, 3, 3, 4, 4) * 900
        }
        self.words = sorted(words)
        self.random.shuffle(self.words)
        weights = [1.0 / (rank + 4) for rank in range(len(self.words))]
        self.stock = self.random.choices(self.words, weights, k=200_000)
        self.at = 0

    def some(self, count: int) -> list[str]:
        self.at = (self.at + count * 7 + 13) % (len(self.stock) - count)
        return self.stock[self.at : self.at + count]

    def prose(self, octets: int) -> str:
        """About this many octets in lines below 76 columns, with paragraphs."""
        lines, size = [], 0
        while size < octets:
            line = " ".join(self.some(10))[:74]
            if self.random.random() < 0.15:
                line = line.capitalize() + ".\r\n"
            lines.append(line)
            size += len(line) + 2
        return "\r\n".join(lines) + "\r\n"

    def person(self) -> str:
        given, family = self.random.choice(GIVEN), self.random.choice(FAMILY)
        plain = family.replace("ü", "u").lower()
        shown = f"{given} {family}" if family.isascii() else f"=?utf-8?q?{given}_L=C3=BCthi?="
        return f"{shown} <{given.lower()}.{plain}@remote.test>"


def message(
    writer: Writer,
    number: int,
    octets: int,
    *,
    attached: int = 0,
    subject: str | None = None,
    word: str = "",
    answers: list[str] | None = None,
) -> bytes:
    """One message of about `octets`, `attached` of them base64 in a PDF part."""
    rnd = writer.random
    day = (
        f"{1 + number // 1440 % 28:02d} Oct 2026 {number // 60 % 24:02d}:{number % 60:02d}:07 +0200"
    )
    head = [
        f"Received: from out{hop}.remote.test (out{hop}.remote.test [192.0.2.{hop + 9}])\r\n"
        f"\tby in{hop}.remote.test with ESMTPS id {rnd.getrandbits(48):012x};\r\n\tMon, {day}"
        for hop in range(rnd.randint(2, 4))
    ]
    if rnd.random() < 0.6:
        noise = [base64.b64encode(rnd.randbytes(48)).decode() for _ in range(5)]
        head.append(
            "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=remote.test; s=m1;\r\n"
            f"\th=from:to:subject:date:message-id; bh={noise[0][:43]}=;\r\n\tb="
            + "\r\n\t ".join(noise)
        )
    head += [
        f"Date: Mon, {day}",
        f"From: {writer.person()}",
        "To: " + ", ".join(writer.person() for _ in range(rnd.choice((1, 1, 1, 2, 4)))),
        f"Subject: {subject or ' '.join(writer.some(5)).capitalize()} {MARK}",
        f"Message-ID: <{number}.{rnd.getrandbits(64):016x}@remote.test>",
        "MIME-Version: 1.0",
        "User-Agent: Everyday Mailer 7.1",
    ]
    if answers:
        head += [f"In-Reply-To: {answers[-1]}", "References: " + "\r\n\t".join(answers)]
    edge = f"=_{rnd.getrandbits(64):016x}"
    room = max(400, octets - attached - sum(len(line) + 2 for line in head) - 500)
    plain = f"{MARK}\r\n" + writer.prose(room * 2 // 5) + (f"{word}\r\n" if word else "")
    paragraphs = writer.prose(room * 11 // 20).split("\r\n\r\n")
    html = (
        "<html><body>\r\n"
        + "\r\n".join(f"<p>{p}</p>" for p in paragraphs)
        + "\r\n</body></html>\r\n"
    )
    both = (
        f"--{edge}a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{plain}\r\n"
        f"--{edge}a\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--{edge}a--\r\n"
    )
    if not attached:
        head.append(f'Content-Type: multipart/alternative; boundary="{edge}a"')
        return ("\r\n".join(head) + "\r\n\r\n" + both).encode()
    blob = base64.encodebytes(rnd.randbytes(attached * 56 // 78)).decode().replace("\n", "\r\n")
    head.append(f'Content-Type: multipart/mixed; boundary="{edge}"')
    body = (
        f'--{edge}\r\nContent-Type: multipart/alternative; boundary="{edge}a"\r\n\r\n{both}\r\n'
        f'--{edge}\r\nContent-Type: application/pdf; name="offer-{number}.pdf"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
        f'Content-Disposition: attachment; filename="offer-{number}.pdf"\r\n\r\n'
        f"{blob}\r\n--{edge}--\r\n"
    )
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


def deliveries(octets: int, count: int = 150) -> Iterator[bytes]:
    """What the SMTP runs send, over and over."""
    writer = Writer(octets)
    for number in range(count):
        yield message(writer, number, octets, attached=octets * 17 // 20 if octets > 50_000 else 0)


def big_mailbox(count: int) -> Iterator[bytes]:
    """A mailbox of many years: 5 KB on average, one in twelve with an attachment.

    One message in 50 has "Invoice" in its subject, one in 1,000 the `RARE_WORD` in its body.
    """
    writer = Writer(5)
    rnd = writer.random
    for number in range(count):
        attached = rnd.randint(15_000, 30_000) if rnd.random() < 0.08 else 0
        parents = [f"<{number - n}.parent@remote.test>" for n in range(rnd.randint(1, 5))]
        yield message(
            writer,
            number,
            rnd.choice((1_800, 2_300, 3_000, 3_600, 4_600, 6_200)) + attached,
            attached=attached,
            subject="Invoice for " + writer.some(1)[0] if number % 50 == 3 else None,
            word=RARE_WORD if number % 1000 == 77 else "",
            answers=parents if rnd.random() < 0.4 else None,
        )


def real_mail(shared: Path) -> Iterator[bytes]:
    """Every message of the corpora beside the checkout, with CRLF line ends."""
    for archive in sorted((shared / "spamham").glob("*.tar.xz")):
        with tarfile.open(archive, "r:xz") as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isfile() else None
                if stream is not None:
                    yield canonical(stream.read())
    for folder in ("phishing", "bounce", "maildir", "mime"):
        for path in sorted((shared / folder).rglob("*")):
            if path.is_file() and (path.suffix in (".eml", ".msg", ".txt") or folder == "maildir"):
                yield canonical(path.read_bytes())


def canonical(raw: bytes) -> bytes:
    """As it would arrive by SMTP: no mbox line, CRLF ends, no NUL, no dot at a line's start."""
    if raw.startswith(b"From "):
        raw = raw.partition(b"\n")[2]
    raw = (
        raw.replace(b"\r\n", b"\n")
        .replace(b"\r", b"\n")
        .replace(b"\0", b"")
        .replace(b"\n.", b"\n .")
    )
    return raw.replace(b"\n", b"\r\n").rstrip(b"\r\n") + b"\r\n"


def write(path: Path, messages: Iterable[bytes]) -> Path:
    """Write the corpus unless it is there already, and has anything in it."""
    if not path.exists() or not path.stat().st_size:
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            for raw in messages:
                file.write(struct.pack("<I", len(raw)) + raw)
        part.rename(path)
    return path


def octets(path: Path) -> tuple[int, int]:
    """How many messages, and how many octets, a corpus file has."""
    data, at, count, total = path.read_bytes(), 0, 0, 0
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        at, count, total = at + 4 + size, count + 1, total + size
    return count, total
