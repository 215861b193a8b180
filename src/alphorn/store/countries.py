"""In which country an address is, by a database that the operator downloads (`store.mmdb`).

Two shapes of records are read: `country.iso_code` with `country.names` by language, as MaxMind and
DB-IP have it, and a `country_code` or `country` of two letters beside other fields. The file may be
missing, damaged, of another kind, and replaced or overwritten at any time: `Countries` looks for
that once a minute, logs what it finds, and knows of no country as long as it cannot read it.
"""

import logging
import os
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from alphorn.base.country import Country
from alphorn.base.errors import Refused
from alphorn.base.network import address_of
from alphorn.store.mmdb import Mmdb, MmdbError, Value

LANGUAGES = ("en", "de", "fr", "it", "es")
MAX_NAME = 60
LOOK_SECONDS = 60.0

_log = logging.getLogger(__name__)

Stamp = tuple[int, int, int]


class CountryFile:
    """The file as it is now. `kind` is what it calls itself, `built` seconds UTC (0: unsaid)."""

    def __init__(self, path: Path) -> None:
        """Raises Refused with a sentence for the operator."""
        try:
            self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise Refused(f"{path} cannot be read: {error.strerror}.", code="geo") from error
        try:
            self.stamp = _stamp(os.fstat(self._handle))
            self._base = Mmdb(self._read, os.fstat(self._handle).st_size)
            kind = self._base.description.get("database_type")
            self.kind = _clean(kind) if isinstance(kind, str) else ""
            self.built = float(self._base.number("build_epoch"))
            if not any(country_of(value) for value in self._base.some()):
                text = f"{path} says nothing of countries ({self.kind or 'unnamed'})."
                raise Refused(text, code="geo")
        except (MmdbError, OSError) as error:
            os.close(self._handle)
            why = error.strerror if isinstance(error, OSError) else error
            raise Refused(f"{path} cannot be used: {why}.", code="geo") from error
        except BaseException:
            os.close(self._handle)
            raise

    def country(self, address: IPv4Address | IPv6Address) -> Country | None:
        """Raises MmdbError, OSError where the file was changed under our hands."""
        return country_of(self._base.get(address))

    def close(self) -> None:
        os.close(self._handle)

    def _read(self, offset: int, count: int) -> bytes:
        return os.pread(self._handle, count, offset)


class Countries:
    """One for a process, made after a fork; opens its file at the first question. For one thread
    at a time."""

    def __init__(self, path: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Without a path nothing is ever known."""
        self._path = path
        self._clock = clock
        self._looked: float | None = None
        self._stamp: Stamp | None = None
        self._file: CountryFile | None = None
        self._failed = False

    def of(self, peer: str) -> Country | None:
        """Where a client is; None where that is not known. Never raises."""
        if self._path is None:
            return None
        file = self._current(self._path)
        if file is None:
            return None
        try:
            return file.country(address_of(peer))
        except MmdbError as error:
            if not self._failed:
                _log.warning("%s is damaged: %s", self._path, error)
            self._failed = True
        except (ValueError, OSError):
            pass  # no address; the file is looked at again within a minute
        return None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _current(self, path: Path) -> CountryFile | None:
        now = self._clock()
        if self._looked is not None and now - self._looked < LOOK_SECONDS:
            return self._file
        first, self._looked = self._looked is None, now
        try:
            stamp = _stamp(os.stat(path))
        except OSError:
            stamp = None
        if first or stamp != self._stamp:
            self.close()
            self._stamp, self._failed = stamp, False
            try:
                self._file = CountryFile(path)
                self._stamp = self._file.stamp
                _log.info("countries are told by %s (%s)", path, self._file.kind)
            except Refused as error:
                _log.warning("logins are not told apart by country: %s", error.text)
        return self._file


def country_of(value: Value) -> Country | None:
    """What a record says, in either shape."""
    if not isinstance(value, dict):
        return None
    inner = value.get("country")
    if isinstance(inner, dict):
        names = inner.get("names")
        return _country(inner.get("iso_code"), names if isinstance(names, dict) else {})
    return _country(value.get("country_code"), {}) or _country(inner, {})


def _country(code: Value, names: dict[str, Value]) -> Country | None:
    if not (isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha()):
        return None
    kept = {language: names.get(language) for language in LANGUAGES}
    shown = {language: _clean(name) for language, name in kept.items() if isinstance(name, str)}
    return Country(code.upper(), {language: name for language, name in shown.items() if name})


def _clean(text: str) -> str:
    """Fit to be shown in a line; "" where it is not."""
    return text[:MAX_NAME].strip() if text.isprintable() else ""


def _stamp(stat: os.stat_result) -> Stamp:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
