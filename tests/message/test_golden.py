"""Each `.eml` gives exactly what the `.json` beside it says."""

import json
from pathlib import Path

import pytest

from tests.message import invariants
from tests.message.views import view

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.eml"))


def test_there_are_golden_files() -> None:
    assert len(GOLDEN) >= 16


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden(path: Path) -> None:
    raw = path.read_bytes()
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert view(raw) == expected
    invariants.check(raw)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_line_ends_make_no_difference_to_the_structure(path: Path) -> None:
    """The same message with bare line feeds has the same parts with the same text."""
    raw = path.read_bytes().replace(b"\r\n", b"\n")
    ours = view(raw)
    theirs = view(raw.replace(b"\n", b"\r\n"))
    assert ours["envelope"] == theirs["envelope"]
    for section, text in ours["sections"].items():
        if len(text) < 50:
            assert text == theirs["sections"][section].replace("\r\n", "\n")
