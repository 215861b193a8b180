"""The engines that the settings ask for."""

from alphorn.base import settings as table
from alphorn.base.settings import Settings
from alphorn.policy.engines import OnFailure, RspamdRules, Scoring
from alphorn.servers.engines.clamav import Clamd
from alphorn.servers.engines.engines import ClamavPart, Engines, Report, RspamdPart, unreported
from alphorn.servers.engines.rspamd import Rspamd


def engines(settings: Settings, report: Report = unreported) -> Engines:
    """New ones, for one event loop. Nothing is connected yet."""
    worker, clamd = scanner(settings), virus_scanner(settings)
    return Engines(
        rspamd=None
        if worker is None
        else RspamdPart(
            worker,
            RspamdRules(
                on_failure=OnFailure(settings[table.ENGINES_RSPAMD_ON_FAILURE]),
                scoring=Scoring(settings[table.ENGINES_RSPAMD_SCORE]),
                weight=settings[table.ENGINES_RSPAMD_WEIGHT],
                actions=settings[table.ENGINES_RSPAMD_ACTIONS],
            ),
            settings[table.ENGINES_RSPAMD_MAX_MESSAGE],
        ),
        clamav=None
        if clamd is None
        else ClamavPart(
            clamd,
            OnFailure(settings[table.ENGINES_CLAMAV_ON_FAILURE]),
            settings[table.ENGINES_CLAMAV_MAX_MESSAGE],
        ),
        report=report,
    )


def scanner(settings: Settings) -> Rspamd | None:
    """Rspamd's worker that examines messages."""
    endpoint = settings[table.ENGINES_RSPAMD]
    if endpoint is None:
        return None
    return Rspamd(
        endpoint,
        settings[table.ENGINES_RSPAMD_TIMEOUT],
        settings[table.ENGINES_CONNECTIONS],
        settings_id=settings[table.ENGINES_RSPAMD_SETTINGS],
        hostname=settings[table.HOSTNAME],
    )


def controller(settings: Settings) -> Rspamd | None:
    """Rspamd's controller, which learns; for one event loop, as all of these."""
    endpoint = settings[table.ENGINES_RSPAMD_CONTROLLER]
    if endpoint is None:
        return None
    return Rspamd(
        endpoint,
        settings[table.ENGINES_RSPAMD_TIMEOUT],
        settings[table.ENGINES_CONNECTIONS],
        password=settings[table.ENGINES_RSPAMD_PASSWORD],
    )


def virus_scanner(settings: Settings) -> Clamd | None:
    endpoint = settings[table.ENGINES_CLAMAV]
    if endpoint is None:
        return None
    return Clamd(
        endpoint, settings[table.ENGINES_CLAMAV_TIMEOUT], settings[table.ENGINES_CONNECTIONS]
    )
