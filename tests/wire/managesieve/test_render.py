"""Answers: strings quoted or literal, codes, texts that cannot break out of their line."""

import pytest

from alphorn.wire.managesieve import capabilities, codes, render
from alphorn.wire.managesieve.capabilities import Facts
from alphorn.wire.managesieve.strings import MAX_QUOTED, string


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("", b'""'),
        ("Grün", '"Grün"'.encode()),
        ('say "no" \\', b'"say \\"no\\" \\\\"'),
        ("two\r\nlines", b"{10}\r\ntwo\r\nlines"),
        (b"\0", b"{1}\r\n\0"),
        ("x" * MAX_QUOTED, b'"' + b"x" * MAX_QUOTED + b'"'),
        ("x" * (MAX_QUOTED + 1), b"{1001}\r\n" + b"x" * (MAX_QUOTED + 1)),
        ('"' * 501, b"{501}\r\n" + b'"' * 501),
    ],
)
def test_strings(value: str | bytes, written: bytes) -> None:
    assert string(value) == written


def test_conditions() -> None:
    assert render.ok() == b"OK\r\n"
    assert render.no("Not so", codes.ACTIVE) == b'NO (ACTIVE) "Not so"\r\n'
    assert render.bye("Later", codes.TRYLATER) == b'BYE (TRYLATER) "Later"\r\n'
    assert render.ok("Done", codes.tag('a"b')) == b'OK (TAG "a\\"b") "Done"\r\n'
    assert render.ok("Logged in", codes.sasl(b"v=x")) == b'OK (SASL "dj14") "Logged in"\r\n'
    assert render.challenge(b"") == b'""\r\n'


def test_a_text_of_several_lines_is_a_literal_without_control_characters() -> None:
    assert render.no("line 1: a\nline 2: b\0\x1b") == b"NO {22}\r\nline 1: a\r\nline 2: b??\r\n"


def test_scripts() -> None:
    assert render.scripts([("a", False), ("b", True)]) == b'"a"\r\n"b" ACTIVE\r\n'
    assert render.script("kéep;\r\n") == "{8}\r\nkéep;\r\n\r\n".encode()


def shown(**changes: object) -> list[str]:
    facts = {"implementation": "X", "sieve": ("copy", "regex"), "notify": (), "redirects": 4}
    lines = capabilities.lines(Facts(**(facts | changes)))  # type: ignore[arg-type]
    return render.capabilities(lines).decode().splitlines()


def test_capabilities() -> None:
    assert shown() == [
        '"IMPLEMENTATION" "X"',
        '"VERSION" "1.0"',
        '"SASL" ""',
        '"SIEVE" "copy regex"',
        '"MAXREDIRECTS" "4"',
        '"UNAUTHENTICATE"',
    ]
    later = shown(mechanisms=("PLAIN",), starttls=True, owner="anna", notify=("mailto",))
    for line in ('"SASL" "PLAIN"', '"STARTTLS"', '"OWNER" "anna"', '"NOTIFY" "mailto"'):
        assert line in later
