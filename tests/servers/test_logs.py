"""The log cannot be forged from outside and holds no secrets."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from alphorn.base.secret import Secret
from alphorn.servers import logs

HOSTILE = 'EHLO a\r\n{"level": "info"}\x1b[2J\x00\u2028b'


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def undisturbed() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def test_json_is_one_line_an_event_with_its_facts() -> None:
    stream = io.StringIO()
    logs.configure("auto", "info", stream)
    logs.name_process("worker 2")
    logging.getLogger("alphorn.servers.smtp").info(
        "refused %s", HOSTILE, extra={"peer": "192.0.2.1", "count": 3, "password": Secret("geheim")}
    )
    logging.getLogger("x").debug("not shown")
    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert entry["text"] == "refused " + HOSTILE
    assert entry["process"] == "worker 2"
    assert entry["room"] == "servers.smtp"
    assert (entry["peer"], entry["count"]) == ("192.0.2.1", 3)
    assert "geheim" not in line
    assert "\x1b" not in line


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_lines_for_people_escape_what_comes_from_outside(stream: type[io.StringIO]) -> None:
    out = stream()
    logs.configure("human", "info", out)
    logging.getLogger("alphorn").warning("refused %s", HOSTILE, extra={"helo": HOSTILE})
    text = out.getvalue()
    assert text.count("\n") == 2  # the line break in the text is indented, not a new entry
    assert all(line.startswith("    ") for line in text.splitlines()[1:])
    assert "\\x1b[2J\\x00" in text
    assert ("\x1b" in text) == out.isatty()


def test_terminal_gets_lines_for_people_and_no_color_is_heeded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    logs.configure("auto", "warning", out)
    logging.getLogger("alphorn").error("it broke")
    logging.getLogger("alphorn").info("not shown")
    assert out.getvalue()[8:] == " error   alphorn: it broke\n"


def test_traces_are_kept_together() -> None:
    for kind in ("human", "json"):
        out = io.StringIO()
        logs.configure(kind, "info", out)
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            logging.getLogger("alphorn").exception("it broke")
        assert "ValueError" in out.getvalue()
        assert "\x1b" not in out.getvalue()
