"""What guards the MX port, as the settings say."""

import asyncio
from collections.abc import Collection, Iterator, Sequence

from alphorn.app import door
from alphorn.app.own_addresses import OwnAddresses
from alphorn.base import settings as table
from alphorn.base.help import Help
from alphorn.directory.view import DirectoryView
from alphorn.policy import helo
from alphorn.servers.listeners import Bound
from alphorn.servers.resolver import resolver
from alphorn.servers.services import Services
from alphorn.servers.smtp.gate import Gate
from alphorn.servers.smtp.inquiry import Questions
from alphorn.servers.zones import link_zones, zones


def gate(
    parts: Services,
    bound: Sequence[Bound],
    loop: asyncio.AbstractEventLoop,
    help: Help,
) -> Gate:
    """For a worker, on its event loop."""
    settings = parts.settings
    fakes = frozenset(name.lower() for name in settings[table.MX_FAKE_NAMES])
    return Gate(
        Questions(
            resolver=resolver(settings),
            hostname=settings[table.HOSTNAME],
            zones=zones(settings),
            name_zones=link_zones(settings),
            fakes=frozenset(helo.KNOWN_FAKES) | fakes,
            own_names=OwnNames(settings[table.HOSTNAME], parts.view),
            own_addresses=OwnAddresses(bound),
            exempt=parts.door.exempt,
            seconds=settings[table.MX_DNS_SECONDS],
        ),
        parts.door,
        door.manners(settings, parts.door, loop),
        parts.examiner,
        help,
    )


class OwnNames(Collection[str]):
    """This server's name and those of the domains it takes mail for."""

    def __init__(self, hostname: str, view: DirectoryView) -> None:
        self._hostname = hostname
        self._view = view

    def __contains__(self, name: object) -> bool:
        return name == self._hostname or (
            isinstance(name, str) and self._view.domain(name) is not None
        )

    def __iter__(self) -> Iterator[str]:
        return iter((self._hostname,))

    def __len__(self) -> int:
        return 1
