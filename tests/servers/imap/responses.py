"""Reads the responses of a server strictly, as a client must be able to (RFC 9051 §9)."""

import re
from typing import Any

from tests.servers.imap.play import Client

_TOKEN = re.compile(
    rb'([()])|"((?:[^"\\\r\n]|\\["\\])*)"|~?\{([0-9]+)\}\Z'
    rb"|(\\?[^\x00-\x20\x7f-\xff(){%*\"\\\]\[]+(?:\[[^\]\r\n]*\](?:<[0-9]+>)?)?|\\\*)"
)


class Response:
    """One response: `text` its line(s) without literals, `value` the parsed tokens."""

    def __init__(self, text: bytes, value: list[Any]) -> None:
        self.text = text
        self.value = value


async def response(client: Client) -> Response:
    """The next response with all its literals."""
    line = await client.line()
    text = line
    stack: list[list[Any]] = [[]]
    at = 0
    if not line.startswith(b"* ") or line.split(b" ", 2)[1].upper() in (b"OK", b"NO", b"BYE"):
        return Response(text, [])
    while True:
        if at == len(line):
            break
        if line[at : at + 1] == b" ":
            at += 1
            continue
        if line[at : at + 1] == b"*" and at == 0:
            at += 1
            continue
        match = _TOKEN.match(line, at)
        assert match, (line, at)
        at = match.end()
        if match[1] == b"(":
            stack.append([])
            stack[-2].append(stack[-1])
        elif match[1] == b")":
            stack.pop()
            assert stack, line
        elif match[2] is not None:
            stack[-1].append(re.sub(rb"\\(.)", rb"\1", match[2]))
        elif match[3] is not None:
            stack[-1].append(await client.octets(int(match[3])))
            line, at = await client.line(), 0
            text += b"\n" + line
        else:
            word = match[4]
            stack[-1].append(None if word == b"NIL" else word.decode("ascii"))
    assert len(stack) == 1, text
    return Response(text, stack[0])


async def fetched(client: Client, command: str) -> dict[int, dict[str, Any]]:
    """What a FETCH gives: message number to item to value; the last of each."""
    client.send(f"f {command}\r\n".encode())
    found: dict[int, dict[str, Any]] = {}
    while True:
        got = await response(client)
        if got.text.startswith(b"f "):
            assert got.text.startswith(b"f OK"), got.text
            return found
        if len(got.value) == 3 and got.value[1] == "FETCH":
            pairs = got.value[2]
            items = dict(zip(pairs[::2], pairs[1::2], strict=True))
            found.setdefault(int(got.value[0]), {}).update(items)
