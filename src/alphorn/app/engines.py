"""The engines beside ours, as the settings say."""

from collections.abc import Callable

from alphorn.base import settings as table
from alphorn.base.settings import Settings
from alphorn.servers.engines import settings as configured
from alphorn.servers.engines.engines import Engines, Report, unreported
from alphorn.servers.engines.teacher import Teacher

Tell = Callable[[bytes, bool], None]
"""Told a message and whether a person says that it is spam."""


def engines(settings: Settings, report: Report = unreported) -> Engines:
    """For one worker, used on its event loop; `report` is `Metrics.engine`. Nothing is connected
    yet."""
    return configured.engines(settings, report)


def teller(settings: Settings) -> Tell | None:
    """Tells the engines that learn; None where there is none. For any thread."""
    if settings[table.ENGINES_RSPAMD_CONTROLLER] is None:
        return None
    teacher = Teacher(
        lambda: configured.controller(settings), settings[table.ENGINES_RSPAMD_MAX_MESSAGE]
    )

    def tell(raw: bytes, spam: bool) -> None:
        teacher.teach(raw, spam)

    return tell
