"""The DNS resolver that the settings ask for."""

from alphorn.base import settings as table
from alphorn.base.settings import Settings
from alphorn.dns.stub import StubResolver


def resolver(settings: Settings) -> StubResolver:
    """A new one, for one event loop."""
    servers = [
        (place.address, place.port)
        for place in settings[table.DNS_SERVERS]
        if place.address is not None
    ]
    return StubResolver(servers or None, timeout=settings[table.DNS_TIMEOUT])
