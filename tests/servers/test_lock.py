"""The lock of a data folder, which root takes in a folder that belongs to a lesser user."""

import os
from pathlib import Path

import pytest

from alphorn.base.errors import Refused
from alphorn.servers import lock


def test_one_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert lock.holder(folder) is None
    handle = lock.take(folder)
    try:
        assert lock.holder(folder) == os.getpid()
        with pytest.raises(Refused, match=str(os.getpid())) as caught:
            lock.take(folder)
        assert caught.value.code == "running"
    finally:
        os.close(handle)
    assert lock.holder(folder) is None


def test_no_link_leads_to_another_file(tmp_path: Path) -> None:
    """Else whoever owns the folder could have root empty any file, and be given it."""
    victim = tmp_path / "shadow"
    victim.write_text("root:secret")
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / lock.FILE_NAME).symlink_to(victim)
    with pytest.raises(Refused) as caught:
        lock.take(folder)
    assert caught.value.code == "lock"
    assert victim.read_text() == "root:secret"


def test_no_link_leads_to_another_folder(tmp_path: Path) -> None:
    elsewhere = tmp_path / "etc"
    elsewhere.mkdir()
    (tmp_path / "run").symlink_to(elsewhere)
    with pytest.raises(Refused):
        lock.take(tmp_path / "run")
    assert list(elsewhere.iterdir()) == []
