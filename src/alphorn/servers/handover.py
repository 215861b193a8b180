"""What survives when the supervisor replaces itself by a new version of the program (SIGUSR2).

The process stays the same (its number, its children, its open files); the program in it is new.
It finds in its environment which inherited handles are which listening sockets, the lock and the
pipe that the old workers watch, and who those workers are. They go on until new ones are ready.
"""

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from alphorn.servers.listeners import BY_NAME, Binding, Bound, adopt

VARIABLE = "ALPHORN_HANDOVER"
_PATIENT = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE)


@dataclass(frozen=True, slots=True)
class Handover:
    """`workers` maps the process numbers of the old workers to their slots; `leaving` are those
    among them that were told to go already."""

    bound: Sequence[Bound]
    lock: int
    life: tuple[int, int]
    workers: Mapping[int, int]
    leaving: frozenset[int]


def take() -> Handover | None:
    """What the former program left in the environment; it is removed from there."""
    text = os.environ.pop(VARIABLE, None)
    if text is None:
        return None
    left = json.loads(text)
    bound = []
    for name, address, port, handle in left["sockets"]:
        if name in BY_NAME:
            os.set_inheritable(handle, False)
            bound.append(adopt(Binding(BY_NAME[name], address, port), handle))
        else:
            os.close(handle)
    for handle in (left["lock"], *left["life"]):
        os.set_inheritable(handle, False)
    workers = {int(pid): slot for pid, slot in left["workers"].items()}
    return Handover(
        bound, left["lock"], (left["life"][0], left["life"][1]), workers, frozenset(left["leaving"])
    )


def replace(handover: Handover) -> NoReturn:
    """Run the program anew in this process. Raises OSError where that is not possible."""
    handles = [bound.socket.fileno() for bound in handover.bound]
    for handle in (*handles, handover.lock, *handover.life):
        os.set_inheritable(handle, True)
    state = {
        "sockets": [
            (b.binding.listener.name, b.binding.address, b.binding.port, b.socket.fileno())
            for b in handover.bound
        ],
        "lock": handover.lock,
        "life": handover.life,
        "workers": dict(handover.workers),
        "leaving": sorted(handover.leaving),
    }
    # Until the new program has its handlers, a signal that asks for something is to be ignored
    # rather than to end it.
    for number in _PATIENT:
        signal.signal(number, signal.SIG_IGN)
    environment = {**os.environ, VARIABLE: json.dumps(state)}
    os.execve(sys.executable, command(), environment)  # noqa: S606 - our own command line


def command(*more: str) -> list[str]:
    """The command line that started this program, for running it again."""
    return [sys.executable, *sys.orig_argv[1:], *more]
