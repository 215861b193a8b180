"""A command line over a test's installation, parsed and run as the program does it."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from alphorn.base.settings import Settings
from alphorn.cli import (
    account,
    address,
    confidential,
    device_password,
    domain,
    gateway,
    organization,
    password,
    plan,
    protection,
    responder,
    script,
    sender,
    signature,
    template,
    trace,
    user,
)
from alphorn.cli import filter as filters
from alphorn.cli.main import run
from alphorn.cli.table import Command, Context, Section
from alphorn.store.trace import TraceLog
from tests.support.installation import Installation

MODULES = {
    "account": account, "address": address, "confidential": confidential,
    "device-password": device_password, "domain": domain, "filter": filters, "gateway": gateway,
    "organization": organization, "password": password, "plan": plan,
    "protection": protection, "responder": responder, "script": script, "sender": sender,
    "signature": signature, "template": template,
    "trace": trace, "user": user,
}  # fmt: skip


def _commands(module: Any) -> Any:
    return lambda: module.COMMANDS


SECTIONS = [Section(name, f"{name}s", _commands(module)) for name, module in MODULES.items()]


@dataclass
class Done:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        assert self.code == 0, self
        return json.loads(self.out)


class Terminal:
    """`services` are further parts that commands are handed, by their names."""

    def __init__(self, installation: Installation, capsys: Any) -> None:
        self._installation = installation
        self._capsys = capsys
        self.trace = TraceLog(installation.folder / "trace.sqlite")
        self.services: dict[str, Any] = {}

    def __call__(self, *words: str, typed: str = "") -> Done:
        """Run `alphorn WORDS`, with this on standard input. Errors of usage exit with code 2."""
        out, err = io.StringIO(), io.StringIO()

        def open_context(data: Path, command: Command) -> Context:
            return Context(
                data,
                lambda _: Settings.of({}),
                lambda _, __: SimpleNamespace(  # type: ignore[arg-type, return-value]
                    control=self._installation.control,
                    trace=self.trace,
                    close=lambda: None,
                    **self.services,
                ),
                out,
                err,
                io.StringIO(typed),
            )

        try:
            code = run(SECTIONS, open_context, words)
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        printed = self._capsys.readouterr()
        return Done(code, out.getvalue() + printed.out, err.getvalue() + printed.err)
