"""What the measures need to know of a server."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

USERS = 50
DOMAIN = "bench.test"
PASSWORD = "bench-secret-4711"


class Server:
    """Subclasses set the ports, start processes with `spawn` and say where mail rests."""

    name = ""
    smtp = imap = imaps = 0
    password = PASSWORD

    def __init__(self, state: Path) -> None:
        self.state = state
        self.children: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        raise NotImplementedError

    def version(self) -> str:
        raise NotImplementedError

    def mail(self) -> list[Path]:
        """The folders in which users' mail rests."""
        raise NotImplementedError

    def device_passwords(self) -> list[str]:
        """Generated passwords, one for each user in order, where the server has such a thing."""
        return []

    def settle(self, user: int, mailbox: str) -> None:
        """Bring the server's own postponed work (an index, say) on this mailbox to its end."""

    def user(self, number: int) -> str:
        return f"user{number}@{DOMAIN}"

    def roots(self) -> list[int]:
        return [child.pid for child in self.children if child.poll() is None]

    def spawn(
        self, name: str, *command: str | Path, environment: dict[str, str] | None = None
    ) -> None:
        log = (self.state / f"{name}.out").open("ab")
        self.children.append(
            subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        )

    def wait_for(self, *ports: int, seconds: float = 40) -> None:
        end = time.monotonic() + seconds
        for port in ports:
            while True:
                if any(child.poll() is not None for child in self.children):
                    raise RuntimeError(f"{self.name} ended at once; see {self.state}")
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if time.monotonic() > end:
                        raise RuntimeError(f"{self.name}: nothing listens on {port}") from None
                    time.sleep(0.05)

    def stop(self) -> None:
        for child in reversed(self.children):
            if child.poll() is None:
                child.terminate()
        for child in reversed(self.children):
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def certificate(self) -> tuple[Path, Path]:
        """A self-signed RSA-2048 certificate, the same kind for every server."""
        key, certificate = self.state / "tls.key", self.state / "tls.crt"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "7"]
        command += ["-subj", f"/CN=mail.{DOMAIN}", "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(command, check=True, capture_output=True)
        return key, certificate
