from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.smtp.serving import Ports, serving
from tests.support.mailhouse import MailHouse


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MailHouse]:
    made = MailHouse(tmp_path)
    yield made
    made.close()


@pytest.fixture
def ports(house: MailHouse, tmp_path: Path) -> Iterator[Ports]:
    with serving(house, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def ports_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    """One server for many tests that do not look at what others left."""
    folder = tmp_path_factory.mktemp("house")
    house = MailHouse(folder)
    with serving(house, folder) as made:
        yield made
    house.close()
