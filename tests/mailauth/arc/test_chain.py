"""Chains that we sealed ourselves: what holds, what does not, what it costs."""

import asyncio
from dataclasses import replace
from functools import partial
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.base.errors import Refused
from alphorn.dns.answers import Temporary
from alphorn.mailauth.arc.chain import MAX_KEYS, MAX_SETS, SEAL_RULES, parse
from alphorn.mailauth.arc.seal import seal
from alphorn.mailauth.arc.validate import ArcResult, check, find_keys
from alphorn.mailauth.dkim import verify as dkim
from alphorn.mailauth.dkim.canonical import split_fields
from alphorn.mailauth.dkim.covered import Covered, without_value
from alphorn.mailauth.dkim.keys import Algorithm, NewKey, generate
from alphorn.mailauth.dkim.public import PublicKey
from alphorn.mailauth.dkim.public import read as read_key
from alphorn.mailauth.dkim.sign import sign as dkim_sign
from alphorn.mailauth.dkim.signature import read
from alphorn.mailauth.dkim.verify import signed_by
from alphorn.mailauth.outcome import Outcome
from tests.mailauth.arc.support import Key, Zone, validate
from tests.mailauth.dkim.independent import Verifier
from tests.mailauth.dkim.signer import MESSAGE, NOW
from tests.mailauth.memory_dns import MemoryDns
from tests.support.cost import cost

RESULTS = 'mx.a.test; spf=pass smtp.mailfrom="a;  b"@example.test; dkim=none'


@pytest.fixture(scope="session")
def made() -> dict[str, NewKey]:
    return {"r": generate(Algorithm.RSA_SHA256), "e": generate(Algorithm.ED25519_SHA256)}


@pytest.fixture(scope="session")
def zone(made: dict[str, NewKey]) -> Zone:
    return {
        f"{name}._domainkey.{domain}": [key.record.encode()]
        for name, key in made.items()
        for domain in ("a.test", "b.test", "c.test")
    }


def key(made: dict[str, NewKey], domain: str = "a.test", selector: str = "r") -> Key:
    return Key(domain, selector, made[selector].private_key_der)


def passed_on(raw: bytes, by: Key, zone: Zone) -> bytes:
    return seal(raw, [by], RESULTS, validate(raw, zone), NOW) + raw


def chain_of(made: dict[str, NewKey], zone: Zone, *domains: str) -> bytes:
    raw = MESSAGE
    for domain in domains:
        raw = passed_on(raw, key(made, domain), zone)
    return raw


def test_a_chain_of_three(made: dict[str, NewKey], zone: Zone) -> None:
    raw = chain_of(made, zone, "a.test", "b.test", "c.test")
    assert validate(raw, zone) == ArcResult(
        Outcome.PASS,
        ("c.test", "b.test", "a.test"),
        'mx.a.test; spf=pass smtp.mailfrom="a; b"@example.test; dkim=none',
        instances=3,
        oldest_pass=1,
    )
    assert max(map(len, raw.split(b"\r\n"))) <= 78


def test_an_independent_verifier_agrees(
    made: dict[str, NewKey], zone: Zone, verifier: Verifier
) -> None:
    records = {f"{name}.": made[name[0]].record for name in zone}
    raw = chain_of(made, zone, "a.test", "b.test", "c.test")
    assert verifier.arc(raw, records) == "pass"
    for old, new in ((b"Anna", b"Mallory"), (b"this is it", b"it is"), (b"spf=pass", b"spf=fail")):
        assert verifier.arc(raw.replace(old, new), records) == "fail"
    broken = raw + b"more\r\n"
    ended = seal(broken, [key(made)], RESULTS, validate(broken, zone), NOW) + broken
    assert verifier.arc(ended, records) == "ended"


def test_a_set_is_the_same_for_the_same_arguments(made: dict[str, NewKey], zone: Zone) -> None:
    assert chain_of(made, zone, "a.test") == chain_of(made, zone, "a.test")


def test_rsa_is_preferred(made: dict[str, NewKey], zone: Zone) -> None:
    keys = [key(made, selector="e"), key(made)]
    added = seal(MESSAGE, keys, RESULTS, ArcResult(Outcome.NONE), NOW)
    assert parse(added).sets[0].seal.algorithm == "rsa-sha256"
    added = seal(MESSAGE, keys[:1], RESULTS, ArcResult(Outcome.NONE), NOW)
    assert parse(added).sets[0].seal.algorithm == "ed25519-sha256"
    assert validate(added + MESSAGE, zone).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"Anna", b"Mallory", "header-changed"),
        (b"this is it", b"this is not it", "body-changed"),
        (b"spf=pass", b"spf=fail", "header-changed"),
        (b"cv=pass", b"cv=none", "arc-structure"),
        (b"ARC-Seal: a", b"X-Seal: a", "arc-structure"),
        (b"i=2", b"i=3", "arc-structure"),
        (b"i=1", b"i=2", "arc-structure"),
        (b"i=1", b"i=51", "arc-structure"),
        (b"i=1", b"i=0", "arc-structure"),
        (b"d=b.test", b"d=c.test", "header-changed"),
        (b"s=r", b"s=x", "key-missing"),
    ],
)
def test_changes(made: dict[str, NewKey], zone: Zone, old: bytes, new: bytes, code: str) -> None:
    raw = chain_of(made, zone, "a.test", "b.test")
    assert old in raw
    result = validate(raw.replace(old, new, 1), zone)
    assert (result.outcome, result.code) == (Outcome.FAIL, code)
    assert result.reason.startswith("The ARC chain does not hold. The ")
    assert result.results == ""


