"""Messages for tests of what is seen in them."""

from alphorn.message.parse import parse
from alphorn.spam.features import observe
from alphorn.spam.observation import Observation
from alphorn.spam.values import SpamFacts

NOTHING_KNOWN = SpamFacts()


def message(
    body: str = "Hello Anna,\nshall we meet on Tuesday?\nBeat\n",
    *,
    subject: str = "Tuesday",
    sender: str = "Beat Huber <beat@friend.test>",
    kind: str = "text/plain; charset=utf-8",
    fields: str = "",
) -> bytes:
    head = f"From: {sender}\nTo: anna@here.test\nSubject: {subject}\nContent-Type: {kind}\n{fields}"
    return f"{head}\n{body}".replace("\n", "\r\n").encode()


def html(body: str, **others: str) -> bytes:
    return message(f"<html><body>{body}</body></html>", kind="text/html; charset=utf-8", **others)


def attached(name: str, kind: str = "application/octet-stream", content: str = "x") -> bytes:
    body = (
        "--b\nContent-Type: text/plain\n\nsee there\n"
        f"--b\nContent-Type: {kind}\n"
        f'Content-Disposition: attachment; filename="{name}"\n\n{content}\n--b--\n'
    )
    return message(body, kind='multipart/mixed; boundary="b"')


def seen(raw: bytes, facts: SpamFacts = NOTHING_KNOWN) -> Observation:
    return observe(raw, parse(raw), facts)
