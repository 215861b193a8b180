"""Brings Django up over one database, without a settings module, and keeps its schema current.

Only processes that change the control plane need this; the hot path (`directory.view`) reads the
same file without Django.
"""

import os
from pathlib import Path
from threading import Lock

from alphorn.base.errors import Unavailable
from alphorn.directory import configuration

_lock = Lock()


def prepare() -> None:
    """Configure Django, without a database yet. Idempotent; `directory.orm` calls it."""
    import django
    from django.conf import settings

    with _lock:
        if not settings.configured:
            settings.configure(
                DATABASES={"default": configuration.sqlite_database(None)},
                INSTALLED_APPS=list(configuration.INSTALLED_APPS),
                DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
                USE_TZ=True,
                LOGGING_CONFIG=None,
            )
            django.setup(set_prefix=False)


def setup(database: Path) -> None:
    """Let the ORM work on this file, which need not exist yet. Idempotent.

    Called again with another file, the process moves there; no thread may be using the first one.
    """
    prepare()
    from django.db import connections

    with _lock:
        entry = connections.settings["default"]
        if entry["NAME"] != str(database):
            connections.close_all()
            entry["NAME"] = str(database)


def migrate() -> None:
    """Create the schema, or bring it up to this version; quick where there is nothing to do.

    Run it in one process before others use the database. The file is readable by its owner only.
    Raises Unavailable where the database cannot be written.
    """
    from django.core.management import call_command
    from django.db import DatabaseError, connections

    path = Path(connections.settings["default"]["NAME"])
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if pending():
            call_command("migrate", verbosity=0, interactive=False)
    except (OSError, DatabaseError) as error:
        raise Unavailable(f"The control database {path} cannot be written: {error}.") from error


def pending() -> bool:
    """Whether `migrate` has something to do."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def close_connections() -> None:
    """Close this thread's connection: before a fork, for SQLite forbids carrying one across."""
    from django.db import connections

    connections.close_all()
