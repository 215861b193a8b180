"""One service for all tests of this folder that leave it running.

Each file has people of its own, so that files do not meet in a mailbox.
"""

from collections.abc import Iterator

import pytest

from tests.end_to_end.tools import PASSWORD
from tests.support.dns import DnsServer, Fault
from tests.support.service import Service, running

PEOPLE = (
    "anna", "ben",  # sending
    "carl", "dora",  # reading
    "ida",  # mbsync
    "max", "nora",  # neomutt
    "olga", "paul",  # operator
    "quinn",  # quota
    "sarah",  # scripts
    "tina",  # scripts on what happens in mailboxes
)  # fmt: skip


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Mail for elsewhere.test stays in its queue, as the DNS has trouble there."""
    accounts = {f"{name}@example.test": PASSWORD for name in PEOPLE}
    with DnsServer({"elsewhere.test": Fault.SERVFAIL}) as dns:
        settings = f'[dns]\nservers = ["127.0.0.1:{dns.address[1]}"]\n'
        with running(tmp_path_factory.mktemp("whole"), accounts, settings=settings) as service:
            yield service