def test_numbers_out_of_range_are_named(made: dict[str, NewKey], zone: Zone) -> None:
    raw = chain_of(made, zone, "a.test")
    for number in (b"0", b"51", b"123", b"x", b""):
        result = validate(raw.replace(b"i=1", b"i=" + number), zone)
        assert "has no valid number (i=)" in result.reason


def test_a_list_may_change_what_it_seals(made: dict[str, NewKey], zone: Zone) -> None:
    raw = chain_of(made, zone, "a.test")
    came = validate(raw, zone)
    changed = raw.replace(b"Subject: A", b"Subject: [list] A") + b"-- \r\nthe list\r\n"
    assert validate(changed, zone).outcome is Outcome.FAIL
    again = seal(changed, [key(made, "b.test")], RESULTS, came, NOW) + changed
    result = validate(again, zone)
    assert (result.outcome, result.instances, result.oldest_pass) == (Outcome.PASS, 2, 2)


def seals_itself_alone(added: bytes, by: NewKey) -> bool:
    """RFC 8617 §5.1.2: as if no other set were there."""
    seal_field, message_field, results_field = split_fields(added)
    covered = Covered(b"")
    octets = covered.octets([results_field, message_field, without_value(seal_field)], True)
    signature, _ = read(seal_field, SEAL_RULES)
    public = read_key(by.record.encode())
    assert isinstance(public, PublicKey)
    return signed_by([public], signature, sha256(octets[:-2]).digest()).fault is None


def test_who_finds_a_chain_broken_says_so_and_ends_it(made: dict[str, NewKey], zone: Zone) -> None:
    raw = chain_of(made, zone, "a.test") + b"more\r\n"
    came = validate(raw, zone)
    assert came.outcome is Outcome.FAIL
    added = seal(raw, [key(made, "b.test")], RESULTS, came, NOW)
    assert b"cv=fail" in added
    assert seals_itself_alone(added, made["r"])
    ended = validate(added + raw, zone)
    assert (ended.outcome, ended.code) == (Outcome.FAIL, "arc-failed-before")
    assert "b.test says that the ARC chain was broken already" in ended.reason
    assert seal(added + raw, [key(made, "c.test")], RESULTS, ended, NOW) == b""


def test_when_nothing_can_be_said_nothing_is_sealed(made: dict[str, NewKey], zone: Zone) -> None:
    raw = chain_of(made, zone, "a.test")
    came = validate(raw, {"r._domainkey.a.test": Temporary("x")})
    assert (came.outcome, came.code) == (Outcome.TEMPERROR, "key-unavailable")
    assert seal(raw, [key(made, "b.test")], RESULTS, came, NOW) == b""
    assert seal(raw, [], RESULTS, validate(raw, zone), NOW) == b""


def test_a_result_of_another_message(made: dict[str, NewKey], zone: Zone) -> None:
    by = [key(made, "b.test")]
    raw = chain_of(made, zone, "a.test")
    assert seal(raw, by, RESULTS, ArcResult(Outcome.NONE), NOW) == b""
    assert seal(MESSAGE, by, RESULTS, validate(raw, zone), NOW) == b""
    other = raw.replace(b"i=1", b"i=7", 1)
    assert seal(other, by, RESULTS, validate(raw, zone), NOW) == b""


def test_a_domain_cannot_add_tags(made: dict[str, NewKey]) -> None:
    with pytest.raises(Refused):
        seal(MESSAGE, [key(made, "a;b.test")], RESULTS, ArcResult(Outcome.NONE), NOW)


def test_results_cannot_add_fields(made: dict[str, NewKey], zone: Zone) -> None:
    bad = "mx.a.test; none\r\nX-Other: y\r\n\r\nbody"
    added = seal(MESSAGE, [key(made)], bad, ArcResult(Outcome.NONE), NOW)
    assert b"\r\nX-Other" not in added
    assert validate(added + MESSAGE, zone).outcome is Outcome.PASS


def test_fifty_sets_and_no_more(made: dict[str, NewKey], zone: Zone) -> None:
    raw = chain_of(made, zone, *["a.test"] * MAX_SETS)
    result = validate(raw, zone)
    assert cost(lambda: validate(raw, zone), 0.2) < 0.2
    assert (result.outcome, result.instances, result.oldest_pass) == (Outcome.PASS, MAX_SETS, 1)
    assert seal(raw, [key(made)], RESULTS, result, NOW) == b""
    more = raw.replace(b"i=50", b"i=51")
    assert validate(more, zone).code == "arc-structure"
    assert validate(raw[: raw.index(b"ARC-Seal", 1)] + raw, zone).code == "arc-structure"


