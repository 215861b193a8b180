"""The command line as it is typed: setting up, help at each level, errors and exit codes."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from alphorn.app.main import sections
from tests.support.service import ALPHORN, running

INIT = ("init", "mx.example.test", "--admin-email", "admin@example.net")


def alphorn(
    *words: str | Path, stdin: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ALPHORN, *map(str, words)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(environment or {})},
    )


def test_from_nothing_to_an_installation(tmp_path: Path) -> None:
    """The commands of the README in their order, and what they leave behind."""
    data = tmp_path / "data"
    done = alphorn("--data", data, *INIT, "--admin-password-stdin", stdin="rope and crampons\n")
    assert done.returncode == 0, done.stderr
    assert "mx.example.test.  A " in done.stdout
    assert "rope and crampons" not in done.stdout + done.stderr
    assert 'hostname = "mx.example.test"' in (data / "alphorn.toml").read_text()
    for secret in ("keys/master.key", "tls/key.pem", "control.sqlite", "alphorn.toml"):
        assert stat.S_IMODE((data / secret).stat().st_mode) == 0o600
    assert stat.S_IMODE(data.stat().st_mode) == 0o700

    assert alphorn("--data", data, "organization", "add", "Acme").returncode == 0
    added = alphorn("--data", data, "domain", "add", "example.test", "--organization", "Acme")
    assert added.returncode == 0
    for what in ("IN MX 10 mx.example.test.", "v=spf1", "v=DKIM1", "v=DMARC1"):
        assert what in added.stdout
    words = ("address", "add", "anna@example.test", "--password-stdin")
    assert alphorn("--data", data, *words, stdin="crisp mountain air\n").returncode == 0
    listed = alphorn("address", "list", "--json", environment={"ALPHORN_DATA": str(data)})
    assert [row["address"] for row in json.loads(listed.stdout)] == ["anna@example.test"]
    users = alphorn("user", "list", "--json", "--data", data)
    assert [row["email"] for row in json.loads(users.stdout)] == ["admin@example.net"]
    assert alphorn("--data", data, "serve", "--check").returncode == 0

    again = alphorn("--data", data, *INIT)
    assert again.returncode == 1
    assert again.stderr == f"alphorn: {data} holds an installation already.\n"


def test_password_is_made_where_none_is_given(tmp_path: Path) -> None:
    done = alphorn("--data", tmp_path / "data", *INIT)
    assert done.returncode == 0
    assert "(shown this once)" in done.stdout


@pytest.mark.parametrize(
    ("words", "stdin", "complaint"),
    [
        (("init", "mx", "--admin-email", "a@b.test"), "", "full name with a domain"),
        (("init", "x-.test", "--admin-email", "a@b.test"), "", "is to be a host name"),
        (("init", "mx.b.test", "--admin-email", "nobody"), "", "There is no @ in it"),
        ((*INIT, "--admin-password-stdin"), "", "No password came"),
        ((*INIT, "--admin-password-stdin"), "short\n", "characters"),
    ],
)
def test_setup_that_is_refused_leaves_no_settings(
    tmp_path: Path, words: tuple[str, ...], stdin: str, complaint: str
) -> None:
    data = tmp_path / "data"
    done = alphorn("--data", data, *words, stdin=stdin)
    assert done.returncode == 1
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert not (data / "alphorn.toml").exists()


def test_help_at_each_level() -> None:
    """Every command says in its help what it does and what each of its arguments means."""
    top = alphorn("--help")
    assert top.returncode == 0
    for section in sections():
        assert section.name in top.stdout
        commands = section.load()
        for command in commands:
            for argument in command.arguments:
                assert len(argument.options["help"]) > 5, (command.name, argument.flags)
            assert command.name.split()[0] == section.name
        names = [command.name for command in commands]
        assert len(set(names)) == len(names)
    for words in (("serve",), ("queue",), ("address", "add"), ("trace", "show"), ("doctor",)):
        shown = alphorn(*words, "--help")
        assert shown.returncode == 0
        assert f"usage: alphorn {' '.join(words)}" in shown.stdout


def test_version() -> None:
    assert alphorn("--version").stdout.startswith("alphorn 0.")


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        ((), 2, "COMMAND"),
        (("fly",), 2, "invalid choice: 'fly'"),
        (("queue", "fly"), 2, "invalid choice: 'fly'"),
        (("serve", "--workers", "many"), 2, "number between 0 and 256"),
        (("serve", "--roles", "mx,www"), 2, "some of mx, submission, imap, sieve, queue, web"),
        (("serve", "--strict"), 1, "only together with --local"),
        (("serve", "--local"), 1, "There is no installation in"),
        (("address", "list"), 1, "There is no installation in"),
        (("reload",), 1, "No service runs with the data"),
        (("restart",), 1, "No service runs with the data"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path, words: tuple[str, ...], code: int, complaint: str
) -> None:
    done = alphorn("--data", tmp_path, *words)
    assert done.returncode == code
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert done.stderr.count("\n") == 1


def test_all_wrong_settings_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "alphorn.toml").write_text('hostname = 3\nworkers = "x"\n[smtp]\ntimeoutt = 3\n')
    done = alphorn("--data", tmp_path, "serve", "--check")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "alphorn: hostname is to be a string in quotes",
        "alphorn: workers is to be a whole number",
        "alphorn: smtp.timeoutt is not a setting; is smtp.timeout meant?",
    ]


def test_commands_work_while_the_service_runs(tmp_path: Path) -> None:
    with running(tmp_path, {"anna@example.test": "crisp mountain air"}) as service:
        message = b"From: <x@example.net>\r\nSubject: Traced\r\nMessage-ID: <1@x>\r\n\r\nHi\r\n"
        service.send("x@example.net", ["anna@example.test"], message)
        data = service.data
        service.process.wait_for("ready")
        shown = wait_for_story(data, "<1@x>")
        assert "delivered" in shown
        assert "anna@example.test" in shown
        listed = alphorn(
            "--data", data, "trace", "list", "--address", "anna@example.test", "--json"
        )
        events = json.loads(listed.stdout)
        assert {event["message_id"] for event in events} == {"1@x"}
        assert "Hi" not in {event["text"] for event in events}
        found = alphorn("--data", data, "doctor", "--no-dns", "--json")
        levels = {(one["check"], one["level"]) for one in json.loads(found.stdout)}
        assert ("ports", "ok") in levels
        assert ("store", "ok") in levels
        assert ("queue", "ok") in levels
        assert found.returncode == 0, found.stdout
        assert alphorn("--data", data, "reload").returncode == 0
        service.process.wait_for("the settings are unchanged")
        assert alphorn("--data", data, "restart").returncode == 0
        service.process.wait_for("new workers have taken over")


def wait_for_story(data: Path, message: str) -> str:
    """The trace is written a moment after the event."""
    for _ in range(20):
        done = alphorn("--data", data, "trace", "show", message)
        if done.returncode == 0:
            return done.stdout
    raise AssertionError(done.stderr)
