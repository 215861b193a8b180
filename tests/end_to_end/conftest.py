"""One service for all tests of this folder that leave it running.

Each file has people of its own, so that files do not meet in a mailbox.
"""

from collections.abc import Iterator

import pytest

from tests.end_to_end.tools import NO_DNS, PASSWORD
from tests.support.service import Service, running

PEOPLE = (
    "anna", "ben",  # sending
    "carl", "dora",  # reading
    "ida",  # mbsync
    "max", "nora",  # neomutt
    "olga", "paul",  # operator
    "quinn",  # quota
)  # fmt: skip


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Mail for other servers stays in its queue, as no DNS answers."""
    accounts = {f"{name}@example.test": PASSWORD for name in PEOPLE}
    with running(tmp_path_factory.mktemp("whole"), accounts, settings=NO_DNS) as service:
        yield service
