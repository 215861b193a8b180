from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.servers.smtp.serving import Ports, serving
from tests.support.dialog import play
from tests.support.gatehouse import GateHouse, Guard, limits
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


class Guarded(GateHouse):
    """A guarded house and its ports."""

    ports: Ports

    @property
    def server(self) -> tuple[str, int]:
        return "127.0.0.1", self.ports.numbers["mx"]

    def play(self, script: str, source: str, **messages: bytes) -> None:
        play(self.server, script, source=source, **messages)


@pytest.fixture
def open_gate(tmp_path: Path) -> Iterator[Callable[..., Guarded]]:
    """Opens a house with a chosen `Guard`."""
    with ExitStack() as stack:

        def begin(guard: Guard | None = None, **options: Any) -> Guarded:
            made = Guarded(tmp_path, guard)
            stack.callback(made.close)
            made.ports = stack.enter_context(
                serving(made.house, tmp_path, guard=made.gate, **options)
            )
            return made

        yield begin


@pytest.fixture(scope="module")
def smuggling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """One guarded house for many tests that count what they changed; without greylisting."""
    folder = tmp_path_factory.mktemp("guarded")
    made = Guarded(folder, Guard(door=limits(ahead=1_000_000)))
    made.protect("example.test", greylisting=False)
    with serving(made.house, folder, guard=made.gate) as made.ports:
        yield made
    made.close()


@pytest.fixture
def guarded(open_gate: Callable[..., Guarded]) -> Guarded:
    return open_gate()
