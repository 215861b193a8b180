"""The address rules, one by one and as properties."""

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alphorn.base.address import (
    LOCAL_CHARACTERS,
    MAX_LOCAL,
    Address,
    AddressError,
    AddressRule,
    check_domain,
    check_local,
    display_domain,
    fold_domain,
    fold_local,
    parse,
    parse_foreign,
    split_detail,
)

ALLOWED = string.ascii_letters + string.digits + "-_."


def _follows_the_rules(text: str) -> bool:
    """The rules again, in the words of whoever wrote them down."""
    return (
        1 <= len(text) <= 64
        and all(character in ALLOWED for character in text)
        and text[0] not in "-."
        and text[-1] not in "-."
        and ".." not in text
    )


@pytest.mark.parametrize(
    ("text", "rule", "character"),
    [
        ("@example.test", AddressRule.EMPTY, ""),
        ("a" * 65 + "@example.test", AddressRule.LENGTH, ""),
        ("jos\u00e9@example.test", AddressRule.CHARACTER, "\u00e9"),
        ("jose\u0301@example.test", AddressRule.CHARACTER, "\u0301"),
        ("a b@example.test", AddressRule.CHARACTER, " "),
        ("a\x07b@example.test", AddressRule.CHARACTER, "\x07"),
        ("a\nb@example.test", AddressRule.CHARACTER, "\n"),
        ("a+b@example.test", AddressRule.CHARACTER, "+"),
        ("a@b@example.test", AddressRule.CHARACTER, "@"),
        ('"a"@example.test', AddressRule.CHARACTER, '"'),
        ("a%b@example.test", AddressRule.CHARACTER, "%"),
        ("a!b@example.test", AddressRule.CHARACTER, "!"),
        ("\u212aelvin@example.test", AddressRule.CHARACTER, "\u212a"),
        ("-a@example.test", AddressRule.HYPHEN_FIRST, "-"),
        ("a-@example.test", AddressRule.HYPHEN_LAST, "-"),
        (".a@example.test", AddressRule.DOT_FIRST, "."),
        ("a.@example.test", AddressRule.DOT_LAST, "."),
        ("a..b@example.test", AddressRule.DOT_DOUBLED, "."),
        ("anna", AddressRule.NO_AT, ""),
        ("", AddressRule.NO_AT, ""),
        ("a@", AddressRule.DOMAIN, ""),
        ("a@localhost", AddressRule.DOMAIN, ""),
        ("a@ex_ample.test", AddressRule.DOMAIN, "_"),
        ("a@-example.test", AddressRule.DOMAIN, "-"),
        ("a@example..test", AddressRule.DOMAIN, "."),
        ("a@192.0.2.1", AddressRule.DOMAIN, ""),
        ("a@[192.0.2.1]", AddressRule.DOMAIN, "["),
        ("a@" + "x" * 64 + ".test", AddressRule.DOMAIN, ""),
        ("a@" + "x." * 130 + "test", AddressRule.DOMAIN, ""),
        ("a@xn--a.test", AddressRule.DOMAIN, ""),
        ("a@example.test\n", AddressRule.DOMAIN, "\n"),
    ],
)
def test_refusal_names_character_and_rule(text: str, rule: AddressRule, character: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse(text)
    assert (caught.value.rule, caught.value.character) == (rule, character)
    assert caught.value.code == "address"
    if character and character.isprintable() and character != " ":
        assert character in caught.value.text
    assert caught.value.text.isprintable()


@pytest.mark.parametrize(
    "text", ["a", "A", "0", "_", "__", "a.b", "a-b", "a_b", "a-.b", "_a_", "a" * 64, "x--y", "0.0"]
)
def test_allowed(text: str) -> None:
    assert check_local(text) == text.lower()


@given(st.text(max_size=70) | st.text(ALLOWED, max_size=70))
@example("a" * 64)
@example("\u0130")
def test_exactly_the_rules(text: str) -> None:
    if _follows_the_rules(text):
        assert check_local(text) == text.lower()
        assert fold_local(text) == text.lower()
    else:
        with pytest.raises(AddressError):
            check_local(text)
        assert fold_local(text) is None


@given(st.text(ALLOWED, min_size=1, max_size=MAX_LOCAL).filter(_follows_the_rules))
def test_compared_without_case(local: str) -> None:
    assert parse(f"{local.upper()}@EXAMPLE.test") == parse(f"{local.lower()}@example.TEST")


def test_characters_are_those_of_the_rules() -> None:
    assert set(LOCAL_CHARACTERS) == set(ALLOWED.lower())


def test_domains_are_kept_as_a_labels() -> None:
    assert check_domain("M\u00fcnchen.de.") == "xn--mnchen-3ya.de"
    assert check_domain("xn--mnchen-3ya.DE") == "xn--mnchen-3ya.de"
    assert check_domain("fa\u00df.de") == "xn--fa-hia.de"
    assert check_domain("example\u3002test") == "example.test"
    assert display_domain("xn--mnchen-3ya.de") == "m\u00fcnchen.de"
    assert display_domain("xn--a.example.test") == "xn--a.example.test"
    assert fold_domain("M\u00dcNCHEN.de") == "xn--mnchen-3ya.de"


@given(st.text(max_size=300))
def test_folding_never_raises_and_agrees(text: str) -> None:
    folded = fold_domain(text)
    fold_local(text)
    try:
        checked = check_domain(text)
    except AddressError:
        return
    assert folded == checked
    assert check_domain(checked) == checked
    assert fold_domain(display_domain(checked)) == checked


@pytest.mark.parametrize("text", ["\ud800.test", "a\ud800@x.test", "\udcff"])
def test_lone_surrogates_are_no_names(text: str) -> None:
    assert fold_domain(text) is None
    assert fold_local(text) is None
    with pytest.raises(AddressError):
        parse(text + "@example.test")


def test_foreign_addresses_follow_rfc_5321() -> None:
    assert parse_foreign("O'Brien+x@Example.test") == Address("O'Brien+x", "example.test")
    for text in ("a..b@example.test", '"a b"@example.test', "\u00e9@example.test", "a b@x.test"):
        with pytest.raises(AddressError):
            parse_foreign(text)


@pytest.mark.parametrize(
    ("local", "split"),
    [
        ("anna", ("anna", None)),
        ("anna+news", ("anna", "news")),
        ("anna+a+b", ("anna", "a+b")),
        ("anna+", ("anna", "")),
        ("+x", ("+x", None)),
    ],
)
def test_detail(local: str, split: tuple[str, str | None]) -> None:
    assert split_detail(local) == split


def test_long_names_are_refused_quickly() -> None:
    with pytest.raises(AddressError):
        parse("a@" + "\u00fc" * 1_000_000)
    assert fold_domain("\u00fc" * 1_000_000) is None
