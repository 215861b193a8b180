"""Voices about senders and hosts: one for each account, for a time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.store import reported
from alphorn.store.reported import Kind, Name, Reported, Voices
from tests.store.mail import NOW

EVIL = Name(Kind.HOST, "login.evil.test")
SENDER = Name(Kind.SENDER, "service@evil.test")
OTHER = Name(Kind.HOST, "other.test")


@pytest.fixture
def voices(tmp_path: Path) -> Iterator[Reported]:
    made = Reported(tmp_path / "reported.sqlite")
    yield made
    made.close()


def test_each_account_has_one_voice(voices: Reported) -> None:
    assert voices.voices([EVIL], now=NOW) == {}
    for _ in range(3):
        voices.report([EVIL, SENDER, EVIL], 1, 1, now=NOW)
    voices.report([EVIL], 2, 1, now=NOW + 1)
    voices.report([EVIL], 3, 2, now=NOW + 2)
    assert voices.voices([EVIL, SENDER, OTHER], now=NOW + 3) == {
        EVIL: Voices(3, 2, 0, NOW + 2),
        SENDER: Voices(1, 1, 0, NOW),
    }
    assert voices.voices([Name(Kind.SENDER, EVIL.name)], now=NOW) == {}
    assert [name for name, _ in voices.listed(10, now=NOW)] == [EVIL, SENDER]


def test_some_stand_up_for_a_name(voices: Reported) -> None:
    assert voices.defend([EVIL], 9, 1, now=NOW) == 0
    assert voices.voices([EVIL], now=NOW) == {}
    voices.report([EVIL], 1, 1, now=NOW)
    assert voices.defend([EVIL, OTHER], 9, 1, now=NOW + 1) == 1
    assert voices.voices([EVIL, OTHER], now=NOW + 1) == {EVIL: Voices(1, 1, 1, NOW + 1)}
    voices.defend([EVIL], 1, 1, now=NOW + 2)  # he takes his word back
    assert voices.voices([EVIL], now=NOW + 2) == {}
    assert voices.listed(10, now=NOW) == []


def test_voices_fade(voices: Reported) -> None:
    voices.report([EVIL], 1, 1, now=NOW)
    late = NOW + (reported.KEEP_DAYS + 1) * reported.DAY
    voices.report([OTHER], 1, 1, now=late)
    assert list(voices.voices([EVIL, OTHER], now=late)) == [OTHER]
    assert voices.purge(late) == 1
    assert list(voices.voices([EVIL, OTHER], now=NOW)) == [OTHER]
    assert voices.forget(OTHER) == 1
    assert voices.voices([OTHER], now=late) == {}


def test_the_file_is_bounded(voices: Reported, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reported, "MAX_VOICES", 10)
    for n in range(50):
        voices.report([Name(Kind.HOST, f"h{n}.test")], 1, 1, now=NOW + n)
    voices.purge(NOW + 50)
    names = [name.name for name, _ in voices.listed(100, now=NOW + 50)]
    assert names == [f"h{n}.test" for n in range(49, 38, -1)]


def test_another_process_sees_at_once_what_was_reported(tmp_path: Path, voices: Reported) -> None:
    other = Reported(tmp_path / "reported.sqlite")
    assert other.voices([EVIL], now=NOW) == {}
    voices.report([EVIL], 1, 1, now=NOW)
    assert list(other.voices([EVIL], now=NOW)) == [EVIL]
    voices.forget(EVIL)
    assert other.voices([EVIL], now=NOW) == {}
    voices.report([EVIL], 1, 1, now=NOW)
    assert list(other.voices([EVIL], now=NOW)) == [EVIL]
    other.close()


def test_names_that_cannot_be(voices: Reported) -> None:
    evil = [Name(Kind.HOST, name) for name in ("", "x" * 1000, "\ud800", "a\0b")]
    voices.report(evil, 1, 1, now=NOW)
    assert len(voices.listed(10, now=NOW)) == 2
    many = [Name(Kind.HOST, f"h{n}.test") for n in range(5000)]
    voices.report(many, 2, 1, now=NOW)
    assert len(voices.voices(many, now=NOW)) == reported.MAX_ASKED


def test_where_the_file_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "reported.sqlite").write_bytes(b"x" * 10_000)
    with pytest.raises(Unavailable):
        Reported(tmp_path / "reported.sqlite").voices([EVIL], now=NOW)
