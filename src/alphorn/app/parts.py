"""What one worker runs: sessions for its listeners, and tasks beside them."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from alphorn.app import door, services
from alphorn.app.engines import engines
from alphorn.app.gate import gate
from alphorn.app.help import help_for
from alphorn.app.housekeeping import Housekeeping
from alphorn.app.outbound import run_queue
from alphorn.app.records import RecordsWatch
from alphorn.app.web import WebParts
from alphorn.base import settings as table
from alphorn.operations.authenticate import Login, log_login
from alphorn.servers.bus import Bus
from alphorn.servers.connection import Session
from alphorn.servers.engines.engines import Engines
from alphorn.servers.imap.limits import ImapLimits
from alphorn.servers.imap.service import ImapService
from alphorn.servers.imap.watched import Watches
from alphorn.servers.listeners import Bound, Listener
from alphorn.servers.managesieve.limits import SieveLimits
from alphorn.servers.managesieve.service import ManageSieveService
from alphorn.servers.metrics import Gauge
from alphorn.servers.processes import Job
from alphorn.servers.services import Services
from alphorn.servers.smtp import service as smtp
from alphorn.servers.smtp.gate import Gate
from alphorn.servers.smtp.memory import Memory
from alphorn.servers.smtp.room import Room
from alphorn.servers.smtp.session import SmtpSession
from alphorn.servers.worker import Parts, Seat
from alphorn.wire.smtp.profile import Profile

SIEVE_PORT = 4190
"""Where clients look for ManageSieve unless they are told otherwise (RFC 5804 §1.8)."""


class WorkerParts:
    """Implements `servers.worker.Parts`."""

    def __init__(self, seat: Seat, bus: Bus) -> None:
        metrics = seat.metrics

        def report(login: Login) -> None:
            metrics.login(login.protocol, "refused" if login.reason else "accepted")
            log_login(login)
            self._services.door.login(login)

        self._services = services.build(
            seat.launch.layout,
            seat.settings,
            bus,
            serves=True,
            lenient=seat.launch.lenient,
            count_event=metrics.event,
            report_login=report,
            count_lesson=metrics.lesson,
        )
        self._engines = engines(seat.settings, metrics.engine)
        roles = seat.launch.active_roles(seat.settings)
        help = help_for(seat.settings, seat.offered, seat.launch.local)
        imap = _imap(self._services, seat.bound)
        self.sessions: Mapping[str, Callable[[], Session]] = {
            **_smtp(
                self._services,
                gate(self._services, seat.bound, asyncio.get_running_loop(), help),
                self._engines,
                help.url,
            ),
            "imap": imap.session,
            "imaps": imap.session,
            "sieve": _managesieve(self._services).session,
        }
        self.gauges: Sequence[Gauge] = (_queue_gauge(self._services),)
        self.turn_away: Callable[[Listener, str], bytes | None] = door.doorman(
            seat.launch.layout, seat.settings, self._services.door, help
        ).turn_away
        self.asking: Mapping[str, Callable[[str], ssl.SSLContext | None]] = {
            "smtp": self._services.gateways.asking
        }
        self.tasks: Sequence[Callable[[], Awaitable[None]]] = [
            Housekeeping(self._services, keeps=False).run,
            *([imap.watch] if "imap" in roles else []),
            *([lambda: run_queue(self._services, seat.bound)] if "queue" in roles else []),
        ]

    def close(self) -> None:
        self._engines.close()
        self._services.close()


class KeeperParts:
    """Implements `servers.worker.Parts` for the keeper: what can wait, and waits for others."""

    sessions: Mapping[str, Callable[[], Session]] = {}
    gauges: Sequence[Gauge] = ()
    asking: Mapping[str, Callable[[str], ssl.SSLContext | None]] = {}

    def __init__(self, seat: Seat, bus: Bus) -> None:
        self._services = services.build(
            seat.launch.layout, seat.settings, bus, serves=True, tends=True
        )
        self.tasks: Sequence[Callable[[], Awaitable[None]]] = (
            Housekeeping(self._services, keeps=True).run,
            RecordsWatch(self._services).run,
        )
        self.turn_away: Callable[[Listener, str], bytes | None] = lambda listener, client: None

    def close(self) -> None:
        self._services.close()


def _imap(parts: Services, bound: Sequence[Bound]) -> ImapService:
    return ImapService(
        parts.store,
        parts.view,
        parts.authenticator,
        ImapLimits.of(parts.settings),
        parts.bus.subscribe,
        hostname=parts.settings[table.HOSTNAME],
        tls=True,
        watch=Watches(parts.observer, parts.imap_events),
        sieve=_sieve_url(parts.settings[table.HOSTNAME], bound),
    )


def _sieve_url(hostname: str, bound: Sequence[Bound]) -> str:
    """Where scripts are uploaded (RFC 5804 §3); "" where that is nowhere."""
    ports = [one.binding.port for one in bound if one.binding.listener.name == "sieve"]
    if not ports:
        return ""
    return f"sieve://{hostname}" + ("" if SIEVE_PORT in ports else f":{ports[0]}")


def _managesieve(parts: Services) -> ManageSieveService:
    return ManageSieveService(
        parts.store,
        parts.view,
        parts.authenticator,
        SieveLimits.of(parts.settings),
        hostname=parts.settings[table.HOSTNAME],
        tls=True,
    )


def _smtp(
    parts: Services, mx_gate: Gate, asked: Engines, help_url: str
) -> Mapping[str, Callable[[], Session]]:
    memory = Memory(parts.settings[table.SMTP_MEMORY])
    room = Room(lambda account_id: parts.store.account(account_id).usage().octets)

    def sessions(
        role: smtp.Role, profile: Profile, guarded: Gate | None = None
    ) -> Callable[[], Session]:
        service = smtp.SmtpService(
            role=role,
            profile=profile,
            timing=smtp.timing(parts.settings),
            memory=memory,
            room=room,
            view=parts.view,
            delivery=parts.delivery,
            submission=parts.submission,
            authenticator=parts.authenticator,
            trace=parts.record,
            clock=time.time,
            gate=guarded,
            engines=asked,
            gateways=parts.gateways if guarded is not None else None,
        )
        return lambda: SmtpSession(service)

    submission = sessions(smtp.SUBMISSION, smtp.submission_profile(parts.settings, help_url))
    return {
        "smtp": sessions(smtp.MX, smtp.mx_profile(parts.settings, True, help_url), mx_gate),
        "submission": submission,
        "submissions": submission,
    }


def _queue_gauge(parts: Services) -> Gauge:
    def read() -> Mapping[str, float]:
        health = parts.queue.health()
        return {
            "messages": health.messages,
            "waiting": health.waiting,
            "deferred": health.deferred,
            "held": health.held,
            "overdue": health.overdue,
        }

    return Gauge("alphorn_queue", "What is in the outbound queue.", "state", read)


_PARTS: Mapping[Job, Callable[[Seat, Bus], Parts]] = {
    Job.WORKER: WorkerParts,
    Job.KEEPER: KeeperParts,
    Job.WEB: WebParts,
}


def build(seat: Seat, bus: Bus) -> Parts:
    """As `servers.worker.Build`."""
    return _PARTS[seat.job](seat, bus)
