"""Labelled mail, freed of what would tell its label without reading it.

The corpora come from few mailboxes of few years: hosts that received them, lists they went over
and the year would give the label away. So only fields that a sender writes about his mail stay; the
date and recipients become the same everywhere, tags and footers of mailing lists go, as do the
marks that the collectors put in. Every filter gets the same octets.
"""

from __future__ import annotations

import random
import re
import tarfile
from dataclasses import dataclass
from email.utils import formatdate
from hashlib import sha1
from pathlib import Path

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
TODAY = f"Date: {formatdate()}".encode()

_KEPT = re.compile(
    rb"^(?:from|reply-to|subject|to|cc|mime-version|content-[a-z-]+|x-mailer|user-agent|x-priority"
    rb"|x-msmail-priority|x-mimeole|importance|organization)[ \t]*:",
    re.IGNORECASE,
)
_FIELD = re.compile(rb"[^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)")
_OWN = re.compile(
    rb"[\w.+=-]+@(?:[\w-]+\.)*(?:taint\.org|netnoteinc\.com|slashnull\.org|jmason\.org|localhost)"
    rb"|phishing@pot|\bzzzz\b|\byyyy\b|\bqqqq+\b|\bjm\b",
    re.IGNORECASE,
)
_TAG = re.compile(rb"^(Subject:.*?)\[[A-Za-z][\w .-]{1,30}\][ \t]?", re.IGNORECASE)
_ADDRESS = re.compile(rb"[^\s<>,;:\"]+@[^\s<>,;:\"]+")
_FOOTER = re.compile(
    rb"\n(?:_{30,}[ \t]*\n[^\n]{1,60}mailing list\b|-{30,}[ \t]*\nThis sf\.net email is sponsored"
    rb"|-- ?\n(?:Irish Linux Users|[^\n]{1,80}mailing list)|[^\n]*/(?:listinfo|mailman)/[^\n]*\n"
    rb"|-+~--> ?\n|To unsubscribe from this group|_{30,}\n[^\n]*@[^\n]*listinfo)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sample:
    """`group` names where it comes from: "easy", "hard", "spam", "phishing", "fixtures"."""

    raw: bytes
    spam: bool
    group: str
    name: str


def load(data: Path = DATA) -> list[Sample]:
    """All samples, those alike in every octet once."""
    found: dict[bytes, Sample] = {}
    for archive in ("spamham/spamassassin-shared.tar.xz", "phishing/phishing_pot-shared.tar.xz"):
        with tarfile.open(data / archive, "r:xz") as members:
            for member in members:
                file = members.extractfile(member) if member.isfile() else None
                if file is not None:
                    _add(found, member.name, file.read())
    for path in sorted((data / "spamham" / "sa-unit").rglob("*")):
        if path.is_file():
            _add(found, str(path.relative_to(data)), path.read_bytes())
    return list(found.values())


def _add(found: dict[bytes, Sample], name: str, raw: bytes) -> None:
    if "hard-ham" in name:
        group = "hard"
    elif "ham/easy" in name:
        group = "easy"
    elif "sa-unit" in name:
        group = "fixtures"
    else:
        group = "spam" if "/spam" in name else "phishing"
    spam = group in ("spam", "phishing") or "sa-unit/spam" in name
    raw = neutral(raw)
    found.setdefault(raw, Sample(raw, spam, group, name))


def neutral(raw: bytes) -> bytes:
    """The message with LF line ends and without what tells where and when it was received."""
    raw = raw.replace(b"\r\n", b"\n")
    while raw.startswith((b"From ", b">From ")):
        raw = raw.partition(b"\n")[2]
    head, gap, body = raw.partition(b"\n\n")
    kept = []
    for field in _FIELD.findall(head):
        if not _KEPT.match(field):
            continue
        if field[:3].lower() in (b"to:", b"cc:"):
            field = _ADDRESS.sub(b"recipient@example.org", field)
        kept.append(_TAG.sub(rb"\1", _OWN.sub(b"recipient@example.org", field)).rstrip(b"\n"))
    body = _OWN.sub(b"recipient@example.org", body)
    footer = _FOOTER.search(body, max(0, len(body) - 2500))
    if footer is not None:
        body = body[: footer.start()] + b"\n"
    identity = sha1(b"\n".join((*kept, body)), usedforsecurity=False).hexdigest()
    kept += [TODAY, f"Message-ID: <{identity}@example.net>".encode()]
    return b"\n".join(kept) + (gap or b"\n\n") + body


def folds(samples: list[Sample], count: int, seed: int) -> list[list[Sample]]:
    """`count` parts of equal size with the same share of each group."""
    chance = random.Random(seed)
    parts: list[list[Sample]] = [[] for _ in range(count)]
    at = 0
    for group in sorted({sample.group for sample in samples}):
        members = sorted((s for s in samples if s.group == group), key=lambda s: s.name)
        chance.shuffle(members)
        for sample in members:
            parts[at % count].append(sample)
            at += 1
    return parts
