"""The supervisor and its workers as real processes, with echo sessions."""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGUSR2

import pytest

from tests.support.process import Ports, ServiceProcess, at_once
from tests.support.stage import certificate_files

Start = Callable[..., ServiceProcess]
NOBODY = 65534


@pytest.fixture
def ports() -> Iterator[Ports]:
    ports = Ports()
    yield ports
    ports.release()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "tls").mkdir()
    certificate_files(tmp_path / "tls")
    (tmp_path / "alphorn.toml").write_text('hostname = "one.test"\ndrain = 3\n')
    return tmp_path


@pytest.fixture
def start(data: Path, ports: Ports) -> Iterator[Start]:
    with ExitStack() as stack:

        def begin(workers: int = 2, *words: str) -> ServiceProcess:
            command = [sys.executable, "-m", "tests.support.toyservice", str(data)]
            command += [str(ports.offset), str(workers), *words]
            service = stack.enter_context(ServiceProcess(command))
            service.wait_for("ready")
            return service

        yield begin


class Client:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.file = self.socket.makefile("rb")
        self.word, pid = self.line().split()
        self.worker = int(pid)

    def line(self) -> str:
        return self.file.readline().decode().strip()

    def ask(self, text: str) -> str:
        self.socket.sendall(text.encode() + b"\r\n")
        return self.line()

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *args: object) -> None:
        self.close()


