"""Real mail: nothing upsets the stage, and hardly anything legitimate is refused."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.message.parse import parse
from alphorn.policy.attachments import check
from alphorn.policy.decision import Decision

pytestmark = pytest.mark.shared

FOLDERS = ("mime", "bounce", "maildir", "dkim", "arc", "dmarc", "html/wooyun-webmail-xss")
HAM = "spamham/spamassassin-shared.tar.xz"
PHISHING = "phishing/phishing_pot-shared.tar.xz"

# Programs by name that upstream put there to be found.
KNOWN = {
    *("bad_ext.dotted_file_name.eml", "exe_attm.eml", "next2last-doublebad.eml"),
    *("next2last-digits_in_brackets.eml", "next2last-digits_in_parens.eml", "zip-doublebad.eml"),
    *("message-partial.0.eml", "message-partial.1.eml", "message-partial.2.eml"),
    *("rfc2046.0.eml", "rfc2046.1.eml", "yahoo-3.eml"),
}


def judged(raw: bytes) -> Decision:
    return check(raw, parse(raw))


def archived(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path, "r:xz") as archive:
        for member in archive:
            if member.isfile():
                stream = archive.extractfile(member)
                assert stream is not None
                yield member.name, stream.read()


@pytest.mark.parametrize("folder", FOLDERS)
def test_samples_of_others(shared: Path, folder: str) -> None:
    refused = set()
    for path in sorted((shared / folder).rglob("*")):
        if path.is_file() and path.suffix not in (".json", ".xz"):
            decision = judged(path.read_bytes())
            if not decision.passes:
                refused.add(path.name)
    assert refused <= KNOWN
    if folder == "mime":
        assert len(refused) >= len(KNOWN) - 1


def test_ham(shared: Path) -> None:
    """One shortcut to a page on the web is all that 2075 people's mail loses."""
    count = 0
    refused = []
    for name, raw in archived(shared / HAM):
        if name.startswith("ham/"):
            count += 1
            decision = judged(raw.partition(b"\n")[2] if raw.startswith(b"From ") else raw)
            if not decision.passes:
                refused.append(decision.facts["detail"])
    assert count > 2000
    assert refused == [".url"]


def test_phishing(shared: Path) -> None:
    assert sum(1 for _, raw in archived(shared / PHISHING) if judged(raw).reasons) < 30
