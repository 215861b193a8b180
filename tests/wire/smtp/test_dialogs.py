"""Each dialog in `dialogs/`, sent as written, octet by octet, and cut in two at every place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.smtp.support import play, read

FILES = sorted((Path(__file__).parent / "dialogs").glob("*.txt"))


def whole(data: bytes) -> Iterator[bytes]:
    yield data


def octets(data: bytes) -> Iterator[bytes]:
    for at in range(len(data)):
        yield data[at : at + 1]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_as_written(file: Path) -> None:
    play(*read(file), whole)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_octet_by_octet(file: Path) -> None:
    if "# not octet by octet" in file.read_text():
        pytest.skip("what is discarded depends on what came in one piece")
    play(*read(file), octets)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_cut_in_two_everywhere(file: Path) -> None:
    listener, steps = read(file)
    if "# not octet by octet" in file.read_text():
        pytest.skip("what is discarded depends on what came in one piece")
    longest = max(len(step.data) for step in steps if step.kind == "C")
    for at in range(1, min(longest, 1500)):

        def cut(data: bytes, at: int = at) -> Iterator[bytes]:
            yield data[:at]
            if data[at:]:
                yield data[at:]

        play(listener, steps, cut)
