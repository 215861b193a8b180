"""Who stands at the door, as the settings say."""

import asyncio
import logging

from alphorn.base import settings as table
from alphorn.base.door import Offence
from alphorn.base.errors import Unavailable
from alphorn.base.help import Help
from alphorn.base.layout import Layout
from alphorn.base.network import Networks
from alphorn.base.settings import Settings
from alphorn.operations.doorkeeper import Doorkeeper, DoorSettings
from alphorn.policy import bans, greylist, reputation
from alphorn.servers.doorman import Doorman
from alphorn.servers.pauses import Pauses
from alphorn.servers.rates import Rates
from alphorn.servers.smtp.manners import Manners, MannersSettings
from alphorn.store.door import Door

_log = logging.getLogger(__name__)


def doorkeeper(layout: Layout, settings: Settings, lenient: bool) -> Doorkeeper:
    """Opens nothing yet. `lenient` leaves clients on loopback alone."""
    return Doorkeeper(Door(layout.door), door_settings(settings, lenient))


def door_settings(settings: Settings, lenient: bool) -> DoorSettings:
    exempt = settings[table.DOOR_EXEMPT]
    return DoorSettings(
        greylisting=settings[table.PROTECTION_GREYLISTING],
        max_records=settings[table.GREYLIST_RECORDS],
        exempt=Networks(exempt),
        exempt_loopback=lenient,
        greylist=greylist.Settings(
            wait=settings[table.GREYLIST_WAIT],
            retry_within=settings[table.GREYLIST_RETRY_WITHIN],
            keep=settings[table.GREYLIST_KEEP],
            passes=settings[table.GREYLIST_PASSES],
        ),
        reputation=reputation.Settings(
            good=settings[table.DOOR_GOOD_MESSAGES], half_life=settings[table.DOOR_HALF_LIFE]
        ),
        bans=bans.Settings(
            limits={
                Offence.DICTIONARY: settings[table.BAN_UNKNOWN_RECIPIENTS],
                Offence.EARLY: settings[table.BAN_EARLY_TALKING],
                Offence.AHEAD: settings[table.BAN_SENDING_AHEAD],
                Offence.LOGINS: settings[table.BAN_FAILED_LOGINS],
                Offence.SPAM: settings[table.BAN_SPAM],
            },
            window=settings[table.BAN_WINDOW],
            first=settings[table.BAN_FIRST],
            longest=settings[table.BAN_LONGEST],
            memory=settings[table.BAN_MEMORY],
            enabled=settings[table.BAN_ENABLED],
        ),
    )


def doorman(layout: Layout, settings: Settings, keeper: Doorkeeper, help: Help) -> Doorman:
    """For a worker. Where connections cannot be counted, nobody connects too often."""
    rates = None
    try:
        rates = Rates(
            layout.rates, settings[table.DOOR_CONNECTIONS], settings[table.DOOR_CONNECTIONS_WINDOW]
        )
    except Unavailable as error:
        _log.warning("connections are not counted: %s", error.text)
    return Doorman(keeper, rates, help)


def manners(settings: Settings, keeper: Doorkeeper, loop: asyncio.AbstractEventLoop) -> Manners:
    """For a worker. No more than a quarter of all connections is made to wait at a time, so that
    those who are cannot keep others out."""
    return Manners(
        keeper,
        MannersSettings(
            greeting_delay=settings[table.DOOR_GREETING_DELAY] / 1000,
            refuse_early=settings[table.DOOR_EARLY_TALKERS] == "refuse",
            refuse_ahead=settings[table.DOOR_SENDING_AHEAD] == "refuse",
            tarpit_after=settings[table.DOOR_TARPIT_AFTER],
            tarpit_limit=settings[table.DOOR_TARPIT_LIMIT],
        ),
        Pauses(loop, max(1, settings[table.MX_CONNECTIONS] // 4)),
    )
