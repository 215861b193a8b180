"""Figures for Prometheus, over all workers, under /metrics on a local port.

Counters lie in files that the processes map, one for each worker's slot (`prometheus_client`'s
multiprocess mode), so that any worker can answer for all of them and none of it is lost with one.
What the service decides about messages is counted where it is traced, so that the trace and the
figures cannot differ. Labels take their values from our own tables only, never from outside.

No method blocks; each may be called from any thread.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, generate_latest, multiprocess, values
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alphorn.base.errors import Unavailable
from alphorn.base.trace import TraceEvent, Verdict
from alphorn.servers.connection import IO

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
MAX_REQUEST = 8192
REQUEST_SECONDS = 10.0
SUPERVISOR = "supervisor"
RESERVED = 1 << 16
"""Octets on the disk for the figures of one process: several times what all of them take."""

_log = logging.getLogger(__name__)


class Metrics:
    """One per process tree: made by the supervisor, `become` called by each worker."""

    def __init__(self, folder: Path, fresh: bool) -> None:
        """`fresh` begins at nought, as when the service starts. Raises Unavailable."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if fresh:
            for path in folder.glob("*.db"):
                path.unlink(missing_ok=True)
        self._folder = folder
        self.become(SUPERVISOR)
        # The library wants its choice of storage made in its module and its environment.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        values.ValueClass = values.MultiProcessValue(lambda: self._identity)  # type: ignore[no-untyped-call]
        registry = CollectorRegistry()
        self._opened = Counter(
            "alphorn_connections_opened",
            "Connections accepted.",
            ["listener"],
            registry=registry,
        )
        self._refused = Counter(
            "alphorn_connections_refused",
            "Connections turned away because there were too many.",
            ["listener"],
            registry=registry,
        )
        self._handshakes_failed = Counter(
            "alphorn_tls_handshakes_failed",
            "TLS handshakes that did not succeed.",
            ["listener"],
            registry=registry,
        )
        self._events = Counter(
            "alphorn_message_events",
            "Decisions about messages, as the trace has them.",
            ["stage", "verdict"],
            registry=registry,
        )
        self._event_counters: dict[tuple[str, Verdict], Counter] = {}
        self._logins = Counter(
            "alphorn_logins", "Logins.", ["protocol", "result"], registry=registry
        )
        self._lessons = Counter(
            "alphorn_lessons",
            "Messages that people's acts were to be learned from.",
            ["result"],
            registry=registry,
        )
        self._engine_answers = Counter(
            "alphorn_engine_questions",
            "Messages that Rspamd or ClamAV was asked about, by what came of it.",
            ["engine", "result"],
            registry=registry,
        )
        self._engine_seconds = Counter(
            "alphorn_engine_seconds",
            "How long messages waited for Rspamd or ClamAV.",
            ["engine"],
            registry=registry,
        )
        self._workers = Counter(
            "alphorn_workers_started", "Worker processes started.", registry=registry
        )
        self._crashes = Counter(
            "alphorn_workers_crashed", "Worker processes that died.", registry=registry
        )

    def become(self, worker: str) -> None:
        """This process is that worker from now on. Raises Unavailable where the disk is full.

        The disk's blocks are taken now: a mapped page for which there is none would kill the
        process at its first use.
        """
        path = self._folder / f"counter_{worker}.db"  # as the library calls it
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(handle, 0, RESERVED)
            finally:
                os.close(handle)
        except OSError as error:
            raise Unavailable(f"{path} cannot be made: {error.strerror}.") from error
        self._identity = worker

    def opened(self, listener: str) -> None:
        self._opened.labels(listener).inc()

    def refused(self, listener: str) -> None:
        self._refused.labels(listener).inc()

    def handshake_failed(self, listener: str) -> None:
        self._handshakes_failed.labels(listener).inc()

    def event(self, event: TraceEvent) -> None:
        key = event.stage, event.verdict
        counter = self._event_counters.get(key)
        if counter is None:
            # Bounded by our own tables, as the labels are.
            counter = self._events.labels(event.stage, event.verdict.value)
            self._event_counters[key] = counter
        counter.inc()

    def login(self, protocol: str, result: str) -> None:
        self._logins.labels(protocol, result).inc()

    def lesson(self, result: str, messages: int) -> None:
        self._lessons.labels(result).inc(messages)

    def engine(self, engine: str, result: str, seconds: float) -> None:
        self._engine_answers.labels(engine, result).inc()
        self._engine_seconds.labels(engine).inc(seconds)

    def worker_started(self) -> None:
        self._workers.inc()

    def worker_crashed(self) -> None:
        self._crashes.inc()

    def render(self, gauges: Iterable["Gauge"]) -> bytes:
        """The text that Prometheus reads; `gauges` are asked for their values now."""
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]
        registry.register(_Gauges(tuple(gauges)))
        return generate_latest(registry)


class Gauge:
    """A figure that is looked up when it is asked for: label value -> value now."""

    __slots__ = ("help", "label", "name", "read")

    def __init__(
        self, name: str, help: str, label: str, read: Callable[[], Mapping[str, float]]
    ) -> None:
        self.name = name
        self.help = help
        self.label = label
        self.read = read


class _Gauges(Collector):
    def __init__(self, gauges: tuple[Gauge, ...]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        for gauge in self._gauges:
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=[gauge.label])
            for value, amount in gauge.read().items():
                family.add_metric([value], amount)
            yield family


class Exposition:
    """One HTTP request for /metrics, answered and closed (RFC 9112, as little as is needed)."""

    __slots__ = ("_buffer", "_io", "_render")

    def __init__(self, render: Callable[[], bytes]) -> None:
        self._render = render
        self._buffer = b""
        self._io: IO

    def connected(self, io: IO) -> None:
        self._io = io
        io.timeout(REQUEST_SECONDS)

    def received(self, data: bytes) -> None:
        self._buffer += data
        if b"\r\n\r\n" in self._buffer:
            words = self._buffer.partition(b"\r\n")[0].split(b" ")
            self._buffer = b""
            self._io.pause()
            if len(words) != 3 or words[0] != b"GET":
                self._answer(b"405 Method Not Allowed", b"Only GET is possible here.\n")
            elif words[1].partition(b"?")[0] != b"/metrics":
                self._answer(b"404 Not Found", b"The figures are under /metrics.\n")
            else:
                self._io.run(self._render).add_done_callback(self._rendered)
        elif len(self._buffer) > MAX_REQUEST:
            self._answer(b"431 Request Header Fields Too Large", b"That is too much.\n")

    def _rendered(self, done: "asyncio.Future[bytes]") -> None:
        if done.exception() is None:
            self._answer(b"200 OK", done.result())
        else:
            _log.error("the figures could not be collected", exc_info=done.exception())
            self._answer(b"500 Internal Server Error", b"The log says why.\n")

    def _answer(self, status: bytes, body: bytes) -> None:
        self._io.write(
            b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n"
            b"Cache-Control: no-store\r\nConnection: close\r\n\r\n%b"
            % (status, CONTENT_TYPE, len(body), body)
        )
        self._io.close()

    def secured(self) -> None:
        """Never called: this port has no TLS."""

    def timed_out(self) -> None:
        self._io.close()

    def closed(self) -> None:
        """Nothing to give back."""

    def shutdown(self) -> None:
        self._io.close()
