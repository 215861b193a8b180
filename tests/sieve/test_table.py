"""The table: what can be required follows from it, and each row is whole."""

import pytest

from alphorn.sieve.compiler import compile_script
from alphorn.sieve.extensions import METHODS, STANDARD, TABLE
from alphorn.sieve.language import Language
from alphorn.sieve.table import Command, Extension

PROMISED = """
    encoded-character fileinto envelope reject ereject copy body variables relational
    comparator-i;ascii-numeric regex subaddress date index imap4flags vacation vacation-seconds
    editheader mailbox mboxmetadata servermetadata special-use environment duplicate enotify include
    ihave mime foreverypart extracttext replace enclose extlists spamtest spamtestplus virustest fcc
    imapsieve
""".split()


def test_all_that_is_promised_can_be_required() -> None:
    assert set(PROMISED) <= set(STANDARD.capabilities)
    assert list(STANDARD.capabilities) == sorted(STANDARD.capabilities)
    names = ", ".join(f'"{name}"' for name in STANDARD.capabilities)
    assert compile_script(f"require [{names}];").capabilities == STANDARD.capabilities
    assert METHODS == ("mailto",)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.capability or "core")
def test_a_row_is_whole(row: Extension) -> None:
    assert row.source.startswith(("RFC ", "draft-"))
    for form in (*row.commands, *row.tests):
        assert form.name == form.name.lower()
    targets = {
        name
        for other in TABLE
        for form in (*other.commands, *other.tests)
        for name in (form.name, *form.groups)
    }
    for tag in row.tags:
        assert set(tag.on) <= targets
    for implied in row.implies:
        assert implied in STANDARD.extensions


def test_a_new_extension_is_a_row() -> None:
    row = Extension(
        "vnd.test", "RFC 0", commands=(Command("nothing", lambda call: lambda run: None),)
    )
    language = Language((*TABLE, row))
    assert "vnd.test" in language.capabilities
    compile_script('require "vnd.test"; nothing;', language=language)
