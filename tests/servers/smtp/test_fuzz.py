"""Whatever is said to the port: no fault of ours, every reply is SMTP, nothing goes through."""

import re
import socket
from random import Random

import pytest

from tests.servers.smtp.serving import Ports, eventually

REPLIES = re.compile(rb"(?:[2345][0-9][0-9][- ][ -~]*\r\n)*")
PIECES = (
    b"EHLO x", b"HELO [1.2.3.4]", b"MAIL FROM:<a@b.c>", b"MAIL FROM:<> SIZE=9", b"RSET", b"DATA",
    b'MAIL FROM:<"a b"@b.c> RET=FULL', "MAIL FROM:<ü@b.c> SMTPUTF8".encode(), b"NOOP",
    b"RCPT TO:<anna@example.test>", b"RCPT TO:<bert+x@example.test> NOTIFY=NEVER",
    b"RCPT TO:<nobody@example.test>", b"RCPT TO:<postmaster>", b"RCPT TO:<x%y@example.test>",
    b'RCPT TO:<"\\""@example.test>', "RCPT TO:<ü@example.test>".encode(), b"RCPT TO:<a@[1.2.3.4]>",
    b"RCPT TO:<a@" + b"b" * 300 + b">", b"From: x\r\n\r\ny\r\n.", b".", b"..", b"BDAT 3\r\nabc",
    b"BDAT 2 LAST\r\nxy", b"BDAT 0 LAST", b"VRFY anna", b"AUTH PLAIN AGEAYg==", b"AUTH LOGIN",
    b"AUTH SCRAM-SHA-256 biwsbj1hbm5hLHI9Y2xpZW50", b"YW5uYQ==", b"*", b"\0", b"\xff", b"",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_random_dialogs(ports_of_all: Ports, caplog: pytest.LogCaptureFixture, seed: int) -> None:
    random = Random(seed)
    said = b""
    with ports_of_all.connect() as sock:
        lines = (random.choice(PIECES) for _ in range(random.randrange(60)))
        end = random.choice((b"\r\n.\r\nQUIT\r\n", b"\r\n*\r\nQUIT\r\n", b""))
        try:
            for line in lines:
                sock.sendall(line + random.choice((b"\r\n",) * 6 + (b"\n", b"\r")))
            sock.sendall(end)
            sock.shutdown(socket.SHUT_WR)
            said = b"".join(iter(lambda: sock.recv(65536), b""))
        except (BrokenPipeError, ConnectionResetError):
            """The server had enough."""
    assert REPLIES.fullmatch(said)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    eventually(lambda: ports_of_all.memory.held == 0)
    assert ports_of_all.house.queued() == []
