"""How senders are named on lists, and which names fit an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.base.address import AddressError
from alphorn.base.senders import (
    MAX_PATTERN,
    MAX_SUFFIX_LABELS,
    Scope,
    SenderAction,
    SenderMatch,
    check_pattern,
    patterns_of,
)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Anna@Example.ORG", "anna@example.org"),
        (" o'Brien+x@example.org ", "o'brien+x@example.org"),
        ("Example.org.", "example.org"),
        ("*@example.org", "example.org"),
        ("M\u00fcnchen.example", "xn--mnchen-3ya.example"),
        ("a@m\u00fcnchen.example", "a@xn--mnchen-3ya.example"),
        (".Example.org", ".example.org"),
        ("*.example.org", ".example.org"),
        ("*.m\u00fcnchen.example", ".xn--mnchen-3ya.example"),
        (".TEST", ".test"),
        ("*.test", ".test"),
        ("." + ".".join("a" * MAX_SUFFIX_LABELS), "." + ".".join("a" * MAX_SUFFIX_LABELS)),
    ],
)
def test_as_it_is_kept(written: str, kept: str) -> None:
    assert check_pattern(written) == kept
    assert check_pattern(kept) == kept


@pytest.mark.parametrize(
    "written",
    [
        "", " ", ".", "*", "*.", "@", "@example.org", "anna@", "a b@example.org", "test", "a@test",
        "*example.org", "ex*mple.org", "*.*.org", "*@*.org", "..org", "a..org", "192.0.2.1",
        "a@[192.0.2.1]", "-a.org", "\u00e1@example.org", "\0.org", "a\nb.org", "*@.example.org",
        "x" * 64 + ".org", "x" * 65 + "@example.org", ".1", "\ud800.org",
        "." + ".".join("a" * (MAX_SUFFIX_LABELS + 1)),
    ],
)  # fmt: skip
def test_what_is_no_pattern(written: str) -> None:
    with pytest.raises(AddressError):
        check_pattern(written)


@pytest.mark.parametrize(
    ("address", "patterns"),
    [
        ("Anna@Mail.Example.org",
         ("anna@mail.example.org", "mail.example.org", ".example.org", ".org")),
        ("anna@M\u00fcnchen.example",
         ("anna@xn--mnchen-3ya.example", "xn--mnchen-3ya.example", ".example")),
        ('"a@b"@example.org', ('"a@b"@example.org', "example.org", ".org")),
        ("", ()),
        ("anna", ()),
        ("@example.org", ()),
        ("anna@", ()),
        ("anna@[192.0.2.1]", ()),
        ("a" * 65 + "@example.org", ()),
    ],
)  # fmt: skip
def test_what_fits_an_address(address: str, patterns: tuple[str, ...]) -> None:
    assert patterns_of(address) == patterns


def test_a_deep_domain_costs_no_more_than_others() -> None:
    deep = ".".join("a" * 100) + ".example.org"
    found = patterns_of(f"x@{deep}")
    assert len(found) == 2 + MAX_SUFFIX_LABELS
    assert found[1] == deep
    assert found[2] == "." + ".".join(deep.split(".")[-MAX_SUFFIX_LABELS:])
    assert found[-1] == ".org"


@given(st.text(max_size=400))
def test_any_text_is_looked_up_or_not(text: str) -> None:
    for address in (text, f"{text}@example.org", f"a@{text}"):
        found = patterns_of(address)
        assert len(found) <= 2 + MAX_SUFFIX_LABELS


@given(st.text(max_size=80), st.sampled_from(["", ".", "*.", "a@"]))
def test_what_is_kept_can_be_kept_again(text: str, front: str) -> None:
    try:
        kept = check_pattern(front + text)
    except AddressError:
        return
    assert check_pattern(kept) == kept
    assert 2 <= len(kept) <= MAX_PATTERN
    assert kept == kept.lower()


def test_the_nearest_prevails() -> None:
    order = [
        (Scope.ACCOUNT, "a@b.c.test"),
        (Scope.ACCOUNT, "b.c.test"),
        (Scope.ACCOUNT, ".c.test"),
        (Scope.ACCOUNT, ".test"),
        (Scope.DOMAIN, "a@b.c.test"),
        (Scope.DOMAIN, ".test"),
        (Scope.INSTALLATION, "a@b.c.test"),
    ]
    made = [SenderMatch(scope, pattern, SenderAction.ALLOW) for scope, pattern in reversed(order)]
    made.sort(key=lambda match: match.nearness, reverse=True)
    assert [(match.scope, match.pattern) for match in made] == order