def test_keys_are_bounded(made: dict[str, NewKey], zone: Zone) -> None:
    domains = [f"d{number}.test" for number in range(MAX_KEYS + 1)]
    wide: Zone = {f"r._domainkey.{domain}": [made["r"].record.encode()] for domain in domains}
    raw = chain_of(made, wide, *domains[:MAX_KEYS])
    assert validate(raw, wide).outcome is Outcome.PASS
    raw = seal(raw, [key(made, domains[-1])], RESULTS, validate(raw, wide), NOW) + raw
    dns = MemoryDns(wide)
    chain = parse(raw)
    assert chain.fault is not None
    assert asyncio.run(find_keys(chain, dns)) == {}
    assert dns.asked == []
    assert check(raw, chain, {}, NOW).code == "arc-structure"


def test_a_key_is_asked_for_once(made: dict[str, NewKey], zone: Zone) -> None:
    raw = chain_of(made, zone, "a.test", "b.test", "a.test")
    dns = MemoryDns(zone)
    asyncio.run(find_keys(parse(raw), dns))
    assert sorted(dns.asked) == ["r._domainkey.a.test", "r._domainkey.b.test"]


def test_nothing_is_asked_for_a_broken_chain(made: dict[str, NewKey], zone: Zone) -> None:
    raw = chain_of(made, zone, "a.test", "b.test")
    dns = MemoryDns(zone)
    for broken in (raw.replace(b"cv=pass", b"cv=fail"), raw.replace(b"a=rsa-sha256", b"a=x", 1)):
        assert asyncio.run(find_keys(parse(broken), dns)) == {}
    assert dns.asked == []


def test_a_message_signature_must_cover_the_whole_body(made: dict[str, NewKey], zone: Zone) -> None:
    raw = chain_of(made, zone, "a.test")
    chain = parse(raw)
    (only,) = chain.sets
    shorter = replace(chain, sets=(replace(only, message=replace(only.message, length=5)),))
    keys = asyncio.run(find_keys(chain, MemoryDns(zone)))
    assert check(raw, shorter, keys, NOW).outcome is Outcome.FAIL


def test_two_checks_share_what_is_covered(made: dict[str, NewKey], zone: Zone) -> None:
    raw = chain_of(made, zone, "a.test")
    raw = dkim_sign(raw, [key(made, "b.test")], NOW) + raw
    chain, signatures = parse(raw), dkim.parse(raw)
    keys = asyncio.run(find_keys(chain, MemoryDns(zone)))
    keys = {**keys, **asyncio.run(dkim.find_keys(signatures, MemoryDns(zone)))}
    covered = Covered(raw)
    (signature,) = dkim.check(raw, signatures, keys, NOW, covered=covered)
    assert signature.outcome is Outcome.PASS
    assert check(raw, chain, keys, NOW, covered=covered).outcome is Outcome.PASS


def test_a_hostile_header_is_cheap() -> None:
    for filling in (b"ARC-Seal: i=1\r\n" * 9_000, b"ARC-Authentication-Results: i=(" * 300_000):
        raw = filling + MESSAGE
        assert validate(raw, {}).outcome is Outcome.FAIL
        assert cost(partial(validate, raw, {}), 0.5) < 0.5


scraps = st.sampled_from(
    [
        b"ARC-Seal: i=1; a=rsa-sha256; cv=none; d=a.test; s=r; b=aGk=\r\n",
        b"ARC-Message-Signature: i=1; a=rsa-sha256; d=a.test; s=r; h=from; bh=; b=aGk=\r\n",
        b"ARC-Authentication-Results: i=1; x\r\n",
        b"ARC-Authentication-Results:",
        b"arc-seal:",
        b"ARC-Message-Signature:",
        b" i=1;",
        b"i=(x)2;",
        b"cv=fail;",
        b"\r\n",
        b"\n",
        b"\x00",
        b"\xff",
        b"From: a\r\n",
    ]
)


@settings(deadline=None, max_examples=500)
@given(raw=st.lists(scraps | st.binary(max_size=8), max_size=20).map(b"".join))
def test_any_message_has_a_result(made: dict[str, NewKey], zone: Zone, raw: bytes) -> None:
    result = validate(raw, zone)
    assert result.outcome in (Outcome.NONE, Outcome.FAIL)
    added = seal(raw, [key(made)], RESULTS, result, NOW)
    after = validate(added + raw, zone)
    assert after.outcome in (Outcome.FAIL, Outcome.PASS)


@settings(deadline=None, max_examples=200)
@given(at=st.integers(0, 1500), octets=st.binary(max_size=4))
def test_any_damage_has_a_result(
    made: dict[str, NewKey], zone: Zone, at: int, octets: bytes
) -> None:
    raw = chain_of(made, zone, "a.test")
    result = validate(raw[:at] + octets + raw[at + len(octets) :], zone)
    assert bool(result.reason) is (result.outcome not in (Outcome.PASS, Outcome.NONE))
