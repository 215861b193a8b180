"""The worker processes as the supervisor sees them: born, ready, on their way out, gone."""

import logging
import math
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NoReturn

_log = logging.getLogger(__name__)

HANDLED = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGCHLD,
)


class Job(Enum):
    """What a process of the service is for."""

    WORKER = "worker"
    KEEPER = "keeper"
    WEB = "web"


class Phase(Enum):
    STARTING = "starting"
    READY = "ready"
    LEAVING = "leaving"  # told to drain or to stop


@dataclass(slots=True)
class Child:
    """`status` is the pipe on which it says that it is ready (-1: closed). What a former program
    left counts as a worker, whatever it does."""

    pid: int
    slot: int
    generation: int
    status: int
    born: float
    job: Job = Job.WORKER
    phase: Phase = Phase.STARTING
    kill_at: float = math.inf

    def tell(self, number: signal.Signals) -> None:
        """A child that is gone already is reaped in its turn."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def close_status(self) -> None:
        if self.status >= 0:
            os.close(self.status)
            self.status = -1


def spawn(main: Callable[[], int]) -> int:
    """Fork a process that does nothing but `main` and ends with its exit code; the process id."""
    pid = os.fork()
    if pid == 0:
        _child(main)
    return pid


def _child(main: Callable[[], int]) -> NoReturn:
    """Whatever happens here, the child must not run on into the supervisor's code."""
    code = 70
    try:
        signal.set_wakeup_fd(-1)
        for number in HANDLED:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to answer
        code = main()
    except BaseException:
        _log.critical("a process of the service failed", exc_info=True)
    finally:
        os._exit(code)


def describe(status: int) -> str:
    """How a process ended, in words, from what `waitpid` gives."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
