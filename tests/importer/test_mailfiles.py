"""Messages in files of all kinds are found, and nothing else is taken for one."""

import mailbox
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.base.errors import NotFound
from alphorn.importer import mailfiles
from alphorn.importer.mailfiles import messages

ONE = b"From: a@b.test\nSubject: One\n\nHello.\n"
TWO = b"From: c@d.test\r\nSubject: Two\r\n\r\nBye.\r\n"


def crlf(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def test_single_files(tmp_path: Path) -> None:
    (tmp_path / "1.eml").write_bytes(ONE)
    (tmp_path / "2").write_bytes(TWO)
    (tmp_path / "empty").touch()
    assert list(messages([tmp_path / "2", tmp_path / "1.eml", tmp_path / "empty"])) == [
        TWO,
        crlf(ONE),
    ]


def test_mboxes(tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    path.write_bytes(
        b"From a@b.test Thu Feb 13 12:00:00 2025\n" + ONE + b">From here on\n>>From there\n\n"
        b"From c@d.test Thu Feb 13 12:00:00 2025\n" + TWO + b"From within\n\n"
        b"From MAILER Thu Feb 13 12:00:00 2025\n"
    )
    found = list(messages([path]))
    assert found == [
        crlf(ONE) + b"From here on\r\n>From there\r\n",
        TWO + b"From within\r\n",
    ]


def test_what_the_standard_library_writes(tmp_path: Path) -> None:
    raws = [crlf(ONE), TWO, b"Subject: x\r\n\r\n", b"From: x@y.test\r\n\r\nFrom me\r\nto you\r\n"]
    box = mailbox.mbox(tmp_path / "mbox")
    tree = mailbox.Maildir(tmp_path / "Maildir")
    for raw in raws:
        box.add(raw)
        tree.add(raw)
    box.close()
    assert list(messages([tmp_path / "mbox"])) == raws
    assert sorted(messages([tmp_path / "Maildir"])) == sorted(raws)


def test_folders(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "1").write_bytes(ONE)
    (tmp_path / "a" / "2").write_bytes(TWO)
    (tmp_path / "a" / ".hidden").write_bytes(TWO)
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    for folder in ("cur", "new", "tmp"):
        (tmp_path / "a" / "Maildir" / folder).mkdir(parents=True)
    (tmp_path / "a" / "Maildir" / "cur" / "1:2,S").write_bytes(ONE)
    (tmp_path / "a" / "Maildir" / "tmp" / "half").write_bytes(ONE)
    assert list(messages([tmp_path])) == [TWO, crlf(ONE), crlf(ONE)]


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        list(messages([tmp_path / "nowhere"]))


def test_what_is_too_large_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailfiles, "MAX_OCTETS", 100)
    (tmp_path / "large").write_bytes(ONE + b"x" * 100)
    large = b"From x\n" + ONE + b"x" * 100 + b"\n\nFrom y\n" + ONE
    (tmp_path / "mbox").write_bytes(large)
    assert list(messages([tmp_path / "large"])) == []
    assert list(messages([tmp_path / "mbox"])) == [crlf(ONE)]


@given(st.binary(max_size=500))
def test_any_file(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "file"
    for octets in (content, b"From " + content, b"From x\n" + content + b"\n\nFrom y\n" + content):
        path.write_bytes(octets)
        found = list(messages([path]))
        assert sum(map(len, found)) <= 2 * len(octets) + 4


@pytest.mark.shared
def test_corpora_as_they_are_unpacked(shared: Path, tmp_path: Path) -> None:
    count = 0
    with tarfile.open(shared / "spamham" / "spamassassin-shared.tar.xz", "r:xz") as tar:
        for number, member in enumerate(tar):
            if member.isfile() and number % 50 == 0:
                tar.extract(member, tmp_path, filter="data")
                count += 1
    assert len(list(messages([tmp_path]))) == count > 50
