"""The first process: binds the ports, forks the workers, and keeps them running.

    SIGTERM, SIGINT  stop within two seconds
    SIGHUP           read the settings again; where they changed, replace the workers gracefully,
                     else only look for a new certificate
    SIGUSR2          replace the program by its new version, sockets and all, and then the workers

Beside the workers there is one keeper: a process without listeners for what can wait, at a lower
priority. With the role `web` there is another one, which alone has the web's ports. The processes
are replaced generation by generation: the new ones are forked, and only when all of them are ready
the old ones are told to drain. A generation that does not get ready is
given up and the old one stays. A worker that dies is forked again, later each time it dies young.

The supervisor itself opens no database, has no threads and no event loop, so that forking is safe
and what it imported is shared by all.
"""

import gc
import logging
import math
import os
import select
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from alphorn.base import settings as table
from alphorn.base.errors import AlphornError, Refused
from alphorn.base.settings import Settings, SettingsError
from alphorn.servers import handover, lock, notify, privileges, processes, status
from alphorn.servers.admission import Admission
from alphorn.servers.handover import Handover
from alphorn.servers.launch import Launch
from alphorn.servers.listeners import LISTENERS, WEB, Bound, bind, bindings
from alphorn.servers.metrics import Metrics
from alphorn.servers.processes import Child, Job, Phase
from alphorn.servers.worker import FAILED, READY, Seat

