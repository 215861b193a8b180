"""The installation's model: many readers and writers, and files that are not whole."""

import multiprocessing
import os
import threading
from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.spam.table import Table
from alphorn.store.spam_model import ASIDE, Place, SpamModel

BITS = 8
ORIGIN = b"0123456789abcdef"


def made(folder: Path) -> SpamModel:
    return SpamModel(folder / "spam.model", bits=BITS)


def teach(model: SpamModel, number: int, keys: list[int], spam: bool = True) -> None:
    def change(table: Table, place: Place) -> Place:
        table.learn(keys, spam)
        return Place(ORIGIN, number)

    assert model.write(change)


def test_before_anything_was_learned(tmp_path: Path) -> None:
    model = made(tmp_path)
    assert model.counts().totals() == (0, 0)
    assert list(model.counts().lookup([1, 2])) == [(0, 0), (0, 0)]
    assert model.place() == Place(bytes(16), 0)
    assert not model.write(lambda table, place: None)
    assert not (tmp_path / "spam.model").exists()


def test_what_one_learns_the_others_see(tmp_path: Path) -> None:
    model, other = made(tmp_path), made(tmp_path)
    assert other.counts().totals() == (0, 0)
    teach(model, 7, [10, 11])
    assert model.counts().totals() == (1, 0)
    assert list(model.counts().lookup([11, 12])) == [(1, 0), (0, 0)]
    other.refresh()
    assert other.counts().totals() == (1, 0)
    assert other.place() == Place(ORIGIN, 7)
    before = other.counts()
    teach(model, 8, [10], spam=False)
    assert before.totals() == (1, 0)  # who is at it goes on with what he has
    other.refresh()
    assert other.counts().totals() == (1, 1)
    assert list(other.counts().lookup([10, 11])) == [(1, 1), (1, 0)]
    assert (tmp_path / "spam.model").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["spam.model", "spam.model.lock"]


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    model = made(tmp_path)
    teach(model, 1, [10])

    def fail(table: Table, place: Place) -> Place:
        table.learn([11], True)
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        model.write(fail)
    model.refresh()
    assert model.counts().totals() == (1, 0)
    teach(model, 2, [10])
    assert list(model.counts().lookup([10, 11])) == [(2, 0), (0, 0)]


@pytest.mark.parametrize("how", ["empty", "short", "cut", "bit", "trailer", "table", "longer"])
def test_a_file_that_is_not_whole_is_set_aside(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    model = made(tmp_path)
    teach(model, 1, [10, 11])
    path = tmp_path / "spam.model"
    good = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "short": b"x" * 10,
            "cut": good[: len(good) // 2],
            "bit": good[:5000] + bytes([good[5000] ^ 1]) + good[5001:],
            "trailer": good[:-1] + b"x" if good[-1:] != b"x" else good,
            "table": b"x" * len(good),
            "longer": good + good,
        }[how]
    )
    if how == "trailer":  # the padding: nothing that counts
        model.refresh()
        assert model.counts().totals() == (1, 0)
        return
    other = made(tmp_path)
    assert other.counts().totals() == (0, 0)
    assert "set aside" in caplog.text
    assert not path.exists()
    assert path.with_name("spam.model" + ASIDE).exists()
    model.refresh()
    assert model.counts().totals() == (0, 0)
    teach(model, 2, [10])
    assert made(tmp_path).counts().totals() == (1, 0)


def test_where_it_cannot_be_written(tmp_path: Path) -> None:
    model = SpamModel(tmp_path / "nowhere" / "spam.model", bits=BITS)
    with pytest.raises(Unavailable):
        teach(model, 1, [10])
    assert model.counts().totals() == (0, 0)


def _teach_often(path: Path, start: int, count: int) -> None:
    model = SpamModel(path, bits=BITS)
    for number in range(start, start + count):
        teach(model, number, [number, 1])


def test_several_processes_write_and_threads_read(tmp_path: Path) -> None:
    path = tmp_path / "spam.model"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_teach_often, args=(path, 100 * n, 20)) for n in (1, 2, 3)]
    ended = threading.Event()
    seen: list[int] = []

    def read() -> None:
        model = SpamModel(path, bits=BITS)
        while not ended.is_set():
            model.refresh()
            counts = model.counts()
            spam, _ = counts.totals()
            assert counts.lookup([1])[0] == (spam, 0)
            seen.append(spam)

    reader = threading.Thread(target=read)
    reader.start()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    ended.set()
    reader.join(30)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    model = SpamModel(path, bits=BITS)
    assert model.counts().totals() == (60, 0)
    assert list(model.counts().lookup([1, 100, 219, 319])) == [(60, 0), (1, 0), (1, 0), (1, 0)]
    assert seen == sorted(seen)


def test_a_writer_that_was_killed_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    model = made(tmp_path)
    teach(model, 1, [10])
    child = os.fork()
    if child == 0:

        def die(table: Table, place: Place) -> Place:
            os.kill(os.getpid(), 9)
            return place

        made(tmp_path).write(die)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == 9
    teach(model, 2, [10])  # the lock went with it
    assert model.counts().totals() == (2, 0)
