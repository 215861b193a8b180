"""Runs dialogs written as text through the machine, with a small server that decides by name.

    # a comment
    listener mx                     first line that is no comment: mx, submission, submissions
    C: EHLO client.example          sent with CRLF; lines in a row are sent in one piece
    C! BDAT 3\r\nabc                sent as it is, with Python's escapes
    S: 250-mx.example.test          what must come, in this order and nothing else;
    S: 250 ...                      `...` at its end stands for anything
    T:                              the TLS handshake happens
    E: Message anna@example.test    an event must have happened since the last E: (see `_told`)
    X:                              the connection must have been closed

The server takes every sender but `nobody@…`, and every recipient but `unknown@…` (5.1.1) and
`full@…` (4.2.2). Anna's password is `pencil`; while `busy` is tried logins do not work.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from alphorn.wire.sasl.steps import CheckPassword, Failure, FindScram, ScramKeys, Success
from alphorn.wire.smtp.events import (
    Close,
    Declined,
    Event,
    Login,
    Mail,
    Message,
    Rcpt,
    StartTls,
)
from alphorn.wire.smtp.limits import Limits
from alphorn.wire.smtp.machine import Machine
from alphorn.wire.smtp.profile import Profile
from alphorn.wire.smtp.replies import Reply

NAME = "mx.example.test"
MECHANISMS = ("SCRAM-SHA-256", "PLAIN", "LOGIN")
SMALL = Limits(
    message=1000, text_line=200, recipients=3, messages=3, errors=5, refusals=4,
    idle_commands=20, logins=2,
)  # fmt: skip
LISTENERS = {
    "mx": (Profile(NAME, SMALL, starttls=True), False),
    "plain-mx": (Profile(NAME, SMALL), False),
    "submission": (
        Profile(NAME, SMALL, True, MECHANISMS, tls_first=True, login_first=True),
        False,
    ),
    "submissions": (Profile(NAME, SMALL, False, MECHANISMS, login_first=True), True),
}
SALT = b"salt of anna"
ITERATIONS = 4096


def scram_keys(password: bytes) -> ScramKeys:
    salted = hashlib.pbkdf2_hmac("sha256", password, SALT, ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return ScramKeys(hashlib.sha256(client_key).digest(), server_key, 1)


KEYS = scram_keys(b"pencil")


@dataclass
class Server:
    """Answers the machine's events at once; `events` keeps what happened, in words."""

    machine: Machine
    events: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    closed: bool = False
    handshake: bool = False

    def run(self, data: bytes) -> bytes:
        if data:
            self.machine.receive(data)
        while (event := self.machine.next()) is not None:
            self.events.append(_told(event))
            self._answer(event)
        return self.machine.output()

    def _answer(self, event: Event) -> None:
        machine = self.machine
        match event:
            case Mail(sender) if sender.local == "nobody":
                machine.reply(Reply("5.7.1", "Not you"))
            case Mail():
                machine.reply(Reply("2.1.0", "Sender"))
            case Rcpt(path) if path.local == "unknown":
                machine.reply(Reply("5.1.1", "Unknown"))
            case Rcpt(path) if path.local == "full":
                machine.reply(Reply("4.2.2", "Full"))
            case Rcpt():
                machine.reply(Reply("2.1.5", "Recipient"))
            case Message() as message:
                self.messages.append(message)
                machine.reply(Reply("2.0.0", "Stored"))
            case Login(_, CheckPassword(identity, password)):
                if identity == "busy":
                    machine.reply(Reply("4.7.0", "Later"))
                elif (identity, password.reveal()) == ("anna", "pencil"):
                    machine.logged_in(identity)
                else:
                    machine.reply(Reply("5.7.8", "Wrong"))
            case Login(_, FindScram(username)):
                if username == "busy":
                    machine.reply(Reply("4.7.0", "Later"))
                else:
                    machine.found(SALT, ITERATIONS, (KEYS,) if username == "anna" else ())
            case Login(_, Success(identity)):
                machine.logged_in(identity)
            case Login(_, Failure()) | Declined():
                pass
            case StartTls():
                self.handshake = True
            case Close():
                self.closed = True


def _told(event: Event) -> str:
    match event:
        case Mail(sender, given):
            extra = f" size={given.size}" if given.size else ""
            return f"Mail <{sender.address}>{extra}"
        case Rcpt(path):
            return f"Rcpt <{path.address}>"
        case Message(envelope, raw):
            to = " ".join(recipient.address for recipient in envelope.recipients)
            return f"Message <{envelope.sender}> {to} {raw!r}"
        case Login(mechanism, step):
            return f"Login {mechanism} {type(step).__name__}"
        case Declined(verb, _, reply):
            return f"Declined {verb} {reply.status}"
        case StartTls() | Close():
            return type(event).__name__


@dataclass(frozen=True)
class Step:
    """`kind` is the letter before the colon; consecutive C lines are one step."""

    kind: str
    data: bytes
    line: int


def read(path: Path) -> tuple[str, list[Step]]:
    """The listener's name and the steps of a dialog file."""
    listener = ""
    steps: list[Step] = []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        if not text or text.startswith("#"):
            continue
        if text.startswith("listener "):
            listener = text.removeprefix("listener ")
            continue
        kind, mark, rest = text[0], text[1], text[2:].removeprefix(" ")
        if kind not in "CSTEX" or mark not in ":!":
            raise ValueError(f"{path.name}:{number}: {text}")
        if mark == "!":
            data = rest.encode().decode("unicode_escape").encode("latin-1")
        else:
            data = rest.encode() + (b"\r\n" if kind == "C" else b"")
        if kind == "C" and steps and steps[-1].kind == "C":
            steps[-1] = Step("C", steps[-1].data + data, steps[-1].line)
        else:
            steps.append(Step(kind, data, number))
    return listener, steps


def play(
    listener: str,
    steps: list[Step],
    cut: Callable[[bytes], Iterator[bytes]],
    nonce: Callable[[], bytes] = lambda: b"server",
) -> None:
    """Run the dialog with what the client sends cut into pieces; raises AssertionError."""
    profile, secure = LISTENERS[listener]
    server = Server(Machine(profile, secure, nonce))
    server.machine.greet()
    said = server.run(b"")
    told = 0
    for step in steps:
        match step.kind:
            case "C":
                assert not said, f"line {step.line}: not expected: {said!r}"
                for piece in cut(step.data):
                    said += server.run(piece)
            case "S":
                line, end, said = said.partition(b"\r\n")
                assert end, f"line {step.line}: nothing said, expected {step.data!r}"
                expected = step.data
                if expected.endswith(b"..."):
                    expected, line = expected[:-3], line[: len(expected) - 3]
                assert line == expected, f"line {step.line}: said {line!r}"
            case "T":
                assert server.handshake, f"line {step.line}: no handshake is due"
                server.handshake = False
                server.machine.secured()
            case "E":
                expected = step.data.decode()
                while told < len(server.events) and server.events[told] != expected:
                    told += 1
                assert told < len(server.events), (
                    f"line {step.line}: no such event in {server.events}"
                )
                told += 1
            case "X":
                assert server.closed, f"line {step.line}: still open"
    assert not said, f"at the end: not expected: {said!r}"
