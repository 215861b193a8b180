"""Can the database of countries be read, and is it young enough to be right?"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from alphorn.base.errors import Refused
from alphorn.cli.checks.finding import Finding, error, ok, warning
from alphorn.store.countries import CountryFile

CHECK = "countries"
OLD_DAYS = 183
DAY = 86400


def check(path: Path | None, now: float) -> Iterator[Finding]:
    """Nothing where none is set."""
    if path is None:
        return
    try:
        file = CountryFile(path)
    except Refused as problem:
        yield error(
            CHECK,
            problem.text,
            "Logins are not told apart by country. Download it anew, or correct geo.database.",
        )
        return
    file.close()
    name = file.kind or path.name
    days = int((now - file.built) // DAY)
    if not file.built:
        yield ok(CHECK, f"{name} tells countries; it does not say when it was made.")
    elif days > OLD_DAYS:
        yield warning(
            CHECK,
            f"{name} is {days} days old: addresses have moved since.",
            f"Download a new one and put it in the place of {path}.",
        )
    else:
        made = datetime.fromtimestamp(file.built, UTC)
        yield ok(CHECK, f"{name} of {made:%Y-%m-%d} tells countries.")
