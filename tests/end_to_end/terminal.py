"""A program in a terminal: keys go in, what is on the screen comes out."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from fcntl import ioctl
from struct import pack
from termios import TIOCSWINSZ
from types import TracebackType

PATIENCE = 60.0
_CONTROL = re.compile(r"\x1b(?:\[[0-9;?]*[a-zA-Z]|[()][0-9A-B]|[=>])")


class Terminal:
    """As a context manager it ends the program where that has not ended by itself."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._screen, terminal = pty.openpty()
        ioctl(terminal, TIOCSWINSZ, pack("HHHH", 40, 120, 0, 0))
        self._process = subprocess.Popen(
            command,
            env={**environment, "TERM": "xterm"},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        self._raw = b""
        self._seen = 0

    @property
    def text(self) -> str:
        """Everything that was ever written, without colours and cursor movements."""
        return _CONTROL.sub(" ", self._raw.decode(errors="replace"))

    def keys(self, keys: str) -> None:
        """Type, and look only at what is written from now on."""
        self._seen = len(self.text)
        os.write(self._screen, keys.encode())

    def wait_for(self, words: str) -> None:
        end = time.monotonic() + PATIENCE
        while words not in self.text[self._seen :]:
            left = end - time.monotonic()
            assert left > 0, f"{words!r} did not appear:\n{self.text}"
            assert self._read(left), f"it ended before {words!r} appeared:\n{self.text}"

    def ended(self) -> int:
        """The exit code, once there is one."""
        while self._read(PATIENCE):
            pass
        return self._process.wait(PATIENCE)

    def _read(self, seconds: float) -> bool:
        """False at the end."""
        ready, _, _ = select.select([self._screen], [], [], seconds)
        if not ready:
            return self._process.poll() is None
        try:
            data = os.read(self._screen, 65536)
        except OSError:
            return False
        self._raw += data
        return bool(data)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._screen)
