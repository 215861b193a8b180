"""What the running service says of itself, for commands that want to know: `run/service.json`."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alphorn.servers import lock
from alphorn.servers.listeners import BY_NAME, Binding, Bound

FILE_NAME = "service.json"


@dataclass(frozen=True, slots=True)
class Status:
    pid: int
    bindings: tuple[Binding, ...]


def write(folder: Path, bound: Sequence[Bound]) -> None:
    """Called by the supervisor when the service answers, and when its ports change."""
    state = [(b.binding.listener.name, b.binding.address, b.binding.port) for b in bound]
    draft = folder / f".{FILE_NAME}.{os.getpid()}"
    draft.write_text(json.dumps(state))
    draft.replace(folder / FILE_NAME)


def read(folder: Path) -> Status | None:
    """None where no service runs."""
    pid = lock.holder(folder)
    if pid is None:
        return None
    try:
        state = json.loads((folder / FILE_NAME).read_text())
    except FileNotFoundError:
        state = []  # it is just starting
    return Status(
        pid, tuple(Binding(BY_NAME[name], address, port) for name, address, port in state)
    )
