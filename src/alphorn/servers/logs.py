"""The log: one line an event on standard error, for people on a terminal, JSON lines otherwise.

What comes from outside cannot forge lines or move a cursor: control characters are escaped.
Secrets are of a type that never prints (`base.secret`), and no caller logs message content.
Facts ride along as `extra={...}`: `_log.info("a session failed", extra={"peer": address})`.
"""

import json
import logging
import os
import time
from typing import Final, TextIO

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_ESCAPED: Final = {
    code: f"\\x{code:02x}" for code in (*range(9), 11, 12, *range(14, 32), *range(127, 160))
} | {0x2028: "\\u2028", 0x2029: "\\u2029"}
_COLOURS = {"WARNING": "\x1b[33m", "ERROR": "\x1b[31m", "CRITICAL": "\x1b[31m"}
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"
MAX_FACT = 500


class Formatter(logging.Formatter):
    """`process` says who speaks: "supervisor", or "worker 1"; a forked worker changes it."""

    def __init__(self) -> None:
        super().__init__()
        self.process = "alphorn"

    def facts(self, record: logging.LogRecord) -> dict[str, object]:
        """What rides along and is known."""
        return {
            key: value
            for key, value in vars(record).items()
            if key not in _STANDARD and value is not None
        }

    def trace(self, record: logging.LogRecord) -> str:
        return self.formatException(record.exc_info) if record.exc_info else ""


class Human(Formatter):
    def __init__(self, colours: bool) -> None:
        super().__init__()
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        facts = "".join(f"  {key}={_fact(value)}" for key, value in self.facts(record).items())
        text = _escaped(record.getMessage()).replace("\n", "\n    ")
        level = record.levelname.lower()
        trace = self.trace(record)
        tail = "".join(f"\n    {_escaped(line)}" for line in trace.splitlines())
        if not self._colours:
            return f"{clock} {level:<7} {self.process}: {text}{facts}{tail}"
        colour = _COLOURS.get(record.levelname, "")
        return (
            f"{_DIM}{clock}{_PLAIN} {colour}{level:<7}{_PLAIN} "
            f"{_DIM}{self.process}:{_PLAIN} {colour}{text}{_PLAIN}{_DIM}{facts}{_PLAIN}{tail}"
        )


class Json(Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "process": self.process,
            "room": record.name.removeprefix("alphorn."),
            "text": record.getMessage(),
        }
        line.update(self.facts(record))
        if trace := self.trace(record):
            line["trace"] = trace
        return json.dumps(line, ensure_ascii=False, default=str).translate(_ESCAPED)


def configure(kind: str, level: str, stream: TextIO) -> None:
    """Send the log of this process to the stream. `kind`: "auto", "human" or "json"."""
    terminal = stream.isatty()
    human = kind == "human" or (kind == "auto" and terminal)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Human(terminal and "NO_COLOR" not in os.environ) if human else Json())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    # Other people's libraries talk of each step; their warnings are enough.
    for name in ("asyncio", "django", "aiosmtplib"):
        logging.getLogger(name).setLevel(logging.WARNING)


def name_process(name: str) -> None:
    """Say in each line from now on that this process speaks."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, Formatter):
            handler.formatter.process = name


def _escaped(text: str) -> str:
    return text.replace("\r", "\\r").translate(_ESCAPED)


def _fact(value: object) -> str:
    text = _escaped(str(value)).replace("\n", "\\n")
    if len(text) > MAX_FACT:
        text = text[:MAX_FACT] + "…"
    return json.dumps(text, ensure_ascii=False) if " " in text or not text else text
