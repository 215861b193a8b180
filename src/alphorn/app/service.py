"""`alphorn serve`: the supervisor with everything wired in.

This module imports all that a worker needs, so that the workers share the memory of it.
"""

import logging
import sys
from collections.abc import Callable, Sequence

from alphorn.app import parts
from alphorn.app.installation import read_settings
from alphorn.base import settings as table
from alphorn.base.settings import Settings
from alphorn.servers import logs, worker
from alphorn.servers.launch import Launch
from alphorn.servers.listeners import Bound, bindings
from alphorn.servers.supervisor import Plan, Supervisor
from alphorn.servers.tls import tls_files
from alphorn.servers.worker import Seat

_log = logging.getLogger(__name__)
Ready = Callable[[Sequence[Bound]], None]


def serve(launch: Launch) -> int:
    """Run the service until it is told to stop; the exit code."""
    return run(launch, lambda settings: prepare_data(launch), _say_ready)


def check(launch: Launch) -> int:
    """Whether the settings are right; raises SettingsError, Refused with what is not."""
    settings = read_settings(launch.data)
    bindings(settings, launch.active_roles(settings), launch.local, launch.port_offset)
    tls_files(launch.data, settings).load()
    return 0


def run(launch: Launch, prepare: Callable[[Settings], None], ready: Ready) -> int:
    """`prepare` runs in a process of its own before the workers, `ready` when all answer."""
    settings = read_settings(launch.data)
    logs.configure(settings[table.LOG_FORMAT], settings[table.LOG_LEVEL], sys.stderr)
    logs.name_process("supervisor")
    plan = Plan(
        read_settings=lambda: read_settings(launch.data),
        prepare=prepare,
        work=_work,
        ready=ready,
    )
    return Supervisor(launch, plan).run()


def prepare_data(launch: Launch) -> None:
    """Bring the control database up to this version. Raises Unavailable."""
    from alphorn.directory.setup import migrate, setup

    setup(launch.layout.control)
    migrate()


def _work(seat: Seat) -> int:
    settings = seat.settings
    logs.configure(settings[table.LOG_FORMAT], settings[table.LOG_LEVEL], sys.stderr)
    return worker.run(seat, parts.build)


def _say_ready(bound: Sequence[Bound]) -> None:
    _log.info("ready: %s", ", ".join(str(one.binding) for one in bound))