KILL_AFTER = 1.8
YOUNG_SECONDS = 10.0
FIRST_WAIT = 0.2
LONGEST_WAIT = 30.0
CHECK_SECONDS = 20.0
MIN_SLOTS = 32
MAX_STATUS = 4096

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the composition root gives: how settings are read, and what the processes do.

    `prepare` runs in a process of its own before the first workers (it may use the databases);
    `work` is a worker's whole life; `ready` is called when the service answers.
    """

    read_settings: Callable[[], Settings]
    prepare: Callable[[Settings], None]
    work: Callable[[Seat], int]
    ready: Callable[[Sequence[Bound]], None]


class Supervisor:
    """Made and `run` once, in the main thread."""

    def __init__(self, launch: Launch, plan: Plan) -> None:
        self._launch = launch
        self._plan = plan
        self._settings = plan.read_settings()
        self._children: dict[int, Child] = {}
        self._generation = 0
        self._settled = False  # all workers of this generation were ready once
        self._ever_settled = False
        self._fallback: Settings | None = None  # of the generation before
        self._early_deaths = 0
        self._spawn_at = math.inf
        self._stopping = False
        self._failure = ""
        self._asked: list[int] = []

    def run(self) -> int:
        """Serve until told to stop; the exit code. Raises Refused where it cannot begin."""
        left = handover.take()
        layout = self._launch.layout
        account = privileges.account_for(self._settings[table.USER], self._launch.data)
        self._lock = left.lock if left else lock.take(layout.run)
        self._life = left.life if left else os.pipe()
        self._bound = self._bind_or_keep(left)
        privileges.raise_file_limit()
        if account is not None:
            os.chown(layout.run, account.pw_uid, account.pw_gid, follow_symlinks=False)
            os.chown(self._lock, account.pw_uid, account.pw_gid)
            privileges.become(account)
        roles = tuple(dict.fromkeys(listener.role for listener in LISTENERS))
        slots = max(MIN_SLOTS, 4 * self._process_count(self._settings))
        self._admission = Admission(slots, roles)
        self._metrics = Metrics(layout.metrics, fresh=left is None)
        if left:
            self._adopt(left)
        self._wakeup = self._handle_signals()
        self._begin(left)
        self._watch()
        return 1 if self._failure else 0

    # -- beginning ---------------------------------------------------------------------------------

    def _begin(self, left: Handover | None) -> None:
        """The first generation; where there are workers of a former program, they stay if the data
        cannot be prepared for new ones."""
        try:
            self._prepare()
        except AlphornError as error:
            if left is None:
                raise
            _log.error("the former workers stay: %s", error.text)
            self._settled = True
            return
        gc.collect()
        gc.freeze()
        self._begin_generation()

    def _bind_or_keep(self, left: Handover | None) -> list[Bound]:
        if left is None:
            return self._bind([])
        try:
            return self._bind(list(left.bound))
        except AlphornError as error:
            _log.error("the ports stay as they were: %s", error.text)
            return list(left.bound)

    def _bind(self, inherited: list[Bound]) -> list[Bound]:
        launch = self._launch
        wanted = bindings(
            self._settings, launch.active_roles(self._settings), launch.local, launch.port_offset
        )
        there = {bound.binding for bound in inherited}
        tolerant = not self._settings.given(table.LISTEN_ADDRESSES)
        new = bind([one for one in wanted if one not in there], tolerant)
        for bound in inherited:
            if bound.binding not in wanted:
                bound.socket.close()
        return [bound for bound in inherited if bound.binding in wanted] + new

    def _adopt(self, left: Handover) -> None:
        """The workers of the former program count as an older generation that is ready."""
        now = time.monotonic()
        for pid, slot in left.workers.items():
            phase = Phase.LEAVING if pid in left.leaving else Phase.READY
            self._children[pid] = Child(pid, slot, self._generation, -1, now, phase=phase)
        self._fallback = self._settings
        self._ever_settled = True

    def _handle_signals(self) -> int:
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        for number in processes.HANDLED:
            signal.signal(number, _ignore)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        return reading

    def _prepare(self) -> None:
        """Raises Refused with what the preparing process said."""
        reading, writing = os.pipe()

        def main() -> int:
            try:
                self._plan.prepare(self._settings)
            except AlphornError as error:
                os.write(writing, error.text.encode()[:MAX_STATUS])
                return 1
            return 0

        pid = processes.spawn(main)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read().decode()
        _, ending = os.waitpid(pid, 0)
        if ending:
            raise Refused(said or f"The data could not be prepared: {processes.describe(ending)}.")

    def _begin_generation(self) -> None:
        self._generation += 1
        self._settled = False
        self._early_deaths = 0
        self._spawn_at = math.inf
        self._fill()

    def _fill(self) -> None:
        """Fork what this generation lacks of its processes."""
        there = Counter(child.job for child in self._current())
        lacking = list((self._jobs(self._settings) - there).elements())
        used = {child.slot for child in self._children.values()}
        free = (slot for slot in range(self._admission.slots) if slot not in used)
        for job, slot in zip(lacking, free, strict=False):
            self._fork(slot, job)

    def _fork(self, slot: int, job: Job) -> None:
        reading, writing = os.pipe()
        seat = Seat(
            slot=slot,
            job=job,
            launch=self._launch,
            settings=self._settings,
            bound=self._sockets(job),
            offered=tuple(bound.binding for bound in self._bound),
            admission=self._admission,
            metrics=self._metrics,
            life=self._life[0],
            status=writing,
        )

        def main() -> int:
            for handle in (reading, self._wakeup, self._life[1], self._lock):
                os.close(handle)
            for child in self._children.values():
                child.close_status()
            return self._plan.work(seat)

        self._admission.clear(slot)
        pid = processes.spawn(main)
        os.close(writing)
        if job is Job.WORKER:
            self._metrics.worker_started()
        self._children[pid] = Child(pid, slot, self._generation, reading, time.monotonic(), job)

    def _sockets(self, job: Job) -> list[Bound]:
        """The listeners that a process serves: the web's are its own."""
        if job is Job.KEEPER:
            return []
        web = job is Job.WEB
        return [one for one in self._bound if (one.binding.listener.role == WEB) is web]

    def _current(self) -> list[Child]:
        return [
            child
            for child in self._children.values()
            if child.generation == self._generation and child.phase is not Phase.LEAVING
        ]

    # -- watching ----------------------------------------------------------------------------------

    def _watch(self) -> None:
        while self._children or not self._stopping:
            pipes = {child.status: child for child in self._children.values() if child.status >= 0}
            wait = max(0.0, min(self._deadlines(), default=60.0) - time.monotonic())
            readable, _, _ = select.select([self._wakeup, *pipes], [], [], min(wait, 60.0))
            for handle in readable:
                if handle == self._wakeup:
                    self._asked += os.read(handle, 4096)
                elif handle in pipes:
                    self._hear(pipes[handle])
            self._reap()
            while self._asked:
                self._answer(signal.Signals(self._asked.pop(0)))
            self._keep_time()

    def _deadlines(self) -> list[float]:
        return [self._spawn_at, *(child.kill_at for child in self._children.values())]

    def _hear(self, child: Child) -> None:
        said = os.read(child.status, MAX_STATUS)
        if said.startswith(FAILED):
            self._failure = said.removeprefix(FAILED).decode(errors="replace").strip()
            _log.error("%s", self._failure)
        elif said.startswith(READY):
            child.phase = Phase.READY
            if not self._settled and self._all_ready():
                self._settle()
        if not said:
            child.close_status()

    def _all_ready(self) -> bool:
        current = self._current()
        return len(current) == self._process_count(self._settings) and all(
            child.phase is Phase.READY for child in current
        )

    def _settle(self) -> None:
        """Every worker of the generation answers: the former ones may go."""
        self._settled = True
        self._failure = ""
        status.write(self._launch.layout.run, self._bound)
        for child in self._children.values():
            if child.generation != self._generation and child.phase is Phase.READY:
                child.phase = Phase.LEAVING
                child.tell(signal.SIGUSR1)
        if self._ever_settled:
            count = self._launch.worker_count(self._settings)
            _log.info("new workers have taken over", extra={"workers": count})
        else:
            self._ever_settled = True
            self._plan.ready(self._bound)
            notify.ready()
        self._fallback = None

    def _reap(self) -> None:
        while True:
            try:
                pid, ending = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self._children.pop(pid, None)
            if child is not None:
                if child.status >= 0:
                    self._hear(child)  # its last word
                child.close_status()
                self._admission.clear(child.slot)
                if child.phase is not Phase.LEAVING:
                    self._died(child, ending)

    def _died(self, child: Child, ending: int) -> None:
        age = time.monotonic() - child.born
        facts = {"pid": child.pid, "how": processes.describe(ending), "age": round(age, 1)}
        self._metrics.worker_crashed()
        if child.generation != self._generation:
            _log.error("a worker of the former generation died", extra=facts)
        elif self._settled:
            _log.error("a worker died; another takes its place", extra=facts)
            self._early_deaths = self._early_deaths + 1 if age < YOUNG_SECONDS else 0
            wait = FIRST_WAIT * 2**self._early_deaths if self._early_deaths else 0.0
            self._spawn_at = time.monotonic() + min(wait, LONGEST_WAIT)
        elif self._fallback is not None:
            _log.error("new workers do not get ready; the former ones stay", extra=facts)
            self._give_up_generation()
        elif not self._stopping:
            self._failure = self._failure or f"A worker did not get ready: {facts['how']}."
            self._stop()

    def _give_up_generation(self) -> None:
        assert self._fallback is not None
        for child in self._current():
            self._end(child)
        self._settings, self._fallback = self._fallback, None
        self._generation -= 1
        self._settled = True
        self._failure = ""

    def _keep_time(self) -> None:
        now = time.monotonic()
        for child in self._children.values():
            if child.kill_at <= now:
                _log.error("a worker did not stop in time", extra={"pid": child.pid})
                child.kill_at = math.inf
                child.tell(signal.SIGKILL)
        if self._spawn_at <= now and not self._stopping:
            self._spawn_at = math.inf
            self._fill()

    # -- being told --------------------------------------------------------------------------------

    def _answer(self, number: signal.Signals) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self._stop()
        elif number == signal.SIGHUP and not self._stopping:
            self._reload()
        elif number == signal.SIGUSR2 and not self._stopping:
            self._replace()

    def _stop(self) -> None:
        if not self._stopping:
            self._stopping = True
            _log.info("stopping")
            notify.stopping()
            for child in self._children.values():
                self._end(child)

    def _end(self, child: Child) -> None:
        child.phase = Phase.LEAVING
        child.kill_at = time.monotonic() + KILL_AFTER
        child.tell(signal.SIGTERM)

    def _reload(self) -> None:
        try:
            settings = self._plan.read_settings()
        except SettingsError as error:
            for text in error.errors:
                _log.error("the settings stay as they were: %s", text)
            return
        except AlphornError as error:
            _log.error("the settings stay as they were: %s", error.text)
            return
        if settings == self._settings:
            _log.info("the settings are unchanged; looking for a new certificate")
            for child in self._current():
                child.tell(signal.SIGHUP)
        elif not self._settled:
            _log.warning("workers are being replaced already; the settings wait for another SIGHUP")
        elif not self._room_for_generation(settings):
            _log.warning("too many workers still drain; the settings wait for another SIGHUP")
        else:
            self._change(settings)

    def _room_for_generation(self, settings: Settings) -> bool:
        free = self._admission.slots - len(self._children)
        return free >= self._process_count(settings)

    def _process_count(self, settings: Settings) -> int:
        """How many processes a generation has."""
        return self._jobs(settings).total()

    def _jobs(self, settings: Settings) -> "Counter[Job]":
        """What processes a generation has. The web's is there as long as its role is, even where
        all its ports are switched off: to switch one on again is a matter of settings alone."""
        return Counter(
            {
                Job.WORKER: self._launch.worker_count(settings),
                Job.KEEPER: 1,
                Job.WEB: int(WEB in self._launch.active_roles(settings)),
            }
        )

    def _change(self, settings: Settings) -> None:
        former = self._settings
        self._settings = settings
        try:
            self._bound = self._bind(self._bound)
        except AlphornError as error:
            self._settings = former
            _log.error("the settings stay as they were: %s", error.text)
            return
        _log.info("the settings changed; replacing the workers")
        self._fallback = former
        self._begin_generation()

    def _replace(self) -> None:
        """Only a program that starts and understands its settings takes over."""
        if not self._settled or not self._room_for_generation(self._settings):
            _log.warning("workers are being replaced already; restart again when they are")
            return
        try:
            check = subprocess.run(
                handover.command("--check"),
                capture_output=True,
                timeout=CHECK_SECONDS,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            _log.error("not restarted: the new program does not start: %s", error)
            return
        if check.returncode:
            said = check.stderr.decode(errors="replace").strip()
            _log.error("not restarted: the new program refuses to start: %s", said)
            return
        _log.info("replacing the program")
        for child in self._children.values():
            child.close_status()
        workers = {child.pid: child.slot for child in self._children.values()}
        leaving = frozenset(
            child.pid for child in self._children.values() if child.phase is Phase.LEAVING
        )
        try:
            handover.replace(Handover(self._bound, self._lock, self._life, workers, leaving))
        except OSError as error:
            self._wakeup = self._handle_signals()
            _log.error("not restarted: %s", error)


def _ignore(number: int, frame: FrameType | None) -> None:
    """The wake-up pipe carries the signal to the loop."""
