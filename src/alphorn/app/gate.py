"""What guards the MX port, as the settings say."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence

from alphorn.app import door
from alphorn.app.own_addresses import OwnAddresses
from alphorn.base import settings as table
from alphorn.base.settings import Settings, SettingsError
from alphorn.directory.view import DirectoryView
from alphorn.dns.lists import ListZone, read_codes
from alphorn.policy import helo
from alphorn.servers.listeners import Bound
from alphorn.servers.resolver import resolver
from alphorn.servers.services import Services
from alphorn.servers.smtp.gate import Gate
from alphorn.servers.smtp.inquiry import Questions

WEIGHT = 2.5
"""What being on a list weighs where nothing is said."""


def gate(
    parts: Services,
    bound: Sequence[Bound],
    loop: asyncio.AbstractEventLoop,
) -> Gate:
    """For a worker, on its event loop."""
    settings = parts.settings
    fakes = frozenset(name.lower() for name in settings[table.MX_FAKE_NAMES])
    return Gate(
        Questions(
            resolver=resolver(settings),
            hostname=settings[table.HOSTNAME],
            zones=zones(settings),
            fakes=frozenset(helo.KNOWN_FAKES) | fakes,
            own_names=OwnNames(settings[table.HOSTNAME], parts.view),
            own_addresses=OwnAddresses(bound),
            exempt=parts.door.exempt,
            seconds=settings[table.MX_DNS_SECONDS],
        ),
        parts.door,
        door.manners(settings, parts.door, loop),
        parts.examiner,
        help_for(settings),
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


def help_for(settings: Settings) -> Callable[[str], str]:
    """Where there is help about a refusal, by the name of its page."""
    url = settings[table.HELP_URL]
    if url:
        return lambda page: f"{url.rstrip('/')}/{page}"
    postmaster = settings[table.POSTMASTER] or f"postmaster@{settings[table.HOSTNAME]}"
    return lambda page: postmaster


def zones(settings: Settings) -> tuple[ListZone, ...]:
    """The lists in the DNS. Raises SettingsError with all that is wrong with them."""
    found: list[ListZone] = []
    errors: list[str] = []
    for setting in (table.MX_BLOCK_LISTS, table.MX_ALLOW_LISTS):
        for entry in settings[setting]:
            try:
                found.append(_zone(entry, block=setting is table.MX_BLOCK_LISTS))
            except ValueError as error:
                errors.append(f"{setting.key}: {entry!r} {error}")
    if errors:
        raise SettingsError(tuple(errors))
    return tuple(found)


def _zone(entry: str, *, block: bool) -> ListZone:
    name, *words = entry.lower().split()
    if "." not in name:
        raise ValueError("is to begin with the name of a zone")
    weight, refuses, codes = WEIGHT, False, []
    for word in words:
        if word == "refuse" and block:
            refuses = True
        elif ("." in word and word.count(".") >= 3) or word.startswith("&"):
            codes.append(word)
        else:
            try:
                weight = float(word)
            except ValueError:
                raise ValueError(f"has the word {word!r}, which is not understood") from None
    return ListZone(
        name, "block" if block else "allow", read_codes(" ".join(codes)), weight, refuses
    )