def test_workers_get_a_fair_share_of_connections(start: Start, ports: Ports) -> None:
    start(2)
    one_by_one = [Client(ports["imap"]) for _ in range(20)]
    shares = Counter(client.worker for client in one_by_one)
    assert min(shares.values()) >= 5  # evenly, where no worker is held up for a moment
    assert len(shares) == 2
    for client in one_by_one:
        client.close()

    together: list[Client] = []
    threads = [
        threading.Thread(target=lambda: together.append(Client(ports["smtp"]))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shares = Counter(client.worker for client in together)
    assert min(shares.values()) >= 3
    assert len(shares) == 2
    for client in together:
        client.close()


@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
def test_stop_is_quick_says_goodbye_and_finishes_what_runs(
    start: Start, ports: Ports, number: int
) -> None:
    service = start(2)
    with Client(ports["smtp"]) as idle, Client(ports["smtp"]) as busy:
        busy.socket.sendall(b"sleep\r\n")
        assert idle.ask("hello") == "hello"
        took = service.stop(number)  # type: ignore[arg-type]
        assert busy.file.read() == b"slept\r\nbye\r\n"
        assert idle.file.read() == b"bye\r\n"
    assert took < 10
    assert service.process.returncode == 0


def test_client_that_does_not_let_go_does_not_delay_the_stop(start: Start, ports: Ports) -> None:
    service = start(1)
    clients = [Client(ports["imap"]) for _ in range(50)]
    assert service.stop() < 10
    for client in clients:
        client.close()


def test_dead_worker_is_replaced_and_the_others_go_on(start: Start, ports: Ports) -> None:
    service = start(2)
    service.expect_errors = True
    with ExitStack() as clients:
        first = second = clients.enter_context(Client(ports["smtp"]))
        for _ in range(50):  # a worker that is busy for a moment leaves a connection to another
            if second.worker != first.worker:
                break
            second = clients.enter_context(Client(ports["smtp"]))
        assert first.worker != second.worker
        assert first.ask("crash") == ""
        service.wait_for("a worker died")
        assert second.ask("still") == "still"
        workers = set()
        until = time.monotonic() + 90
        while len(workers - {first.worker}) < 2 and time.monotonic() < until:
            with Client(ports["smtp"]) as next_one:
                workers.add(next_one.worker)
        assert len(workers - {first.worker}) == 2


def test_workers_end_with_a_supervisor_that_is_killed(start: Start, ports: Ports) -> None:
    service = start(1)
    with Client(ports["smtp"]) as client:
        service.signal(SIGKILL)
        assert client.file.read() == b"bye\r\n"


def test_changed_settings_come_with_new_workers(start: Start, ports: Ports, data: Path) -> None:
    service = start(2)
    with Client(ports["smtp"]) as old:
        (data / "alphorn.toml").write_text('hostname = "two.test"\ndrain = 3\n')
        service.signal(SIGHUP)
        service.wait_for("new workers have taken over")
        assert old.ask("still there") == "still there"  # it is given time
        words = set()
        until = time.monotonic() + 90
        while "two.test" not in words and time.monotonic() < until:
            with Client(ports["smtp"]) as new:  # an old worker may be about to hear of it
                words.add(new.word)
        assert "two.test" in words
        assert old.file.read() == b"bye\r\n"  # but not for ever


def test_wrong_settings_change_nothing_and_are_all_named(
    start: Start, ports: Ports, data: Path
) -> None:
    service = start(1)
    service.expect_errors = True
    with Client(ports["smtp"]) as client:
        (data / "alphorn.toml").write_text("hostname = 1\nworker = 2\n")
        service.signal(SIGHUP)
        service.wait_for("hostname is to be a string")
        service.wait_for("worker is not a setting; is workers meant?")
        assert client.ask("same") == "same"
        with Client(ports["smtp"]) as another:
            assert another.worker == client.worker


def test_workers_that_do_not_get_ready_are_given_up(start: Start, ports: Ports, data: Path) -> None:
    service = start(2)
    service.expect_errors = True
    with Client(ports["smtp"]) as client:
        (data / "alphorn.toml").write_text('hostname = "broken.test"\n')
        service.signal(SIGHUP)
        service.wait_for("the former ones stay")
        assert client.ask("same") == "same"
        with Client(ports["smtp"]) as another:
            assert another.word == "one.test"


def test_service_that_cannot_begin_says_why(data: Path, ports: Ports) -> None:
    (data / "alphorn.toml").write_text('hostname = "broken.test"\n')
    command = [sys.executable, "-m", "tests.support.toyservice", str(data), str(ports.offset), "2"]
    with ServiceProcess(command) as service:
        service.expect_errors = True
        service.wait_for("The toy is broken.")
        assert service.process.wait(30) == 1


def test_second_service_on_the_same_data_is_refused(start: Start, data: Path, ports: Ports) -> None:
    service = start(1)
    command = [sys.executable, "-m", "tests.support.toyservice", str(data), "1", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"process {service.process.pid}" in done.stderr


def test_taken_ports_are_all_named(data: Path, ports: Ports) -> None:
    with (
        socket.create_server(("127.0.0.1", ports["smtp"])),
        socket.create_server(("127.0.0.1", ports["imap"])),
    ):
        command = [sys.executable, "-m", "tests.support.toyservice", str(data)]
        command += [str(ports.offset), "1"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"smtp 127.0.0.1:{ports['smtp']}: another program has this port" in done.stderr
    assert f"imap 127.0.0.1:{ports['imap']}: another program has this port" in done.stderr


@pytest.mark.parametrize("number", [SIGHUP, SIGUSR2])
def test_graceful_restart_under_load_loses_nothing(
    start: Start, ports: Ports, data: Path, number: int
) -> None:
    """Clients connect and ask all the time; every question is answered, every connection taken."""
    service = start(2)
    at_rest = processes(service)
    stop = threading.Event()
    answers: Counter[int] = Counter()
    faults: list[str] = []

    def load() -> None:
        while not stop.is_set():
            try:
                with Client(ports["smtp"]) as client:
                    for _ in range(3):
                        answer = client.ask("who")
                        if answer != str(client.worker):
                            faults.append(answer)
                    if client.ask("sleep") != "slept":
                        faults.append("the slow answer is missing")
                    answers[client.worker] += 1
            except (OSError, ValueError) as error:
                faults.append(repr(error))

    with at_once([load] * 6, stop):
        before = 0
        for word in ("two.test", "three.test"):
            if number == SIGHUP:
                (data / "alphorn.toml").write_text(f'hostname = "{word}"\n')
            service.signal(number)  # type: ignore[arg-type]
            before = service.wait_for("new workers have taken over", after=before)
            seen = set(answers)
            until = time.monotonic() + 90
            while len(set(answers) - seen) < 2 and time.monotonic() < until:
                time.sleep(0.01)
            while processes(service) > at_rest and time.monotonic() < until:
                time.sleep(0.01)
            assert processes(service) == at_rest, "former workers remain"
    assert faults == []
    assert len(answers) == 6  # three generations of two workers
    assert service.process.poll() is None


def processes(service: ServiceProcess) -> int:
    """Those of all generations that run still."""
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children")
    return len(children.read_text().split())


def test_restart_is_refused_where_the_new_program_would_not_start(
    start: Start, ports: Ports, data: Path
) -> None:
    service = start(1)
    service.expect_errors = True
    (data / "alphorn.toml").write_text("nonsense")
    service.signal(SIGUSR2)
    service.wait_for("not restarted: the new program refuses to start")
    with Client(ports["smtp"]) as client:
        assert client.ask("same") == "same"


def test_figures_are_those_of_all_workers(start: Start, ports: Ports) -> None:
    start(2)
    clients: list[Client] = []
    while len({client.worker for client in clients}) < 2 and len(clients) < 50:
        clients.append(Client(ports["imap"]))
    assert len({client.worker for client in clients}) == 2
    with urllib.request.urlopen(f"http://127.0.0.1:{ports['metrics']}/metrics") as answer:
        text = answer.read().decode()
    assert f'alphorn_connections_opened_total{{listener="imap"}} {len(clients)}.0' in text
    assert f'alphorn_connections{{role="imap"}} {len(clients)}.0' in text
    assert "alphorn_workers_started_total 2.0" in text
    for client in clients:
        client.close()


def test_too_many_connections_are_turned_away_with_a_word(
    start: Start, ports: Ports, data: Path
) -> None:
    """The limit holds over both workers; whoever leaves makes room."""
    with (data / "alphorn.toml").open("a") as settings:
        settings.write("mx.connections_per_network = 3\nimap.connections = 2\n")
    start(2, "strict")
    taken = [Client(ports["smtp"]) for _ in range(3)]
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", ports["smtp"]), timeout=30) as refused:
            assert refused.makefile("rb").read().startswith(b"421 4.7.0 Too many connections")
    others = [Client(ports["imap"]) for _ in range(2)]
    with socket.create_connection(("127.0.0.1", ports["imap"]), timeout=30) as refused:
        assert refused.makefile("rb").read().startswith(b"* BYE [UNAVAILABLE]")
    with socket.create_connection(("127.0.0.1", ports["imaps"]), timeout=30) as refused:
        assert refused.makefile("rb").read() == b""  # before TLS nothing can be said
    taken.pop().close()
    until = time.monotonic() + 90
    while time.monotonic() < until:
        with socket.create_connection(("127.0.0.1", ports["smtp"]), timeout=30) as again:
            if again.recv(100).startswith(b"one.test"):
                break
    else:
        pytest.fail("nobody was let in again")
    with urllib.request.urlopen(f"http://127.0.0.1:{ports['metrics']}/metrics") as answer:
        text = answer.read().decode()
    assert 'alphorn_connections_refused_total{listener="imap"} 1.0' in text
    for client in (*taken, *others):
        client.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give it up")
def test_root_is_given_up_once_the_ports_are_bound(start: Start, ports: Ports, data: Path) -> None:
    """The service becomes the owner of its data, supervisor and workers alike."""
    if not readable_for_others(Path(sys.executable), Path(os.__file__), Path(__file__)):
        pytest.skip("needs a Python that others can read")
    for path in (data.parent, data.parent.parent, data.parent.parent.parent):
        path.chmod(path.stat().st_mode | 0o011)
    for path in (data, *data.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    service = start(1)
    with Client(ports["smtp"]) as client:
        for pid in (service.process.pid, client.worker):
            status = Path(f"/proc/{pid}/status").read_text()
            assert f"Uid:\t{NOBODY}\t{NOBODY}\t{NOBODY}\t{NOBODY}" in status
            assert f"Gid:\t{NOBODY}\t{NOBODY}\t{NOBODY}\t{NOBODY}" in status
    service.signal(SIGHUP)
    service.wait_for("the settings are unchanged")


def readable_for_others(*files: Path) -> bool:
    return all(
        path.stat().st_mode & (0o001 if path.is_dir() else 0o004)
        for file in files
        for path in (file.resolve(), *file.resolve().parents)
    )


def test_systemd_is_told(
    data: Path, ports: Ports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0alphorn-test-notify")
        manager.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", "@alphorn-test-notify")
        service = start(1)
        assert manager.recv(1000).decode() == f"READY=1\nMAINPID={service.process.pid}"
        service.stop()
        assert manager.recv(1000) == b"STOPPING=1"


def test_former_workers_stay_where_the_data_cannot_be_prepared_for_new_ones(
    start: Start, ports: Ports, data: Path
) -> None:
    service = start(1)
    service.expect_errors = True
    with Client(ports["smtp"]) as client:
        (data / "unprepared").touch()
        service.signal(SIGUSR2)
        service.wait_for("the former workers stay: The data is not in order.")
        assert client.ask("same") == "same"
        with Client(ports["smtp"]) as another:
            assert another.worker == client.worker
        (data / "unprepared").unlink()
        service.signal(SIGUSR2)
        service.wait_for("new workers have taken over")
