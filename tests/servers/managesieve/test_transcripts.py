"""Dialogs as they go over the wire, among them those of RFC 5804.

    # text          a remark
    C: NOOP         a line that the client sends
    S: OK "Done"    a line that it then gets; … stands for any octets

All that the server sends must stand in the transcript: after the last line the client says LOGOUT
and must get nothing but the answer to that. It begins logged in, with its greeting and login
unseen, but where the transcript says `# as it connects`.
"""

import re
from pathlib import Path

import pytest

from tests.servers.managesieve.house import House, connect, logged_in

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))


def _like(pattern: str, line: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("…"))), line) is not None


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(house: House, path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    async def body(port: int) -> None:
        client = await (connect if "# as it connects" in text else logged_in)(port)
        for number, line in enumerate(text.splitlines(), 1):
            kind, _, rest = line.partition(": ")
            if not line or line.startswith("#"):
                continue
            if kind == "C":
                client.send(rest)
                continue
            assert kind == "S", f"line {number}: not a line of a transcript"
            came = await client.line()
            assert _like(rest, came), f"line {number}\n  awaited {rest}\n  came    {came}"
        assert await client.do("LOGOUT") == ['OK "Until next time"']
        assert await client.line() == ""
        await client.close()

    house.serve(body)
