"""Tree walks and results, by the examples of RFC 9989 and by every way in which the DNS fails."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.mailauth.dmarc.author import of_fields
from alphorn.mailauth.dmarc.evaluate import DmarcResult, evaluate, no_author
from alphorn.mailauth.dmarc.tree import MAX_QUERIES, Found, find, targets
from alphorn.mailauth.outcome import Outcome
from tests.mailauth.dmarc.vouching import dkim, spf
from tests.support.dns import Fault
from tests.support.memorydns import MemoryResolver

PLAIN = "v=DMARC1; p=reject"
FAILING = Fault.SERVFAIL


def resolver(records: dict[str, Any], *names: str) -> MemoryResolver:
    """`_dmarc` records by domain, a tuple for several; `names` exist and have no records."""
    zone: dict[str, Any] = {name: {"A": ["192.0.2.1"]} for name in names}
    for name, value in records.items():
        texts = [value] if isinstance(value, str) else value
        zone[f"_dmarc.{name}"] = texts if isinstance(texts, Fault) else {"TXT": list(texts)}
    return MemoryResolver(zone)


def found(dns: MemoryResolver, domain: str, *identifiers: str) -> Found:
    """The same whether asked one by one or at once."""
    one_by_one = asyncio.run(find(domain, dns, identifiers))
    assert asyncio.run(find(domain, dns, identifiers, asyncio.gather)) == one_by_one
    return one_by_one


def judged(
    records: dict[str, Any], author: str, *, by_dkim: str = "", by_spf: str = "", **states: str
) -> DmarcResult:
    identifiers = [name for name in (by_dkim, by_spf) if name]
    return evaluate(
        found(resolver(records, author), author, *identifiers),
        author,
        spf(states.get("spf", "pass"), by_spf) if by_spf else None,
        [dkim(states.get("dkim", "pass"), by_dkim)] if by_dkim else [],
    )


def test_the_walk_of_a_long_name() -> None:
    """RFC 9989 §4.10."""
    assert targets("a.b.c.d.e.f.g.h.i.j.mail.example.com") == [
        "a.b.c.d.e.f.g.h.i.j.mail.example.com",
        "g.h.i.j.mail.example.com",
        "h.i.j.mail.example.com",
        "i.j.mail.example.com",
        "j.mail.example.com",
        "mail.example.com",
        "example.com",
        "com",
    ]
    eight = "1.2.3.4.5.6.7.com"
    assert targets(eight) == [eight.split(".", n)[-1] for n in range(8)]
    assert targets("com") == ["com"]
    for labels in range(1, 100):
        assert len(targets(".".join("a" * labels))) == min(labels, MAX_QUERIES)


ORGANIZATIONS: tuple[tuple[str, dict[str, Any], str], ...] = (
    # RFC 9989 §4.10.2
    ("a.mail.example.com", {"mail.example.com": PLAIN, "example.com": PLAIN}, "example.com"),
    ("a.mail.example.com", {"mail.example.com": PLAIN + "; psd=n"}, "mail.example.com"),
    (
        "a.mail.example.com",
        {"mail.example.com": PLAIN + "; psd=n", "example.com": PLAIN},
        "mail.example.com",
    ),
    ("a.mail.example.com", {"com": PLAIN + "; psd=y"}, "example.com"),
    ("a.mail.example.com", {"mail.example.com": PLAIN, "com": PLAIN + "; psd=y"}, "example.com"),
    ("a.mail.example.com", {"example.com": PLAIN + "; psd=y"}, "mail.example.com"),
    ("a.mail.example.com", {}, "a.mail.example.com"),
    ("a.mail.example.com", {"com": PLAIN}, "com"),
    # The walk began at the public suffix itself.
    ("example.com", {"example.com": PLAIN + "; psd=y", "com": PLAIN}, "example.com"),
    ("example.com", {"example.com": "v=DMARC1; psd=n"}, "example.com"),
    # Several records at a name are none (§4.10 step 6).
    ("a.example.com", {"example.com": (PLAIN, PLAIN + ";")}, "a.example.com"),
    ("a.example.com", {"example.com": ("v=spf1 -all", PLAIN, "other")}, "example.com"),
    ("x.a.b.c.d.e.f.g.h.example.com", {"h.example.com": PLAIN}, "h.example.com"),
    # Of nine labels the parent's eight are skipped.
    ("x.b.c.d.e.f.g.example.com", {"c.d.e.f.g.example.com": PLAIN}, "c.d.e.f.g.example.com"),
    ("x.b.c.d.e.f.g.example.com", {"b.c.d.e.f.g.example.com": PLAIN}, "x.b.c.d.e.f.g.example.com"),
)


@pytest.mark.parametrize(("domain", "records", "organization"), ORGANIZATIONS)
def test_organizational_domains(domain: str, records: dict[str, Any], organization: str) -> None:
    dns = resolver(records)
    assert found(dns, domain).organization == organization
    assert len(set(dns.questions)) <= MAX_QUERIES


POLICIES = (
    # author, records, where the record that applies stands, the policy of mail that fails
    ("example.com", {"example.com": PLAIN}, "example.com", "reject"),
    ("a.example.com", {"example.com": PLAIN}, "example.com", "reject"),
    ("a.example.com", {"example.com": PLAIN + "; sp=none"}, "example.com", "none"),
    ("a.example.com", {"a.example.com": PLAIN, "example.com": "v=DMARC1; p=none"}, 0, "reject"),
    ("a.b.example.com", {"b.example.com": "v=DMARC1; p=none", "example.com": PLAIN}, 2, "reject"),
    # A public suffix's policy counts where nobody below has one (RFC 9989 §4.10.1).
    ("a.giant.bank.example", {"bank.example": PLAIN + "; psd=y; sp=quarantine"}, 2, "quarantine"),
    (
        "a.giant.bank.example",
        {"bank.example": PLAIN + "; psd=y", "giant.bank.example": "v=DMARC1; p=none"},
        1,
        "none",
    ),
    ("bank.example", {"bank.example": PLAIN + "; psd=y; sp=none"}, 0, "reject"),
    # RFC 7489's pct is ignored; t=y is one step milder (§4.7).
    ("example.com", {"example.com": PLAIN + "; pct=0"}, "example.com", "reject"),
    ("example.com", {"example.com": PLAIN + "; t=y"}, "example.com", "quarantine"),
    ("example.com", {"example.com": "v=DMARC1; p=quarantine; t=y"}, "example.com", "none"),
    ("example.com", {"example.com": "v=DMARC1; p=none; t=y"}, "example.com", "none"),
    ("example.com", {"example.com": "v=DMARC1; rua=mailto:a@example.com"}, 0, "none"),
    ("EXAMPLE.com.", {"example.com": PLAIN}, "example.com", "reject"),
    ("bücher.example", {"xn--bcher-kva.example": PLAIN}, "xn--bcher-kva.example", "reject"),
)


@pytest.mark.parametrize(("author", "records", "at", "policy"), POLICIES)
def test_which_policy_a_failing_message_meets(
    author: str, records: dict[str, Any], at: str | int, policy: str
) -> None:
    result = judged(records, author, by_dkim="evil.test", by_spf="evil.test")
    assert result.outcome is Outcome.FAIL
    assert result.policy == policy
    assert result.aligned == ""
    assert result.domain == (at if isinstance(at, str) else author.split(".", at)[-1])


def test_the_policy_of_names_that_do_not_exist() -> None:
    records = {"example.com": "v=DMARC1; p=none; sp=quarantine; np=reject"}
    dns = resolver(records, "real.example.com")
    for author, exists, policy in (
        ("example.com", None, "none"),
        ("real.example.com", True, "quarantine"),
        ("fake.example.com", False, "reject"),
    ):
        known = found(dns, author)
        assert known.exists is exists
        assert evaluate(known, author, None, []).policy == policy
    dns.zone["real.example.com"] = {}
    assert found(dns, "real.example.com").exists is True
    dns.zone["real.example.com"] = FAILING
    result = evaluate(found(dns, "real.example.com"), "real.example.com", None, [])
    assert (result.outcome, result.policy) == (Outcome.TEMPERROR, "")
    passing = [dkim("pass", "real.example.com")]
    assert evaluate(found(dns, "real.example.com"), "real.example.com", None, passing).by == "dkim"


def test_existence_is_asked_for_only_where_it_matters() -> None:
    for text in ("p=none; sp=reject", "p=reject; np=reject", "p=none; sp=reject; np=reject"):
        dns = resolver({"example.com": "v=DMARC1; " + text})
        assert found(dns, "fake.example.com").exists is None
        assert ("fake.example.com", "TXT") not in dns.questions


ALIGNED = (
    # author, identifier, records, whether they are aligned in relaxed mode
    ("example.com", "example.com", {"example.com": PLAIN}, True),
    # RFC 9989 §4.4.1 and B.4.1
    ("alerts.news.example.com", "example.com", {"example.com": PLAIN}, True),
    ("example.com", "cbg.bounces.example.com", {"example.com": PLAIN}, True),
    (
        "example.com",
        "signing.example.com",
        {"example.com": PLAIN, "signing.example.com": PLAIN},
        True,
    ),
    # B.4.2
    (
        "a.b.c.d.e.f.g.h.i.j.k.example.com",
        "signing.example.com",
        {"example.com": PLAIN, "signing.example.com": PLAIN},
        True,
    ),
    # B.4.3
    (
        "giant.bank.example",
        "mail.giant.bank.example",
        {"bank.example": PLAIN + "; psd=y", "giant.bank.example": PLAIN},
        True,
    ),
    (
        "giant.bank.example",
        "mail.mega.bank.example",
        {"bank.example": PLAIN + "; psd=y", "giant.bank.example": PLAIN},
        False,
    ),
    ("example.com", "com", {"example.com": PLAIN}, False),
    ("example.com", "example.net", {"example.com": PLAIN, "example.net": PLAIN}, False),
    ("example.com", "badexample.com", {"example.com": PLAIN}, False),
    ("a.example.com", "example.com", {"a.example.com": PLAIN}, False),
    ("a.example.com", "b.example.com", {"a.example.com": PLAIN}, False),
    ("a.example.com", "b.example.com", {"a.example.com": PLAIN, "example.com": PLAIN}, True),
    ("example.com", "a.example.com", {"example.com": PLAIN, "a.example.com": PLAIN + ";psd=n"}, 0),
    ("a.example.com", "example.com", {"example.com": PLAIN, "a.example.com": PLAIN + ";psd=n"}, 0),
    ("example.com", "EXAMPLE.COM.", {"example.com": PLAIN}, True),
    ("example.com", "", {"example.com": PLAIN}, False),
)


@pytest.mark.parametrize(("author", "identifier", "records", "aligned"), ALIGNED)
@pytest.mark.parametrize("method", ["dkim", "spf"])
def test_alignment(
    author: str, identifier: str, records: dict[str, Any], aligned: bool, method: str
) -> None:
    relaxed = judged(records, author, **{f"by_{method}": identifier})
    assert relaxed.outcome is (Outcome.PASS if aligned else Outcome.FAIL)
    assert relaxed.by == (method if aligned else "")
    assert relaxed.aligned == (identifier.lower().rstrip(".") if aligned else "")
    tag = {"dkim": "adkim", "spf": "aspf"}[method]
    strict = {name: f"{text}; {tag}=s" for name, text in records.items()}
    same = identifier.lower().rstrip(".") == author
    outcome = judged(strict, author, **{f"by_{method}": identifier}).outcome
    assert outcome is (Outcome.PASS if same else Outcome.FAIL)


def test_one_aligned_identifier_is_enough() -> None:
    known = found(resolver({"example.com": PLAIN}), "example.com")
    others = [dkim("fail", "example.com"), dkim("pass", "list.test"), dkim("pass", "example.com")]
    assert evaluate(known, "example.com", spf("fail", "example.com"), others).outcome == "pass"
    result = evaluate(known, "example.com", spf("softfail", "example.com"), others[:2])
    assert (result.outcome, result.policy, result.domain) == ("fail", "reject", "example.com")
    for state in ("neutral", "none", "permerror", "policy"):
        assert evaluate(known, "example.com", None, [dkim(state, "example.com")]).outcome == "fail"


def test_walks_share_what_was_asked_and_strangers_cost_nothing() -> None:
    dns = resolver({"example.com": PLAIN})
    signers = ("a.example.com", "b.a.example.com", "sending.test", "other.com", "a.example.com")
    asyncio.run(find("example.com", dns, signers))
    assert sorted(dns.questions) == [
        (f"_dmarc.{name}", "TXT")
        for name in ("a.example.com", "b.a.example.com", "com", "example.com")
    ]
    dns = resolver({"example.com": PLAIN + "; adkim=s; aspf=s"})
    asyncio.run(find("example.com", dns, signers))
    assert len(dns.questions) == 2


def test_nothing_applies() -> None:
    result = judged({}, "example.com", by_dkim="example.com")
    assert (result.outcome, result.policy, result.domain) == (Outcome.NONE, "", "")
    assert "No DMARC record" in result.reason
    result = judged({"example.com": "v=DMARC1; p=rejekt"}, "example.com", by_dkim="example.com")
    assert (result.outcome, result.policy) == (Outcome.PERMERROR, "")
    result = no_author(of_fields(["a@example.com, b@example.net"]))
    assert (result.outcome, result.policy) == (Outcome.PERMERROR, "")
    assert "different domains" in result.reason
    nobody = found(resolver({}), "[192.0.2.1]")
    assert evaluate(nobody, "", None, []).outcome is Outcome.PERMERROR


TEMPORARY = (Fault.TIMEOUT, Fault.SERVFAIL, Fault.REFUSED)


@pytest.mark.parametrize("fault", TEMPORARY)
@pytest.mark.parametrize("failing", ["a.example.com", "example.com", "com"])
def test_a_failure_of_the_dns_is_no_fail(fault: Fault, failing: str) -> None:
    records: dict[str, Any] = {"example.com": PLAIN} | {failing: fault}
    result = judged(records, "a.example.com", by_dkim="evil.test")
    assert (result.outcome, result.policy) == (Outcome.TEMPERROR, "")
    assert f"_dmarc.{failing}" in result.reason


def test_a_failure_matters_only_where_the_answer_does() -> None:
    records: dict[str, Any] = {"a.example.com": PLAIN, "example.com": FAILING}
    assert judged(records, "a.example.com", by_dkim="a.example.com").outcome is Outcome.PASS
    assert judged(records, "a.example.com", by_dkim="evil.test").outcome is Outcome.FAIL
    assert judged(records, "a.example.com").policy == "reject"
    near = judged(records, "a.example.com", by_dkim="b.example.com")
    assert (near.outcome, near.policy) == (Outcome.TEMPERROR, "")
    assert judged(records, "a.example.com", by_dkim="b.example.com", dkim="fail").outcome == "fail"
    strict = {"a.example.com": PLAIN + "; adkim=s", "example.com": FAILING}
    assert judged(strict, "a.example.com", by_dkim="b.example.com").outcome is Outcome.FAIL
    stopped = {"a.example.com": PLAIN + "; psd=n", "example.com": FAILING}
    assert judged(stopped, "a.example.com", by_dkim="x.a.example.com").outcome is Outcome.PASS


def test_a_failure_on_the_way_to_an_identifier() -> None:
    records: dict[str, Any] = {"example.com": PLAIN, "m.example.com": FAILING}
    assert judged(records, "example.com", by_spf="m.example.com").outcome is Outcome.TEMPERROR
    assert judged(records, "example.com", by_spf="example.com").outcome is Outcome.PASS


def test_a_check_that_could_not_be_made() -> None:
    records = {"example.com": PLAIN}
    for method in ("dkim", "spf"):
        by = f"by_{method}"
        unsure = judged(records, "example.com", **{by: "example.com", method: "temperror"})
        assert (unsure.outcome, unsure.policy) == (Outcome.TEMPERROR, "")
        foreign = judged(records, "example.com", **{by: "evil.test", method: "temperror"})
        assert foreign.outcome is Outcome.FAIL


def test_an_identifier_that_was_not_told_of_is_no_wrong_fail() -> None:
    known = found(resolver({"example.com": PLAIN}), "example.com")
    passing = [dkim("pass", "m.example.com")]
    assert evaluate(known, "example.com", None, passing).outcome is Outcome.TEMPERROR


LABELS = st.sampled_from(["a", "b", "example", "com", "x_y", "é", "", "-"])
NAMES = st.lists(LABELS, min_size=1, max_size=12).map(".".join)
TEXTS = st.sampled_from(
    [PLAIN, PLAIN + ";psd=n", PLAIN + ";psd=y;sp=none;np=quarantine", "v=DMARC1", "x", FAILING]
)


@given(NAMES, st.dictionaries(NAMES, TEXTS, max_size=6), st.lists(NAMES, max_size=4))
def test_whatever_is_published(author: str, records: dict[str, Any], names: list[str]) -> None:
    dns = resolver(records)
    known = asyncio.run(find(author, dns, names))
    assert len(dns.questions) <= MAX_QUERIES * (1 + len(names)) + 1
    assert len(set(dns.questions)) == len(dns.questions)
    failing = any(value is FAILING for value in records.values())
    for passing in ([], [dkim("pass", name) for name in names]):
        result = evaluate(known, author, None, passing)
        if not failing:
            assert result.outcome is not Outcome.TEMPERROR
        assert (result.outcome is Outcome.PASS) == bool(result.aligned)
        assert not (result.outcome in ("temperror", "none", "permerror") and result.policy)
