"""Dialogs as text files, run whole and cut at every byte.

C: text         the client sends a line; several in a row come in one piece
c: text         the same without a line end
E: event        what the core says to that, in order
S: method       what the server tells the core

`# plaintext`, on a line of its own, makes the connection one without TLS.
"""

from pathlib import Path

import pytest

from alphorn.wire.managesieve.core import (
    CommandReceived,
    Event,
    Fatal,
    Rejected,
    SaslResponse,
)
from tests.wire.managesieve.driver import new

FOLDER = Path(__file__).parent / "transcripts"
TRANSCRIPTS = sorted(FOLDER.glob("*.txt"))


def written(event: Event | None) -> str:
    match event:
        case CommandReceived(_, command):
            return f"command {command}"
        case Rejected(text, code):
            shown = f"({code.decode()}) " if code else ""
            return f"no {shown}{text}"
        case SaslResponse(data):
            return "sasl cancelled" if data is None else f"sasl {data.decode()}".replace("\0", "|")
        case Fatal(text):
            return f"fatal {text}"
        case None:
            return "nothing"


class Play:
    """One run of a transcript; `step` is how many bytes arrive at a time (0: all)."""

    def __init__(self, step: int, secure: bool) -> None:
        self.core = new(secure=secure, starttls=not secure)
        self.step = step
        self.coming = b""

    def event(self) -> Event | None:
        while (event := self.core.next_event()) is None and self.coming:
            size = self.step or len(self.coming)
            self.core.receive(self.coming[:size])
            self.coming = self.coming[size:]
        return event

    def run(self, text: str) -> None:
        for number, line in enumerate(text.splitlines(), 1):
            kind, _, rest = line.partition(": ")
            if kind in ("C", "c"):
                self.coming += rest.encode() + (b"\r\n" if kind == "C" else b"")
            elif kind == "E":
                assert written(self.event()) == rest, f"line {number}"
            elif kind == "S":
                getattr(self.core, rest)()
            else:
                assert not line or line.startswith("#"), f"line {number}"
        assert written(self.event()) == "nothing"


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("step", [0, 1, 2, 3, 5])
def test_transcript(path: Path, step: int) -> None:
    text = path.read_text(encoding="utf-8")
    Play(step, secure="# plaintext\n" not in text).run(text)
