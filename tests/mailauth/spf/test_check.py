"""What the public suites leave open: identities, limits to the letter, faults, odd senders."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from alphorn.dns.answers import Answer
from alphorn.dns.stub import StubResolver
from alphorn.mailauth.spf.check import check, too_slow
from alphorn.mailauth.spf.explanation import MAX_TEXT
from alphorn.mailauth.spf.result import Spf, SpfResult
from tests.support import dns
from tests.support.dns import DnsServer, Fault, Zone
from tests.support.memorydns import MemoryResolver

IP = "192.0.2.1"
HOSTS: Zone = {
    "here.test": {"A": [IP], "AAAA": ["2001:db8::1"]},
    "other.test": {"A": ["192.0.2.200"], "AAAA": ["2001:db8::200"]},
}


def run(
    resolver: Any, sender: str = "a@own.test", *, ip: str = IP, helo: str = "mail.own.test"
) -> SpfResult:
    return asyncio.run(check(resolver, ip, sender, helo, "mx.us.test", 1234567890.5))


def result(record: str, more: Zone | None = None, **how: str) -> SpfResult:
    return run(MemoryResolver({**HOSTS, **(more or {}), "own.test": {"TXT": [record]}}), **how)


# -- identities --


def test_the_sender_is_checked() -> None:
    assert result("v=spf1 ip4:192.0.2.0/24 -all") == SpfResult(
        Spf.PASS, "own.test", "mailfrom", IP, "ip4:192.0.2.0/24"
    )


def test_a_null_sender_leaves_the_helo_name() -> None:
    resolver = MemoryResolver({"mail.own.test": {"TXT": ["v=spf1 -all exp=why.own.test"]}})
    resolver.zone["why.own.test"] = {"TXT": ["%{s} %{l} %{o} %{h}"]}
    assert run(resolver, "") == SpfResult(
        Spf.FAIL,
        "mail.own.test",
        "helo",
        IP,
        "all",
        "postmaster@mail.own.test postmaster mail.own.test mail.own.test",
    )


@pytest.mark.parametrize(
    "domain",
    [
        "localhost",
        "[192.0.2.1]",
        "192.0.2.1",
        "a..test",
        ".test",
        "x" * 64 + ".test",
        "a b.test",
        "x." * 127 + "test",
        "caf\xe9 .test",
        "\ud800.test",
        "",
        "a\x00b.test",
    ],
)
def test_what_is_no_domain_has_no_result_and_is_not_asked_for(domain: str) -> None:
    resolver = MemoryResolver({})
    assert run(resolver, f"a@{domain}").result is Spf.NONE
    assert run(resolver, "", helo=domain).result is Spf.NONE
    assert resolver.questions == []


def test_a_domain_is_asked_for_as_a_labels() -> None:
    resolver = MemoryResolver({"xn--bcher-kva.test": {"TXT": ["v=spf1 +all"]}})
    found = run(resolver, "a@B\xfccher.test")
    assert (found.result, found.domain) == (Spf.PASS, "xn--bcher-kva.test")


def test_names_with_an_underscore_are_names() -> None:
    assert (
        run(MemoryResolver({"a_b.test": {"TXT": ["v=spf1 +all"]}}), "x@A_b.test.").result == "pass"
    )


@pytest.mark.parametrize("ip", ["", "unix", "1.2.3", "300.1.1.1"])
def test_what_is_no_address_has_no_result(ip: str) -> None:
    assert result("v=spf1 +all", ip=ip).result is Spf.NONE


def test_addresses_with_a_scope_or_wrapped() -> None:
    assert result("v=spf1 ip6:fe80::/10 -all", ip="fe80::1%eth0").ip == "fe80::1"
    assert result("v=spf1 ip6:fe80::/10 -all", ip="fe80::1%eth0").result is Spf.PASS
    assert result(f"v=spf1 ip4:{IP} -all", ip=f"::ffff:{IP}").ip == IP


# -- what decided --


@pytest.mark.parametrize(
    ("record", "mechanism", "expected"),
    [
        ("v=spf1 ~IP4:192.0.2.1 -all", "IP4:192.0.2.1", Spf.SOFTFAIL),
        ("v=spf1 ?a:here.test/24//64", "a:here.test/24//64", Spf.NEUTRAL),
        ("v=spf1 include:third.test -all", "include:third.test", Spf.PASS),
        ("v=spf1 redirect=third.test", "ip4:192.0.2.0/28", Spf.PASS),
        ("v=spf1 a:other.test", "default", Spf.NEUTRAL),
        ("v=spf1", "default", Spf.NEUTRAL),
        ("V=SPF1  -ALL  ", "ALL", Spf.FAIL),
    ],
)
def test_the_mechanism_that_decided(record: str, mechanism: str, expected: Spf) -> None:
    found = result(record, {"third.test": {"TXT": ["v=spf1 ip4:192.0.2.0/28 -all"]}})
    assert (found.result, found.mechanism, found.problem) == (expected, mechanism, "")


def test_a_record_of_several_strings_is_joined() -> None:
    record = "v=spf1 " + " ".join(f"ip4:198.51.{number}.0/24" for number in range(100))
    zone: Zone = {"own.test": {"TXT": [record + f" ip4:{IP} -all"]}}
    with DnsServer(zone) as server:
        found = run(StubResolver([server.address]))
    assert (found.result, found.mechanism) == (Spf.PASS, f"ip4:{IP}")


# -- limits (RFC 7208 §4.6.4) --


@pytest.mark.parametrize("term", ["a:other.test", "mx:mx.test", "exists:none.{}.test"])
@pytest.mark.parametrize(("number", "expected"), [(10, Spf.PASS), (11, Spf.PERMERROR)])
def test_ten_look_ups(term: str, number: int, expected: Spf) -> None:
    more: Zone = {"mx.test": {"MX": ["1 other.test"]}}
    if "exists" in term:
        # What exists matches: only the include that does not pass takes it back.
        more |= {f"n{n}.test": {"TXT": ["v=spf1 -all"]} for n in range(11)}
        term = "include:n{}.test"
    terms = " ".join(term.format(n) for n in range(number))
    found = result(f"v=spf1 {terms} +all", more)
    assert found.result is expected
    if expected is Spf.PERMERROR:
        assert "more than 10 look-ups" in found.problem
        assert "own.test" in found.problem


def test_terms_that_are_not_come_to_do_not_count() -> None:
    terms = " ".join(["a:other.test"] * 20)
    assert result(f"v=spf1 ip4:{IP} {terms} -all").result is Spf.PASS


def test_look_ups_of_included_records_count() -> None:
    third: Zone = {"third.test": {"TXT": ["v=spf1 " + "a:other.test " * 8 + "-all"]}}
    assert result("v=spf1 include:third.test a:here.test -all", third).result is Spf.PASS
    assert result("v=spf1 a include:third.test a:here.test -all", third).result is Spf.PERMERROR


@pytest.mark.parametrize(
    "terms",
    ["a:n1.test a:n2.test{}", "mx:n1.test exists:n2.test{}", "a:n1.test ptr{}"],
)
def test_two_void_look_ups(terms: str) -> None:
    assert result(f"v=spf1 {terms.format('')} +all").result is Spf.PASS
    third = result(f"v=spf1 {terms.format(' a:n3.test')} +all")
    assert third.result is Spf.PERMERROR
    assert "more than 2 things" in third.problem


def test_hosts_of_mx_records_without_an_address_are_not_void() -> None:
    more: Zone = {
        "mx.test": {"MX": [f"{n} h{n}.test" for n in range(5)]},
        **{f"h{n}.test": {"A": ["192.0.2.77"]} for n in range(5)},
    }
    found = result("v=spf1 mx:mx.test a:here.test -all", more, ip="2001:db8::1")
    assert (found.result, found.mechanism) == (Spf.PASS, "a:here.test")


@pytest.mark.parametrize(("number", "expected"), [(10, Spf.PASS), (11, Spf.PERMERROR)])
def test_ten_mail_servers(number: int, expected: Spf) -> None:
    more: Zone = {
        "mx.test": {"MX": [f"{n} h{n}.test" for n in range(number)]},
        **{f"h{n}.test": {"A": [f"192.0.2.{91 - n}"]} for n in range(number)},
    }
    found = result("v=spf1 mx:mx.test -all", more, ip="192.0.2.82")
    assert found.result is expected


def test_ten_names_of_the_client() -> None:
    names = [f"n{n}.here.test" for n in range(12)]
    more: Zone = {"1.2.0.192.in-addr.arpa": {"PTR": names}, names[-1]: {"A": [IP]}}
    more["n0.here.test"] = {"A": [IP]}
    resolver = MemoryResolver({**more, "own.test": {"TXT": ["v=spf1 ptr:here.test ptr -all"]}})
    assert run(resolver).result is Spf.PASS
    assert sum(kind == "A" for _, kind in resolver.questions) == 10


def test_the_names_of_the_client_are_asked_for_once() -> None:
    resolver = MemoryResolver({"own.test": {"TXT": ["v=spf1 ptr ptr:x.test a:%{p}.test +all"]}})
    run(resolver)
    assert [kind for _, kind in resolver.questions].count("PTR") == 1


def test_an_explanation_is_looked_up_once_and_only_for_a_fail() -> None:
    resolver = MemoryResolver({"own.test": {"TXT": ["v=spf1 ~all exp=why.test"]}})
    run(resolver)
    assert ("why.test", "TXT") not in resolver.questions


def test_a_name_that_only_ends_alike_is_another() -> None:
    more: Zone = {"1.2.0.192.in-addr.arpa": {"PTR": ["nothere.test"]}, "nothere.test": {"A": [IP]}}
    assert result("v=spf1 ptr:here.test -all", more).result is Spf.FAIL
    assert result("v=spf1 ptr:nothere.test -all", more).result is Spf.PASS


@pytest.mark.parametrize(
    ("names", "best"),
    [
        (["a.own.test", "other.test", "own.test"], "own.test"),
        (["b.test", "z.own.test"], "z.own.test"),
        (["b.test", "notown.test"], "b.test"),
        ([], "unknown"),
    ],
)
def test_the_name_of_the_client_in_macros(names: list[str], best: str) -> None:
    record = ["v=spf1 exists:%{p}.for.test -all"]
    zone: Zone = {name: {"A": [IP], "TXT": record} for name in ["own.test", *names]}
    zone[f"{best}.for.test"] = {"A": ["127.0.0.2"]}
    zone["1.2.0.192.in-addr.arpa"] = {"PTR": names}
    assert run(MemoryResolver(zone)).result is Spf.PASS


# -- what the DNS does --


@pytest.fixture(scope="module")
def server() -> Iterator[DnsServer]:
    with DnsServer({}) as server:
        yield server


PASSING = [f for f in Fault if f not in (Fault.EXTRA_NAME, Fault.WRONG_TYPE)]


@pytest.mark.parametrize("fault", PASSING)
def test_faults_are_temporary(server: DnsServer, fault: Fault) -> None:
    server.zone = {
        **HOSTS,
        "lost.test": fault,
        "mx.test": {"MX": ["1 lost.test"]},
        "own.test": {"TXT": ["v=spf1 a:lost.test +all"]},
        "included.test": {"TXT": ["v=spf1 include:lost.test +all"]},
        "redirected.test": {"TXT": ["v=spf1 redirect=lost.test"]},
        "exists.test": {"TXT": ["v=spf1 exists:lost.test +all"]},
        "servers.test": {"TXT": ["v=spf1 mx:lost.test +all"]},
        "server.test": {"TXT": ["v=spf1 mx:mx.test +all"]},
    }
    resolver = dns.resolver(server)
    for domain in ("lost", "own", "included", "redirected", "exists", "servers", "server"):
        found = run(resolver, f"a@{domain}.test")
        assert found.result is Spf.TEMPERROR, domain
        assert "lost.test" in found.problem
        assert found.mechanism == ""


@pytest.mark.parametrize("fault", [Fault.EXTRA_NAME, Fault.WRONG_TYPE])
def test_records_of_others_are_no_answer(server: DnsServer, fault: Fault) -> None:
    server.zone = {"lost.test": fault, "own.test": {"TXT": ["v=spf1 a:lost.test -all"]}}
    resolver = dns.resolver(server)
    assert run(resolver, "a@lost.test").result is Spf.NONE
    assert run(resolver).result is Spf.FAIL


def test_a_failing_name_of_the_client_is_no_match() -> None:
    more: Zone = {"1.2.0.192.in-addr.arpa": Fault.SERVFAIL}
    assert result("v=spf1 ptr:here.test -all", more).result is Spf.FAIL
    more = {"1.2.0.192.in-addr.arpa": {"PTR": ["lost.test", "x.here.test"]}}
    more |= {"lost.test": Fault.TIMEOUT, "x.here.test": {"A": [IP]}}
    assert result("v=spf1 ptr:here.test -all", more).result is Spf.PASS


def test_an_error_after_the_match_is_none() -> None:
    more: Zone = {"lost.test": Fault.SERVFAIL}
    assert result(f"v=spf1 ip4:{IP} a:lost.test -all", more).result is Spf.PASS


def test_what_is_wrong_is_said_of_the_record_that_has_it() -> None:
    found = result("v=spf1 include:third.test", {"third.test": {"TXT": ["v=spf1 ipv4:1.2.3.4"]}})
    assert found.problem == (
        'The SPF record of third.test has the term "ipv4:1.2.3.4", which is no known mechanism; '
        "networks stand after ip4: or ip6:. Whoever manages the DNS of third.test can repair it."
    )


def test_who_waits_no_longer_has_a_result() -> None:
    found = too_slow(IP, "a@own.test", "x")
    assert (found.result, found.domain, found.identity) == (Spf.TEMPERROR, "own.test", "mailfrom")
    assert "own.test" in found.problem
    assert too_slow(IP, "", "[1.2.3.4]").identity == "helo"


# -- explanations --


def explained(text: str, sender: str = "a@own.test") -> str:
    zone: Zone = {
        "own.test": {"TXT": ["v=spf1 -all exp=why.own.test"]},
        "why.own.test": {"TXT": [text]},
    }
    found = run(MemoryResolver(zone), sender)
    assert found.result is Spf.FAIL
    return found.explanation


def test_explanations_have_all_macros() -> None:
    text = "%{i} %{c} %{d} %{r} %{t} %{v} %{h} %{p}%_%%%-"
    assert explained(text) == (
        f"{IP} {IP} own.test mx.us.test 1234567890 in-addr mail.own.test unknown %%20"
    )


def test_an_explanation_is_bounded() -> None:
    assert explained("x" * 1000) == "x" * (MAX_TEXT - 3) + "..."
    assert len(explained("%{s}" * 250, "x" * 9999 + "@own.test")) == MAX_TEXT
    assert explained("x" * 2000) == ""


def test_what_a_client_says_is_bounded() -> None:
    sender = "%{L}" + "x" * 9999
    zone: Zone = {
        "own.test": {"TXT": ["v=spf1 -all exp=%{l1=}.why.test"]},
        "tail.why.test": {"TXT": ["found"]},
    }
    resolver = MemoryResolver(zone)
    assert run(resolver, f"{sender}=tail@own.test").explanation == ""
    assert run(resolver, "x=tail@own.test").explanation == "found"
    zone["own.test"] = {"TXT": ["v=spf1 -all exp=%{h1=}.why.test"]}
    assert run(MemoryResolver(zone), helo="x" * 999 + "=tail").explanation == ""
    assert run(MemoryResolver(zone), helo="x=tail").explanation == "found"


@pytest.mark.parametrize("text", ["two\r\n550 lines", "a\x00", "caf\xe9", "\x1b[31m", "%{x}", "%"])
def test_what_could_not_stand_in_a_reply_is_no_explanation(text: str) -> None:
    assert explained(text) == ""


@pytest.mark.parametrize("local", ["a\r\nb", "\xe4", "a\x7f", "\udce4"])
def test_senders_bring_nothing_else_into_it(local: str) -> None:
    assert explained("%{l} may not", f"{local}@own.test") == ""
    assert explained("%{L} may not", f"{local}@own.test").startswith(("a%", "%C3%A4", "%3F"))


# -- macros in terms --


def test_local_parts_with_signs_are_asked_for() -> None:
    more: Zone = {"tag+x=y.own.test": {"A": ["127.0.0.2"]}}
    assert result("v=spf1 exists:%{l}.%{d} -all", more, sender="tag+x=y@own.test").result == "pass"


@pytest.mark.parametrize("letter", ["l", "s", "L", "S"])
def test_local_parts_outside_ascii_match_nothing(letter: str) -> None:
    sender = "\xe4@own.test"
    for record in ("exists:%{{{}}}.x.test", "include:%{{{}}}.x.test", "redirect=%{{{}}}.x.test"):
        resolver = MemoryResolver({"own.test": {"TXT": ["v=spf1 " + record.format(letter)]}})
        assert run(resolver, sender).result is Spf.NEUTRAL
        assert len(resolver.questions) == 1


@pytest.mark.parametrize("record", ["include:%{h}", "redirect=%{h}", "include:a..b.test"])
def test_records_of_what_is_no_domain_are_an_error(record: str) -> None:
    found = result(f"v=spf1 {record}", helo="-")
    assert found.result is Spf.PERMERROR
    assert "cannot be one" in found.problem


class Everything(MemoryResolver):
    """Has each address that anybody asks for."""

    async def ipv4(self, host: str) -> Answer[str]:
        self.questions.append((host, "A"))
        return Answer(("127.0.0.2",), host)


def test_names_are_cut_from_the_left() -> None:
    resolver = Everything({"own.test": {"TXT": ["v=spf1 exists:" + "%{d}." * 40 + "%{d}"]}})
    assert run(resolver).result is Spf.PASS
    name = resolver.questions[-1][0]
    assert name == ".".join(["own.test"] * 28)
    assert len(name) <= 253
