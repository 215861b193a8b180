"""Greetings that give a stranger away, each with its own reason and the exact reply."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.policy.decision import Act
from alphorn.policy.helo import Greeting, Resolved, check, must_resolve

OURS: dict[str, Any] = {
    "client": "198.51.100.7",
    "recipient": "anna@alphorn.example",
    "own_names": {"mx.hoster.ch", "kunde.ch", "xn--bcher-kva.ch"},
    "own_addresses": {"203.0.113.5", "2001:db8::5"},
    "resolved": Resolved.EXISTS,
}

BOGUS = {
    "helo-own-address": (
        *("203.0.113.5", "[203.0.113.5]", "[IPv6:2001:db8::5]", "2001:0DB8:0::5"),
        "::ffff:203.0.113.5",
    ),
    "helo-literal": ("[198.51.100.7]", "[IPv6:2001:db8::7]", "[x]", "[", "[]"),
    "helo-address": (
        *("198.51.100.7", "198.51.100.7.", "2001:db8::7", "IPv6:2001:db8::7", "10.0.0.256"),
        *("10.1", "16909060", "mail.example.9"),
    ),
    "helo-syntax": (
        *("", " ", "a b.ch", "mail..firma.ch", ".firma.ch", "-mail.firma.ch", "mail-.firma.ch"),
        *("mail.firma.ch/x", "mail.firma.ch\x00", "a" * 64 + ".ch", "a." * 130 + "ch", "user@x.ch"),
        *("mail.fi\udcffrma.ch", "<script>.ch", "mail,firma.ch", "..", "."),
    ),
    "helo-unqualified": (
        "localhost",
        "server",
        "mon-serveur",
        "WIN-CLJ1B0GQ6JP",
        "user.",
        "zürich",
    ),
    "helo-own-name": ("mx.hoster.ch", "MX.Hoster.CH.", "kunde.ch", "bücher.ch", "XN--BCHER-KVA.ch"),
    "helo-reserved": (
        *("mail.test", "x.invalid", "a.localhost", "b.example", "example.com", "mx.example.org"),
        *("printer.local", "nas.home.arpa", "pc.lan", "srv.internal", "localhost.localdomain"),
        *("x.onion", "PC-7.fritz.box", "dc1.corp"),
    ),
    "helo-fake": ("gmail.com", "GMAIL.com.", "ylmf-pc", "yahoo.com"),
}
CASES = [(code, name) for code, names in BOGUS.items() for name in names]


@pytest.mark.parametrize(("code", "name"), CASES)
def test_bogus_names(code: str, name: str) -> None:
    facts = Greeting(name, **OURS)
    decision = check(facts)
    assert decision.stage == "helo"
    assert decision.act is Act.REFUSE
    assert (decision.basic, decision.status, decision.page) == (550, "5.7.1", "helo")
    assert [reason.code for reason in decision.reasons] == [code]
    assert decision.facts["rule"] == code
    assert not must_resolve(facts)


GOOD = (
    *("mail.firma.ch", "mail-wr1-f41.google.com", "MX1.Firma.CH.", "my_server.firma.ch"),
    *(
        "1-2-3-4.dynamic.provider.net",
        "xn--mller-kva.ch",
        "müller.ch",
        "firma.ch",
        "a.b.c.d.e.museum",
    ),
    *("notexample.com", "example.com.br", "mail.kunde.ch", "local.firma.ch", "a--b.ch"),
)


@pytest.mark.parametrize("name", GOOD)
def test_names_of_honest_servers(name: str) -> None:
    decision = check(Greeting(name, **OURS))
    assert decision.passes
    assert decision.reasons == ()
    assert must_resolve(Greeting(name, **OURS))


def test_the_reply_word_for_word() -> None:
    facts = Greeting("server", "198.51.100.7", "anna@example.ch")
    assert check(facts).text == "<anna@example.ch>... Access denied - bogus HELO [server]"


def test_what_the_dns_says() -> None:
    name = "mail.firma.ch"
    missing = check(Greeting(name, **OURS | {"resolved": Resolved.MISSING}))
    assert (missing.act, missing.basic, missing.status) == (Act.REFUSE, 550, "5.7.1")
    assert missing.reasons[0].code == "helo-missing"
    failed = check(Greeting(name, **OURS | {"resolved": Resolved.FAILED}))
    assert (failed.act, failed.basic, failed.status) == (Act.DEFER, 451, "4.7.1")
    assert failed.reasons[0].code == "helo-dns-failed"
    recipient = OURS["recipient"]
    assert missing.text == f"<{recipient}>... Access denied - bogus HELO [{name}]"
    assert failed.text == (
        f"<{recipient}>... Your HELO name [{name}] could not be looked up for now, "
        "please try again later"
    )
    assert failed.page == "helo"
    assert check(Greeting(name, **OURS | {"resolved": Resolved.UNKNOWN})).passes


@pytest.mark.parametrize(("code", "name"), CASES)
@pytest.mark.parametrize("resolved", list(Resolved))
def test_the_dns_changes_nothing_about_what_is_bogus_anyway(
    code: str, name: str, resolved: Resolved
) -> None:
    decision = check(Greeting(name, **OURS | {"resolved": resolved}))
    assert decision.act is Act.REFUSE
    assert decision.reasons[0].code == code


def test_our_own_names_are_ours_to_say() -> None:
    for client in ("203.0.113.5", "::ffff:203.0.113.5", "2001:db8:0::5"):
        assert check(Greeting("mx.hoster.ch", **OURS | {"client": client})).passes
        literal = check(Greeting("[203.0.113.5]", **OURS | {"client": client}))
        assert literal.reasons[0].code == "helo-literal"
    assert check(Greeting("kunde.ch", **OURS, confirmed=True)).passes
    assert not check(Greeting("kunde.ch", **OURS | {"client": ""})).passes


def test_the_list_of_fakes_can_be_set() -> None:
    fakes = ("bad.ch", ".botnet.ch")
    for name, passes in (
        ("bad.ch", False),
        ("x.bad.ch", True),
        ("botnet.ch", True),
        ("x.y.botnet.ch", False),
        ("gmail.com", True),
    ):
        assert check(Greeting(name, **OURS, fakes=fakes)).passes is passes


@given(st.text() | st.binary().map(lambda data: data.decode("utf-8", "surrogateescape")), st.text())
def test_whatever_is_said_makes_a_reply_on_one_line(name: str, recipient: str) -> None:
    decision = check(Greeting(name, **OURS | {"recipient": recipient}))
    assert decision.text.isascii()
    assert decision.text == "" or decision.text.isprintable()
    assert len(decision.text) < 300
    assert decision.passes == (not decision.reasons)
    assert str(decision.facts["helo"]).isprintable()
