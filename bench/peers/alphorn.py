"""Alphorn itself: two workers, high ports, and without the checks that Postfix + Dovecot do not
make (`protected` is the measure with all of them, on both sides)."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from bench.client import Client
from bench.peers import base

PROGRAM = Path(sys.executable).parent / "alphorn"


class Alphorn(base.Server):
    name = "Alphorn"
    offset = 29_500
    smtp, imap, imaps = 2525 + offset, 2143 + offset, 2993 + offset

    def command(self, *words: str, stdin: str = "") -> str:
        done = subprocess.run(
            [str(PROGRAM), "--data", str(self.state / "data"), *words],
            input=stdin, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"alphorn {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def start(self) -> None:
        self.install()
        self.serve()

    def install(self) -> None:
        administrator = ("--admin-email", f"admin@{base.DOMAIN}", "--admin-password-stdin")
        self.command("init", f"mail.{base.DOMAIN}", *administrator, stdin="Bench-administrator-1\n")
        with (self.state / "data" / "alphorn.toml").open("a") as settings:
            settings.write(self.settings())
        self.command("organization", "add", "Bench")
        self.command("domain", "add", base.DOMAIN, "--organization", "Bench")
        made = subprocess.run(
            [sys.executable, "-m", "bench.peers.accounts", str(self.state / "data"), base.DOMAIN,
             str(base.USERS), self.password],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        self.devices = made.stdout.split()

    def serve(self) -> None:
        self.spawn(
            "alphorn", PROGRAM, "--data", self.state / "data",
            "serve", "--local", *self.flags(), "--workers", "2", "--port-offset", str(self.offset),
        )  # fmt: skip
        self.wait_for(self.imap, self.imaps, self.smtp)

    def flags(self) -> tuple[str, ...]:
        return ()

    def settings(self) -> str:
        """What is put at the end of alphorn.toml."""
        off = ("headers", "attachments", "spam", "dmarc")
        return "\n[protection]\n" + "".join(f"{name} = false\n" for name in off)

    def device_passwords(self) -> list[str]:
        return self.devices

    def version(self) -> str:
        return self.command("--version").strip()

    def mail(self) -> list[Path]:
        return [self.state / "data" / "accounts"]

    def settle(self, user: int, mailbox: str) -> None:
        """A search completes the index; the rest is done once the account has been quiet."""
        client = Client(self.imap).login(self.user(user), self.password)
        client.command(f"SELECT {mailbox}")
        client.command('SEARCH TEXT "nothing-has-this-word"')
        client.close()
        time.sleep(28)
