"""Records are read by RFC 9989 §4.7, §4.8 and §4.10.1; what is wrong in them is told plainly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.mailauth.dmarc.problems import problems, problems_at
from alphorn.mailauth.dmarc.record import LEVELS, Record, milder, only, parse

NOT_DMARC = (
    "",
    "v=spf1 -all",
    "p=reject; v=DMARC1",
    " v=DMARC1; p=reject",
    "v=DMARC2; p=reject",
    "v=DMARC1p=reject",
    "v=DMARC1 p=reject",
    "v=DMARC10; p=reject",
    "v=dmarc1; p=reject",
    '"v=DMARC1; p=reject"',
    "v=DMARC1, p=reject",
    "dmarc1",
)


@pytest.mark.parametrize("text", NOT_DMARC)
def test_what_does_not_begin_exactly_is_no_record(text: str) -> None:
    assert parse(text) is None
    assert parse(text.encode()) is None


READ = {
    "v=DMARC1; p=reject": Record(p="reject"),
    "v=DMARC1;p=none": Record(p="none"),
    "V = DMARC1 ; p = Quarantine ;": Record(p="quarantine"),
    "v=DMARC1;\tP=REJECT;;": Record(p="reject"),
    "v=DMARC1; sp=none; np=reject; p=quarantine": Record("quarantine", "none", "reject"),
    "v=DMARC1; p=reject; adkim=s; aspf=S": Record("reject", strict_dkim=True, strict_spf=True),
    "v=DMARC1; p=reject; adkim=strict; aspf=": Record("reject"),
    "v=DMARC1; p=reject; psd=Y; t=y": Record("reject", psd="y", testing=True),
    "v=DMARC1; p=reject; psd=n": Record("reject", psd="n"),
    "v=DMARC1; p=reject; psd=x; t=1": Record("reject"),
    "v=DMARC1; p=reject; p=none": Record("reject"),
    "v=DMARC1; p=reject; pct=0; rf=afrf; ri=86400; x=y; fo=1": Record("reject"),
    "v=DMARC1; p=reject; rua=mailto:a@example.org!10m , https://x.example/r; ruf=nobody": Record(
        "reject", rua=("mailto:a@example.org", "https://x.example/r")
    ),
    "v=DMARC1": Record(spoiled=True),
    "v=DMARC1;": Record(spoiled=True),
    "v=DMARC1; p=discard": Record(spoiled=True),
    "v=DMARC1; p=reject; sp=": Record("reject", spoiled=True),
    "v=DMARC1; p=reject; np=rejekt": Record("reject", spoiled=True),
    "v=DMARC1; p=reject; garbage; \x00=\x00; ü=1; sp=none": Record("reject", "none"),
}


@pytest.mark.parametrize("text", READ)
def test_records(text: str) -> None:
    assert parse(text.encode()) == READ[text]


def test_a_spoiled_record_with_reports_asks_for_nothing_and_without_them_does_not_exist() -> None:
    for text in ("v=DMARC1", "v=DMARC1; p=x", "v=DMARC1; p=reject; sp=x", "v=DMARC1; np=x; p=none"):
        bare = parse(text)
        reporting = parse(text + "; rua=mailto:a@example.org")
        assert bare is not None
        assert reporting is not None
        assert not bare.usable
        assert reporting.usable
        for subdomain in (False, True):
            assert reporting.policy(subdomain=subdomain, exists=True) == "none"


POLICIES = (
    ("p=reject", "reject", "reject", "reject"),
    ("p=reject; sp=none", "reject", "none", "none"),
    ("p=none; np=reject", "none", "none", "reject"),
    ("p=none; sp=quarantine; np=reject", "none", "quarantine", "reject"),
)


@pytest.mark.parametrize(("text", "own", "below", "missing"), POLICIES)
def test_which_policy_applies(text: str, own: str, below: str, missing: str) -> None:
    found = parse("v=DMARC1; " + text)
    assert found is not None
    assert found.policy(subdomain=False, exists=True) == own
    assert found.policy(subdomain=False, exists=False) == own
    assert found.policy(subdomain=True, exists=True) == below
    assert found.policy(subdomain=True, exists=False) == missing


def test_a_test_is_one_step_milder() -> None:
    assert [milder(level) for level in LEVELS] == ["none", "none", "quarantine"]


def test_several_records_are_none() -> None:
    one = b"v=DMARC1; p=reject"
    assert only([]) is None
    assert only([b"v=spf1 -all", one, b"\xff"]) == Record("reject")
    assert only([one, b"v=DMARC1; p=none"]) is None


PROBLEMS = {
    "v=DMARC1; p=reject; rua=mailto:a@example.org": (),
    "v=DMARC1; p=none; sp=quarantine; np=reject; adkim=s; aspf=r; fo=d:s; pct=100;": (),
    "v=dmarc1; p=reject": ("exactly “v=DMARC1;”",),
    '"v=DMARC1; p=reject"': ("exactly “v=DMARC1;”",),
    "v=DMARC1 p=reject": ("semicolon after “v=DMARC1” is missing",),
    "v=spf1 -all": ("does not begin",),
    "v=DMARC1; rua=mailto:a@example.org": ("no “p”",),
    "v=DMARC1; p=discard": ("“p=discard” means nothing", "whole record is ignored"),
    "v=DMARC1; p=none; p=reject": ("twice",),
    "v=DMARC1; p=none; pct=20": ("“pct=20” is not heeded",),
    "v=DMARC1; p=none; rua=a@example.org": ("write “mailto:”",),
    "v=DMARC1; p=none; rua=mailto:a@example.org!5m": ("limit of size",),
    "v=DMARC1; p=none; t=y; psd=y": ("test", "below this domain"),
    "v=DMARC1; p=none; fo=x; adkim=relaxed; foo=1": ("“fo=x”", "“adkim=relaxed”", "“foo”"),
    "v=DMARC1; p=none rua=mailto:a@example.org": (
        "“p=none rua=mailto:a@example.org” means",
        "ignored",
    ),
    "v=DMARC1; p=none; rua": ("not of the form",),
}


@pytest.mark.parametrize("text", PROBLEMS)
def test_problems_are_told(text: str) -> None:
    told = problems(text)
    assert len(told) == len(PROBLEMS[text]), told
    for words in PROBLEMS[text]:
        assert any(words in sentence for sentence in told), told
    for sentence in told:
        assert sentence.endswith(".")


def test_problems_at_a_name() -> None:
    one = "v=DMARC1; p=reject"
    assert problems_at([]) == problems_at(["v=spf1 -all"]) == ("There is no DMARC record.",)
    assert problems_at(["x", one]) == ()
    assert "2 DMARC records" in problems_at([one, one])[0]
    assert "exactly" in problems_at(["x", "v=DMARC1 ; p=none".lower()])[0]


WORDS = st.sampled_from(
    [*'vVpPst=;:,!@ \t"\\', "DMARC1", "reject", "none", "rua", "mailto:", "np", "psd", "ü", "\x00"]
)


@given(st.lists(WORDS, max_size=40).map("".join) | st.text(), st.binary())
def test_nothing_raises(text: str, data: bytes) -> None:
    parse(data)
    for candidate in (text, "v=DMARC1;" + text):
        found = parse(candidate)
        told = problems(candidate)
        problems_at([candidate, text])
        assert found is not None or told
        if found is not None:
            assert found.spoiled or found.p in LEVELS
            assert found.policy(subdomain=True, exists=False) in LEVELS
