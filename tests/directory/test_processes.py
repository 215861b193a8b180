"""What one process commits the next look-up of another one sees, without being told."""

import subprocess
import sys
import threading
from pathlib import Path

from alphorn.operations import accounts, addresses, domains
from alphorn.operations.control import NewAccount
from tests.support.installation import Installation

# Asks for each line's address on a view that stays open, as a worker does.
WORKER = """
import sys
from pathlib import Path
from alphorn.directory import keys
from alphorn.directory.view import DirectoryView

view = DirectoryView(Path(sys.argv[1]), keys.load(Path(sys.argv[2])))
for line in sys.stdin:
    local, _, domain = line.strip().rpartition("@")
    route = view.route(local, domain)
    print(route.account.address if route and route.account else "-", flush=True)
assert "django" not in sys.modules
"""


class Worker:
    def __init__(self, installation: Installation) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(installation.database),
             str(installation.folder / "keys")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def where(self, address: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(address + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        self._process.communicate(timeout=30)
        assert self._process.returncode == 0


def test_every_worker_sees_the_next_change(installation: Installation) -> None:
    installation.domain()
    workers = [Worker(installation), Worker(installation)]
    control = installation.control
    for worker in workers:
        assert worker.where("anna@example.test") == "-"
    installation.account("anna@example.test")
    for worker in workers:
        assert worker.where("anna@example.test") == "anna@example.test"
        assert worker.where("alias@example.test") == "-"
    for _ in range(20):
        addresses.add_alias(control, "alias@example.test", "anna@example.test")
        for worker in workers:
            assert worker.where("alias@example.test") == "anna@example.test"
        addresses.remove_address(control, "alias@example.test")
        for worker in workers:
            assert worker.where("alias@example.test") == "-"
    domains.enable_domain(control, "example.test", on=False)
    for worker in workers:
        assert worker.where("anna@example.test") == "-"
        worker.close()


ADDER = """
import sys
from pathlib import Path
from alphorn.directory import keys
from alphorn.directory.setup import setup
from alphorn.operations.accounts import add_account
from alphorn.operations.control import Control, NewAccount
from alphorn.base.errors import Exists, Refused
from tests.support.installation import Folders

folder = Path(sys.argv[1])
setup(folder / "control.sqlite")
control = Control(Folders(folder / "accounts"), keys.load(folder / "keys"), "mx", 1000)
made = 0
for number in range(int(sys.argv[2])):
    try:
        add_account(control, NewAccount(f"user{number}@example.test"))
    except Exists:
        continue
    except Refused as error:
        assert error.code == "address-quota", error
        continue
    made += 1
print(made)
"""


def test_processes_that_add_the_same_addresses(installation: Installation) -> None:
    """Each address is made once, the plan's quota is not passed, and every account has its file."""
    from dataclasses import replace

    from alphorn.directory.values import PlanLimits
    from alphorn.operations import plans

    installation.domain()
    limits = replace(PlanLimits(), address_quota=25)
    plans.change_plan(installation.control, "Standard", limits)
    root = Path(__file__).resolve().parents[2]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ADDER, str(installation.folder), "30"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
        )
        for _ in range(2)
    ]
    made = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(made) == 25
    listed = accounts.list_accounts(installation.control)
    assert len({info.address for info in listed}) == 25
    assert sorted(info.id for info in listed) == list(installation.store.accounts())


def test_threads_look_up_while_another_writes(installation: Installation) -> None:
    """A look-up never sees half of a change: an alias and its account come and go together."""
    installation.domain()
    control, view = installation.control, installation.view
    stop = threading.Event()
    wrong: list[object] = []

    def look() -> None:
        while not stop.is_set():
            route = view.route("ben", "example.test")
            if route is not None and (
                route.account is None or route.account.address != "ben@example.test"
            ):
                wrong.append(route)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        accounts.add_account(control, NewAccount("ben@example.test"))
        assert view.route("ben", "example.test") is not None
        accounts.remove_account(control, "ben@example.test")
        assert view.route("ben", "example.test") is None
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
