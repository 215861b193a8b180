"""The Sieve test language: the suites of two other engines, from the shared corpora.

What does not pass stands below, with its reason in docs/sieve.md; a test that begins to pass must
leave the list.
"""

from pathlib import Path

import pytest

from alphorn.sieve.limits import DEFAULT
from alphorn.sieve.parser import parse
from tests.conftest import SHARED
from tests.sieve.suite import run_suite

pytestmark = pytest.mark.shared
BASE = SHARED / "sieve"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "sieve.md"

FILES = sorted(
    str(path.relative_to(BASE)) for path in (*BASE.rglob("*.svtest"), *BASE.rglob("*.svtest.in"))
)


def listed() -> dict[str, list[str]]:
    """What docs/sieve.md lists: lines `* file: test; test` or `* file` for all of it."""
    found: dict[str, list[str]] = {}
    for line in PAGE.read_text().splitlines():
        if line.startswith("* `") and ".svtest" in line:
            name, _, rest = line[3:].partition("`")
            found[name] = [
                one.strip() for one in rest.removeprefix(": ").split(" | ") if one.strip()
            ]
    return found


def test_there_are_suites() -> None:
    assert len(FILES) > 60
    assert set(listed()) <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_suite(name: str) -> None:
    verdicts = run_suite(BASE / name).verdicts
    assert verdicts
    failed = {test for test, words in verdicts.items() if words}
    expected = listed().get(name)
    if expected == []:
        assert failed
    else:
        assert failed == set(expected or ()), verdicts


@pytest.mark.parametrize(
    "name", sorted(path.name for path in (BASE / "stalwart-sieve" / "rfcs").glob("*.sieve"))
)
def test_examples_of_the_standards_parse(name: str) -> None:
    source = (BASE / "stalwart-sieve" / "rfcs" / name).read_text()
    mistakes: list[str] = []
    assert parse(source, DEFAULT, lambda at, text: mistakes.append(f"{at}: {text}"))
    assert mistakes == []
