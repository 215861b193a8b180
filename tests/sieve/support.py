"""Short ways to run a script on a message and to see what it wants done."""

import pytest

from alphorn.sieve.actions import Result
from alphorn.sieve.compiler import compile_script
from alphorn.sieve.environment import Plain
from alphorn.sieve.errors import ScriptError
from alphorn.sieve.interpreter import run
from alphorn.sieve.limits import DEFAULT, Limits

MESSAGE = b"""\
Return-Path: <otto+news@example.net>
Received: from a.example.net by b.example.org; Thu, 13 Feb 2025 12:00:00 +0100
Received: from c.example.net by a.example.net; Thu, 13 Feb 2025 11:00:00 +0100
From: =?utf-8?q?J=C3=BCrg?= Muster <otto+news@Example.NET>
To: Anna <anna@example.org>, "B. Meier" <meier@example.org>
Cc: team@example.org
Subject: [list] A =?utf-8?q?gr=C3=B6=C3=9Fere?=
 matter
Date: Thu, 13 Feb 2025 11:59:30 +0100
Message-ID: <1@example.net>
X-Number: 12
X-Empty:
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

preamble
--b
Content-Type: text/plain; charset=utf-8

Gr\xc3\xbc\xc3\x9fe, hello
--b
Content-Type: text/html

<p>fast <b>money</b></p>
--b
Content-Type: image/png; name="cat.png"
Content-Disposition: attachment; filename="cat.png"
Content-Transfer-Encoding: base64

aGVsbG8=
--b--
epilogue
""".replace(b"\n", b"\r\n")

WORLD = Plain(
    now=1739444400.0,  # 2025-02-13 11:00:00 UTC
    zone=60,
    sender="otto+news@example.net",
    recipient="anna+shop@example.org",
    parts={"auth": "otto"},
    mailboxes=frozenset(("INBOX", "Work", "Junk")),
    special_uses={"\\junk": "Junk"},
    annotations={("Work", "/private/comment"): "yes", (None, "/shared/admin"): "mailto:p@x.test"},
    lists={"friends": frozenset(("otto+news@example.net",))},
    spam_score=0.5,
    virus_score=1,
    items={"domain": "example.org"},
)


def do(
    script: str, message: bytes = MESSAGE, world: Plain = WORLD, limits: Limits = DEFAULT
) -> Result:
    """The result of a script, which must compile."""
    return run(compile_script(script, limits), message, world)


def holds(requires: str, test: str, message: bytes = MESSAGE, world: Plain = WORLD) -> bool:
    """Whether a test is true. `requires` are capabilities with spaces between them."""
    found = do(f"{needed(requires)}if {test} {{ discard; }}", message, world)
    assert found.error is None, found.error
    return not found.implicit_keep


def needed(requires: str) -> str:
    names = ", ".join(f'"{name}"' for name in requires.split())
    return f"require [{names}]; " if names else ""


def mistakes(script: str, limits: Limits = DEFAULT) -> list[str]:
    """What is wrong with a script, as "line:column words"."""
    with pytest.raises(ScriptError) as caught:
        compile_script(script, limits)
    return [f"{one.line}:{one.column} {one.text}" for one in caught.value.problems]
