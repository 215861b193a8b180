"""What managers are told about a record of their own."""

import asyncio

import pytest

from alphorn.mailauth.spf.advice import MAX_RECORDS, problems, problems_of
from tests.support.dns import Fault, Zone
from tests.support.memorydns import MemoryResolver


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 mx -all",
        "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 include:_spf.example.test ~all",
        "v=spf1 redirect=_spf.example.test",
        "v=spf1 -all",
    ],
)
def test_a_good_record_has_no_problems(record: str) -> None:
    assert problems(record) == []


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("", "does not begin"),
        ("v=spf1mx -all", "and a space, so it is none"),
        ("spf2.0/pra mx -all", "no version of SPF in use"),
        ("v=spf1 ipv4:192.0.2.1 -all", '"ipv4:192.0.2.1", which is no known mechanism'),
        ("v=spf1 mx -all;", '"-all;", which is no known mechanism'),
        ("v=spf1 m\xfcx -all", "a character that cannot stand in a record"),
        ("v=spf1 +all", "the whole world"),
        ("v=spf1 mx all", "the whole world"),
        ("v=spf1 mx ?all", "forbids nobody"),
        ("v=spf1 mx", "does not end in"),
        ("v=spf1 -all mx", 'after "all" has no effect: mx.'),
        ("v=spf1 mx -all redirect=x.test", "redirect= has no effect"),
        ("v=spf1 mx ptr -all", "out of use"),
        ("v=spf1 exists:%{p}.x.test -all", "out of use"),
        ("v=spf1 ip4:10.0.0.0/8 -all", "very large network"),
        ("v=spf1 ip6:2000::/3 -all", "very large network"),
        ("v=spf1 a/8 -all", "very large network"),
        ("v=spf1 mx mx -all", "stands 2 times"),
        ("v=spf1 include=x.test -all", 'after include stands ":"'),
        ("v=spf1 mx -all v=spf1 a", "joined"),
        ("v=spf1 mx default=fail -all", '"default=fail" has no effect'),
        ("v=spf1 " + " ".join(f"a:h{n}.test" for n in range(11)) + " -all", "takes 11 look-ups"),
        (
            "v=spf1 " + " ".join(f"ip4:192.0.2.{n}" for n in range(40)) + " -all",
            "characters; above",
        ),
    ],
)
def test_each_problem_is_one_sentence(record: str, words: str) -> None:
    [sentence, *others] = [each for each in problems(record) if words in each]
    assert others == []
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "record", ["v=spf1 -ip4:10.0.0.0/8 mx -all", "v=spf1 ip4:10.0.0.0/16 -all"]
)
def test_large_networks_that_are_no_problem(record: str) -> None:
    assert problems(record) == []


def found(zone: Zone) -> list[str]:
    return asyncio.run(problems_of("own.test", MemoryResolver(zone)))


def test_a_record_in_the_dns() -> None:
    assert found({"own.test": {"TXT": ["v=spf1 mx -all", "unrelated"]}}) == []
    assert "no SPF record" in found({"own.test": {"TXT": ["unrelated"]}})[0]
    assert "no SPF record" in found({})[0]
    assert "does not answer" in found({"own.test": Fault.SERVFAIL})[0]
    assert "2 SPF records" in found({"own.test": {"TXT": ["v=spf1 -all", "v=spf1 mx -all"]}})[0]


def including(others: Zone) -> list[str]:
    names = " ".join(f"include:{name}" for name in others)
    return found({"own.test": {"TXT": [f"v=spf1 {names} -all"]}, **others})


def test_look_ups_of_included_records_are_counted() -> None:
    five = {"TXT": ["v=spf1 " + " ".join(f"a:h{n}.test" for n in range(4)) + " -all"]}
    assert including({"a.test": five, "b.test": five}) == []
    [sentence] = including({"a.test": five, "b.test": five, "c.test": {"TXT": ["v=spf1 -all"]}})
    assert "takes 11 look-ups" in sentence


def test_what_is_wrong_with_included_records_is_told() -> None:
    sentences = including(
        {
            "none.test": {"TXT": ["x"]},
            "two.test": {"TXT": ["v=spf1 -all", "v=spf1 +all"]},
            "lost.test": Fault.TIMEOUT,
            "bad.test": {"TXT": ["v=spf1 o -all"]},
            "round.test": {"TXT": ["v=spf1 redirect=own.test"]},
        }
    )
    assert sentences == [
        "none.test is included and has no SPF record; the whole record is void by it.",
        "two.test is included and has several SPF records; the whole record is void by it.",
        "The DNS does not answer for lost.test, which is included.",
        'The record of bad.test, which is included, has the term "o", which is no known mechanism.',
        "The record of own.test leads back to itself.",
    ]


def test_a_forest_of_records_is_not_walked_to_its_end() -> None:
    zone: Zone = {
        f"n{n}.test": {"TXT": [f"v=spf1 include:n{2 * n}.test include:n{2 * n + 1}.test -all"]}
        for n in range(1, 500)
    }
    resolver = MemoryResolver(zone)
    assert "look-ups" in asyncio.run(problems_of("n1.test", resolver))[-1]
    assert len(resolver.questions) <= MAX_RECORDS + 1


def test_a_dot_at_the_end_is_the_same_domain() -> None:
    zone: Zone = {"own.test": {"TXT": ["v=spf1 include:Own.test. -all"]}}
    assert "leads back" in found(zone)[0]
