"""Macros of RFC 7208 §7: the examples of the document, and any octets at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.mailauth.spf import macros
from alphorn.mailauth.spf.macros import MacroError

VALUES = {
    "s": "strong-bad@email.example.com",
    "l": "strong-bad",
    "o": "email.example.com",
    "d": "email.example.com",
    "i": "192.0.2.3",
    "p": "mx.example.org",
    "v": "in-addr",
    "h": "mail.example.com",
    "c": "192.0.2.3",
    "r": "mx.us.test",
    "t": "1234567890",
}
VALUES6 = {**VALUES, "v": "ip6", "i": ".".join("20010DB800000000000000000000CB01")}


def expanded(text: str, values: dict[str, str] = VALUES) -> str:
    return macros.expand(macros.parse(text), values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ("%{S}", "strong-bad%40email.example.com"),
        ("%{D999999999999}", "email.example.com"),
        ("%{l1-.+,/_=}", "bad"),
        ("%%%_%-", "% %20"),
        ("", ""),
    ],
)
def test_examples(text: str, expected: str) -> None:
    assert expanded(text) == expected


def test_the_example_for_ipv6() -> None:
    nibbles = "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2"
    assert expanded("%{ir}.%{v}._spf.%{d2}", VALUES6) == f"{nibbles}.ip6._spf.example.com"


@pytest.mark.parametrize(
    "text",
    [
        "%",
        "%{",
        "%{s",
        "%{}",
        "%{x}",
        "%{d0}",
        "%{d00}",
        "%{d-1}",
        "%{r2d}",
        "%{dr2}",
        "%{d;}",
        "%(d)",
        "a b",
        "a\tb",
        "\x7f",
        "é",
        "a%",
        "% {d}",
        "%{d}}%",
    ],
)
def test_what_is_no_macro_string(text: str) -> None:
    with pytest.raises(MacroError):
        macros.parse(text)


@pytest.mark.parametrize(
    "text", ["example.com", "example.com.", "%{d}", "x%{d}", "%{d}.com", "a%%", "a.b-c", "a..b.c1"]
)
def test_domains(text: str) -> None:
    macros.parse_domain(text)


@pytest.mark.parametrize(
    "text",
    ["", "com", "com.", "a.1", "a.1-", "a.-b", "a.b..", "%{d}com", "%{d}.", "%{c}", "%%-", "a.b/c"],
)
def test_what_is_no_domain(text: str) -> None:
    with pytest.raises(MacroError):
        macros.parse_domain(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Example.COM.", "example.com"),
        ("a b.test", "a b.test"),
        ("single", "single"),
        ("x" * 63 + ".test", "x" * 63 + ".test"),
        ("x" * 64 + ".test", None),
        ("a..test", None),
        ("", None),
        (".", None),
        ("caf\xe9.test", None),
        ("a\nb.test", None),
        (".".join(["x" * 62] * 4) + ".t", ".".join(["x" * 62] * 4) + ".t"),
        ("yy." + ".".join(["x" * 62] * 4) + ".t", ".".join(["x" * 62] * 4) + ".t"),
        ("y" * 9999, None),
    ],
)
def test_names_to_ask_for(text: str, name: str | None) -> None:
    assert macros.to_name(text) == name


pieces = st.sampled_from(
    [
        "%",
        "%{",
        "}",
        "%{d}",
        "%{S2r-}",
        "%{l",
        "9",
        "r",
        "-",
        ".",
        "a",
        "com",
        "%%",
        "%_",
        " ",
        "\xe9",
    ]
)


@given(st.one_of(st.text(), st.lists(pieces).map("".join)), st.booleans())
def test_parsing_never_fails_otherwise(text: str, explanation: bool) -> None:
    """Either it is refused, or it expands, to no more than its parts can give."""
    try:
        template = macros.parse(text, explanation=explanation)
    except MacroError:
        return
    result = macros.expand(template, VALUES)
    assert len(result) <= (len(text) + 1) * 3 * max(map(len, VALUES.values()))
    name = macros.to_name(result)
    assert name is None or (len(name) <= 253 and all(0 < len(x) < 64 for x in name.split(".")))


@given(st.lists(pieces).map("".join))
def test_a_domain_is_a_macro_string(text: str) -> None:
    try:
        macros.parse_domain(text)
    except MacroError:
        return
    macros.parse(text)


@given(st.text(), st.sampled_from(["%{l}", "%{L}", "%{l3r-}", "%{lr+_=}"]))
def test_any_value_is_taken(value: str, text: str) -> None:
    result = expanded(text, {"l": value})
    assert text != "%{l}" or result == value
    if text == "%{L}":
        assert result.isascii()
