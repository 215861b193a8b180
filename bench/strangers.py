"""Mail from a correspondent, unsigned and signed with DKIM; and what filters learn before.

Signed messages cannot be stamped on their way, so each is made, numbered and signed beforehand.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import NamedTuple

from alphorn.mailauth.dkim import keys, sign
from alphorn.mailauth.dkim.keys import Algorithm
from bench import corpora, names
from bench.peers import base

OLD_DOMAIN = b"remote.test"
OFFERS = (
    "cheap watches replica",
    "you have won the lottery, claim your prize now",
    "enlarge your fortune with one click",
    "urgent transfer of 4,500,000 dollars",
    "pills without prescription, order today",
)


class Key(NamedTuple):
    """For `sign.sign`."""

    domain: str
    selector: str
    private_key_der: bytes


def key(work: Path) -> Key:
    """The correspondent's RSA key of 2048 bits, made once."""
    path = work / "correspondent.key"
    if not path.exists():
        path.write_bytes(keys.generate(Algorithm.RSA_SHA256).private_key_der)
    return Key(names.DOMAIN, names.SELECTOR, path.read_bytes())


def record(key: Key) -> str:
    """The text of its record in the DNS."""
    return keys.record(key.private_key_der)


def mail(count: int, octets: int, key: Key | None = None, seed: int = 21) -> Iterator[bytes]:
    """Messages of now, each to the account that the generator will give it to; one in four with a
    PDF of 4 KB. With a key they are signed."""
    writer = corpora.Writer(seed)
    now = int(time.time())
    for number in range(count):
        raw = corpora.message(writer, number, octets, attached=4000 if number % 4 == 3 else 0)
        raw = of_now(raw, number, now)
        yield raw if key is None else sign.sign(raw, [key], now) + raw


def of_now(raw: bytes, number: int, now: int) -> bytes:
    """Numbered, dated and addressed, without the signature that is none."""
    raw = raw.replace(corpora.MARK.encode(), f"#SERIAL-{number:08}#".encode())
    raw = raw.replace(OLD_DOMAIN, names.DOMAIN.encode())
    header, _, body = raw.partition(b"\r\n\r\n")
    kept, skipping = [], False
    for line in header.split(b"\r\n"):
        if line[:1] not in b" \t":
            name = line.partition(b":")[0]
            skipping = name == b"DKIM-Signature"
            if name == b"Date":
                line = b"Date: " + formatdate(now - 5).encode()
            elif name == b"To":
                line = f"To: user{1 + number % base.USERS}@{base.DOMAIN}".encode()
        if not skipping:
            kept.append(line)
    return b"\r\n".join(kept) + b"\r\n\r\n" + body


def lessons(spam: bool, count: int = 300) -> Iterator[bytes]:
    """What filters learn: wanted mail in the words of the mail to come, spam in others."""
    if not spam:
        yield from mail(count, 5000)
        return
    writer = corpora.Writer(22)
    now = int(time.time())
    for number in range(count):
        offer = OFFERS[number % len(OFFERS)]
        raw = corpora.message(writer, number, 4000, subject=offer.capitalize(), word=offer)
        raw = of_now(raw, number, now).replace(names.DOMAIN.encode(), b"offers.zz")
        yield raw


def folder(path: Path, messages: Iterator[bytes]) -> Path:
    """Each message in a file of its own."""
    path.mkdir(parents=True)
    for number, raw in enumerate(messages):
        (path / f"{number:05}.eml").write_bytes(raw)
    return path
