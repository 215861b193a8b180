"""Giving up root, in a process of its own each time."""

import contextlib
import os
import pwd
from collections.abc import Callable
from pathlib import Path

import pytest

from alphorn.base.errors import Refused
from alphorn.servers import privileges

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give it up")
NOBODY = pwd.getpwuid(65534)


def in_a_child(check: Callable[[], bool]) -> bool:
    pid = os.fork()
    if pid == 0:
        fine = False
        try:
            fine = check()
        finally:
            os._exit(0 if fine else 1)
    return os.waitpid(pid, 0)[1] == 0


def test_there_is_no_way_back() -> None:
    def check() -> bool:
        with contextlib.suppress(Refused):  # this Python may lie where only root can read it
            privileges.become(NOBODY)
        ids = (os.getresuid(), os.getresgid())
        try:
            os.setuid(0)
        except PermissionError:
            return ids == ((65534,) * 3, (65534,) * 3) and 0 not in os.getgroups()
        return False

    assert in_a_child(check)


def test_program_that_the_user_cannot_read_is_named() -> None:
    def check() -> bool:
        hidden = Path("/root")
        if hidden.stat().st_mode & 0o077:
            return True
        os.__file__ = str(hidden / "os.py")
        try:
            privileges.become(NOBODY)
        except Refused as refused:
            return "nobody cannot read" in refused.text
        return False

    assert in_a_child(check)


def test_whom_to_become(tmp_path: Path) -> None:
    assert privileges.account_for("", tmp_path) is None  # the folder is root's
    os.chown(tmp_path, 65534, 65534)
    assert privileges.account_for("", tmp_path) == NOBODY
    assert privileges.account_for("root", tmp_path) is None
    with pytest.raises(Refused, match="There is no system user nobody-of-that-name"):
        privileges.account_for("nobody-of-that-name", tmp_path)
    os.chown(tmp_path, 54321, 54321)
    with pytest.raises(Refused, match="There is no system user 54321"):
        privileges.account_for("", tmp_path)
