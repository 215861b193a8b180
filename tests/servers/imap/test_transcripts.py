"""Dialogs as they go over the wire, among them the examples of RFC 9051, RFC 7162 and others."""

from pathlib import Path

import pytest

from tests.servers.imap.house import House
from tests.servers.imap.play import HERE, play
from tests.support.stage import on_loop

TRANSCRIPTS = sorted((HERE / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(house: House, path: Path) -> None:
    on_loop("uvloop", lambda: play(house, path.read_text(encoding="utf-8")))
