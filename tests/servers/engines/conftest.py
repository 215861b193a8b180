"""The daemons, once for all tests of a process."""

from collections.abc import Iterator

import pytest

from tests.support import engines
from tests.support.engines import ClamDaemon, RspamdDaemon


@pytest.fixture(scope="session")
def rspamd() -> Iterator[RspamdDaemon]:
    with engines.rspamd() as daemon:
        yield daemon


@pytest.fixture(scope="session")
def clamd() -> Iterator[ClamDaemon]:
    with engines.clamd() as daemon:
        yield daemon
