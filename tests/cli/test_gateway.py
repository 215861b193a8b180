"""`alphorn gateway …` and `alphorn confidential …`, and what the doctor says of gateways."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from alphorn.base.layout import Layout
from alphorn.cli.checks import gateways as checks
from alphorn.cli.checks.finding import Level
from alphorn.directory.gateway_files import GatewayFiles
from alphorn.directory.values import Role
from alphorn.operations import confidential, users
from alphorn.operations.control import Actor
from alphorn.operations.notices import Notices
from alphorn.servers.gateways import Gateways
from alphorn.store.state import State
from tests.cli.support import Done, Terminal
from tests.support.gateway import HOST, add_gateway, authority, ours
from tests.support.installation import Installation
from tests.support.smtpd import Script, SmtpServer, Tls
from tests.support.stage import certificate_files

ANNA = "anna@example.test"
MARIA = "maria@example.test"
DAY = 86400


class Acme:
    """The terminal of the installation in `data`."""

    def __init__(self, terminal: Terminal, data: Path) -> None:
        self._terminal = terminal
        self.data = data
        self.mail: list[bytes] = []

    def __call__(self, *words: str, typed: str = "") -> Done:
        return self._terminal(*words, "--data", str(self.data), typed=typed)


@pytest.fixture
def acme(alphorn: Terminal, installation: Installation) -> Iterator[Acme]:
    installation.domain()
    installation.account(ANNA)
    folder = installation.folder
    alphorn.services["view"] = installation.view
    alphorn.services["gateways"] = Gateways(
        Layout(folder).gateways, installation.view.gateways, lambda: certificate_files(folder)
    )
    (folder / "ca.pem").write_bytes(authority().pem)
    ours().files(folder, "ours")
    made, state = Acme(alphorn, folder), State(folder / "state.sqlite")
    notices = Notices(
        installation.view,
        state,
        lambda raw, envelope, origin: made.mail.append(raw) or "Q1",  # type: ignore[func-returns-value]
        hostname="mx.example.test",
    )
    alphorn.services["outgoing"] = SimpleNamespace(notices=notices)
    yield made
    state.close()


def add(acme: Acme, *more: str, host: str = HOST) -> Done:
    folder = acme.data
    return acme(
        "gateway", "add", "hin", "--host", host, "--ca", str(folder / "ca.pem"),
        "--certificate", str(folder / "ours.pem"), "--key", str(folder / "ours.key"),
        "--network", "192.0.2.0/28", *more,
    )  # fmt: skip


def test_gateways_are_added_listed_changed_and_removed(acme: Acme) -> None:
    assert "There is no gateway." in acme("gateway", "list").out
    done = add(acme, "--contact", "help@hin.test")
    assert done.code == 0, done
    assert "alphorn gateway check hin" in done.err
    (row,) = acme("gateway", "list", "--json").json()
    assert row["hosts"] == row["clients"] == [HOST]
    assert row["networks"] == ["192.0.2.0/28"]
    assert row["contact"] == "help@hin.test"
    assert row["certificate_expires_at"] > time.time()
    assert "PRIVATE" not in str(row)
    row = acme("gateway", "change", "hin", "--port", "2525", "--no-client-certificate", "--json")
    assert (row.json()["port"], row.json()["clients"]) == (2525, "its networks alone")
    both = acme("gateway", "change", "hin", "--client", "any", "--no-client-certificate")
    assert both.code == 1
    missing = acme("gateway", "change", "hin", "--ca", "/nowhere/ca.pem")
    assert "/nowhere/ca.pem cannot be read: No such file or directory" in missing.err
    assert acme("gateway", "remove", "hin", typed="no\n").code == 1
    assert acme("gateway", "remove", "hin", "--yes").code == 0
    assert acme("gateway", "list", "--json").json() == []


def test_an_address_becomes_confidential(acme: Acme) -> None:
    add(acme)
    done = acme("confidential", "request", ANNA, "--gateway", "hin", "--note", "a practice")
    assert done.code == 0
    assert f"alphorn confidential approve {ANNA}" in done.err
    row = acme("confidential", "approve", ANNA, "--json").json()
    assert (row["state"], row["asked_note"], row["decided_by"]) == (
        "active", "a practice", "operator",
    )  # fmt: skip
    assert ANNA in acme("confidential", "list", "--state", "active").out
    assert acme("confidential", "refuse", ANNA).code == 1
    assert acme("gateway", "remove", "hin", "--yes").code == 1
    assert acme("confidential", "withdraw", ANNA, "--json").json()["state"] == "withdrawn"
    assert acme("confidential", "list", "--state", "active", "--json").json() == []


@pytest.mark.parametrize(("word", "said"), [("approve", "is confidential"), ("refuse", "Subject")])
def test_who_asked_is_told(acme: Acme, installation: Installation, word: str, said: str) -> None:
    add(acme)
    user = users.add_user(installation.control, MARIA)
    users.set_membership(installation.control, MARIA, "Acme", Role.MANAGER)
    maria = installation.control.acting_as(Actor(user_id=user.id))
    confidential.request(maria, ANNA, "hin")
    assert acme("confidential", word, ANNA, "--note", "As agreed.").code == 0
    (mail,) = acme.mail
    assert f"To: {MARIA}".encode() in mail
    assert b"As agreed." in mail
    assert said.encode() in mail


@pytest.fixture
def server(installation: Installation) -> Iterator[SmtpServer]:
    with ExitStack() as stack:
        server = stack.enter_context(SmtpServer("127.0.0.1", script=Script(tls=Tls.GOOD)))
        server.context = authority().server(installation.folder, HOST, asks=authority())
        yield server


def test_a_gateway_is_tried(acme: Acme, server: SmtpServer) -> None:
    """By its address here, which at first is not what its certificate says."""
    port = str(server.port)
    add(acme, "--port", port, "--client", "any", host="127.0.0.1")
    done = acme("gateway", "check", "hin", "--json")
    assert done.code == 1
    (row,) = json.loads(done.out)
    assert row["level"] == "error"
    assert "certificate is not valid" in row["text"]
    assert "--ca" in row["advice"]
    server.context = authority().server(acme.data, "127.0.0.1", asks=authority())
    done = acme("gateway", "check", "hin")
    assert done.code == 0, done
    assert "took us in over TLSv1.3" in done.out
    server.script.tls = Tls.NONE
    assert "does not offer TLS" in acme("gateway", "check", "hin").out
    assert not server.messages


def test_the_doctor_looks_at_the_files(tmp_path: Path, installation: Installation) -> None:
    root = installation.folder / "gateways"
    info = add_gateway(installation.control, root)
    files = GatewayFiles.of(root, "hin")

    def look(after: float = 0.0) -> list[tuple[Level, str]]:
        found = checks.files(root, [info], time.time() + after)
        return [(finding.level, finding.text) for finding in found]

    month = authority().issue("alphorn.test", days=100)
    files.put(None, month.certificate, month.key)
    levels = [level for level, _ in look()]
    assert levels == [Level.WARNING], "the authority of the tests ends soon"
    told = look(11 * DAY)
    assert told[0][0] is Level.ERROR
    assert "The authority of hin expired on" in told[0][1]
    told = look(90 * DAY)
    assert [level for level, _ in told] == [Level.WARNING, Level.ERROR]
    assert "Our certificate for hin expires on" in told[0][1]
    files.key.chmod(0o644)
    assert any("Others may read" in text for _, text in look())
    files.key.unlink()
    ((level, text),) = look()
    assert level is Level.ERROR
    assert "cannot be used" in text
    assert "is missing" in text
