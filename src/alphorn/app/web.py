"""What the web's process runs: it alone loads Django, and none of what carries mail."""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence

from alphorn.app.door import doorkeeper
from alphorn.app.help import contact, help_url, https_port
from alphorn.base import settings as table
from alphorn.base.errors import Unavailable
from alphorn.operations import door
from alphorn.servers.bus import Bus
from alphorn.servers.connection import Session
from alphorn.servers.http.redirect import HTTPS_PORT, Redirect
from alphorn.servers.http.session import HttpService, HttpSession
from alphorn.servers.listeners import WEB, Listener
from alphorn.servers.metrics import Gauge
from alphorn.servers.rates import Rates
from alphorn.servers.resolver import resolver
from alphorn.servers.worker import Seat
from alphorn.servers.zones import zones

CHECKS_AT_ONCE = 2
"""Of the three threads that answer requests, so that one is left for pages."""
CHECK_SECONDS = 8.0
CHECKS_WINDOW = 600.0
"""In which `web.checks` may come from a client network."""


class WebParts:
    """Implements `servers.worker.Parts`. The banned are let in: here they learn that they are, and
    why."""

    gauges: Sequence[Gauge] = ()
    asking: Mapping[str, Callable[[str], ssl.SSLContext | None]] = {}
    tasks: Sequence[Callable[[], Awaitable[None]]] = ()

    def __init__(self, seat: Seat, bus: Bus) -> None:
        # Here and not above: what the supervisor imports is in every process.
        from alphorn.web.application import Application
        from alphorn.web.limits import Frequency
        from alphorn.web.site import Service, Site

        settings, launch = seat.settings, seat.launch
        hostname = settings[table.HOSTNAME]
        self._checks = Checks(seat)
        hosts = (hostname, *(_neighbours(seat) if launch.local else ()))
        port = https_port(seat.offered) or HTTPS_PORT
        site = Site(
            hostname=hostname,
            hosts=hosts,
            local=launch.local,
            postmaster=contact(settings),
            help_url=help_url(settings, seat.offered, launch.local) or f"https://{hostname}/help/",
            services=tuple(
                Service(one.listener.name, one.port, one.listener.security.value)
                for one in dict.fromkeys(seat.offered)
            ),
            checks=Frequency(settings[table.WEB_CHECKS], CHECKS_WINDOW),
            blocked=self._checks.ask,
        )
        pages = HttpService(Application(site))
        redirect = HttpService(Redirect(hostname, hosts, port), quick=True)
        self.sessions: Mapping[str, Callable[[], Session]] = {
            "https": lambda: HttpSession(pages),
            "http": lambda: HttpSession(redirect),
        }
        self.turn_away: Callable[[Listener, str], bytes | None] = lambda listener, client: None

    def close(self) -> None:
        self._checks.close()


def _neighbours(seat: Seat) -> tuple[str, ...]:
    """What browsers on this machine call it by, with `--local`."""
    addresses = (one.address for one in seat.offered if one.listener.role == WEB)
    named = (f"[{one}]" if ":" in one else one for one in addresses)
    return tuple(dict.fromkeys(("localhost", *named)))


class Checks:
    """Asks on the event loop, for threads, whether an address is blocked."""

    def __init__(self, seat: Seat) -> None:
        settings = seat.settings
        self._loop = asyncio.get_running_loop()
        self._keeper = doorkeeper(seat.launch.layout, settings, seat.launch.lenient)
        self._zones = [zone for zone in zones(settings) if zone.kind == "block"]
        self._resolver = resolver(settings) if self._zones else None
        self._limit = settings[table.DOOR_CONNECTIONS]
        self._rates: Rates | None = None
        try:
            window = settings[table.DOOR_CONNECTIONS_WINDOW]
            self._rates = Rates(seat.launch.layout.rates, self._limit, window)
        except Unavailable:
            pass  # the workers say so
        self._room = threading.Semaphore(CHECKS_AT_ONCE)

    def ask(self, address: str, language: str) -> door.Answer:
        """In a thread. Raises Refused("address"), and Unavailable where too many ask or the answer
        is not there in time."""
        if not self._room.acquire(blocking=False):
            raise Unavailable("Too many ask at the moment.", code="busy")
        try:
            asked = door.blocked(
                self._keeper, address, self._resolver, self._zones, self._connections, language
            )
            future = asyncio.run_coroutine_threadsafe(asked, self._loop)
            try:
                return future.result(CHECK_SECONDS)
            except TimeoutError:
                future.cancel()
                raise Unavailable("It took too long to find out.", code="busy") from None
        finally:
            self._room.release()

    def close(self) -> None:
        self._keeper.close()
        if self._rates is not None:
            self._rates.close()

    def _connections(self, client: str, now: float) -> tuple[int, int]:
        return (self._rates.count(client, now) if self._rates is not None else 0), self._limit
