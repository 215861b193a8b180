"""The doorkeeper, as the settings say."""

from alphorn.base import settings as table
from alphorn.base.door import Offence
from alphorn.base.layout import Layout
from alphorn.base.network import Networks
from alphorn.base.settings import Settings
from alphorn.operations.doorkeeper import Doorkeeper, DoorSettings
from alphorn.policy import bans, greylist, reputation
from alphorn.store.door import Door


def doorkeeper(layout: Layout, settings: Settings, lenient: bool) -> Doorkeeper:
    """Opens nothing yet. `lenient` leaves clients on loopback alone."""
    return Doorkeeper(Door(layout.door), door_settings(settings, lenient))


def door_settings(settings: Settings, lenient: bool) -> DoorSettings:
    exempt = settings[table.DOOR_EXEMPT]
    return DoorSettings(
        greylisting=settings[table.GREYLIST_ENABLED],
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
