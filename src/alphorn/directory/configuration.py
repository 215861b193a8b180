"""How Django is configured here: the ORM and migrations over one database, nothing else.

SQLite: WAL with `synchronous=FULL`, so that what an operation returned from survives a power cut;
transactions take the write lock when they begin (IMMEDIATE), so that what was checked still holds
when it is written and no transaction fails half-way for a lock; a writer waits `BUSY_SECONDS` for
another one.
"""

from pathlib import Path

BUSY_SECONDS = 10
INSTALLED_APPS = ("alphorn.directory",)


def sqlite_database(path: Path | None) -> dict[str, object]:
    """Django's entry in DATABASES for a SQLite file; None where it is named later."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path) if path else "",
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": BUSY_SECONDS,
            "transaction_mode": "IMMEDIATE",
            "init_command": (
                "PRAGMA journal_mode=WAL;"
                "PRAGMA synchronous=FULL;"
                "PRAGMA journal_size_limit=4194304;"
                "PRAGMA cache_size=-1024;"
            ),
        },
    }
