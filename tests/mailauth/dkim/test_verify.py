"""Verification: what holds, what does not, and what is said of it."""

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alphorn.dns.answers import DnsError, Temporary
from alphorn.mailauth.dkim.covered import Covered, without_value
from alphorn.mailauth.dkim.keys import Algorithm, generate
from alphorn.mailauth.dkim.public import Found, read
from alphorn.mailauth.dkim.sign import sign
from alphorn.mailauth.dkim.verify import (
    CLOCK_SKEW,
    MAX_AHEAD,
    MAX_SIGNATURES,
    DkimResult,
    check,
    find_keys,
    parse,
)
from alphorn.mailauth.outcome import Outcome
from tests.mailauth.dkim.independent import Verifier
from tests.mailauth.dkim.signer import MESSAGE, NOW, Key, signed
from tests.mailauth.memory_dns import MemoryDns
from tests.support.cost import cost, growth

R1 = "r1._domainkey.example.test"
E1 = "e1._domainkey.example.test"


def verify(
    raw: bytes,
    records: Mapping[str, Sequence[bytes] | DnsError],
    now: int = NOW,
    *,
    trust_length: bool = False,
) -> tuple[DkimResult, ...]:
    signatures = parse(raw)
    keys = asyncio.run(find_keys(signatures, MemoryDns(records)))
    return check(raw, signatures, keys, now, trust_length=trust_length)


def one(raw: bytes, key: Key, now: int = NOW, *, trust_length: bool = False) -> DkimResult:
    records = {f"{key.selector}._domainkey.example.test": [key.record]}
    (result,) = verify(raw, records, now, trust_length=trust_length)
    return result


@dataclass(frozen=True)
class Ours:
    domain: str
    selector: str
    private_key_der: bytes


CANONICALIZATIONS = ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"]


@pytest.mark.parametrize("c", CANONICALIZATIONS)
def test_what_is_signed_holds(rsa_key: Key, ed_key: Key, verifier: Verifier, c: str) -> None:
    for key, bits in ((rsa_key, 2048), (ed_key, 256)):
        raw = signed(key, c=c)
        assert one(raw, key) == DkimResult(
            Outcome.PASS,
            "example.test",
            key.selector,
            "@example.test",
            key.algorithm,
            bits,
            "",
            False,
            "",
            parse(raw)[0].start,
        )
        name = f"{key.selector}._domainkey.example.test."
        assert verifier.verify(raw, {name: key.record.decode()}, 1) == [True]


def test_our_own_signatures_hold(rsa_key: Key) -> None:
    made = {"r1": generate(Algorithm.RSA_SHA256), "e1": generate(Algorithm.ED25519_SHA256)}
    keys = [Ours("example.test", name, key.private_key_der) for name, key in made.items()]
    records = {f"{name}._domainkey.example.test": [made[name].record.encode()] for name in made}
    raw = sign(MESSAGE, keys, NOW, lifetime=3600) + MESSAGE
    assert [each.outcome for each in verify(raw, records)] == [Outcome.PASS, Outcome.PASS]
    oversigned = raw.replace(b"\r\nDate: T", b"\r\nSubject: x\r\nDate: T")
    assert {each.code for each in verify(oversigned, records)} == {"header-changed"}


@pytest.mark.parametrize("c", CANONICALIZATIONS)
@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"Anna", b"Mallory", "header-changed"),
        (b"Subject: A", b"Subject: B", "header-changed"),
        (b"this is it", b"this is not it", "body-changed"),
        (b"\r\nthis", b"\r\n\r\nthis", "body-changed"),
        (b"d=example.test", b"d=Example.test", "header-changed"),
    ],
)
def test_changes(rsa_key: Key, c: str, old: bytes, new: bytes, code: str) -> None:
    raw = signed(rsa_key, c=c)
    assert old in raw
    result = one(raw.replace(old, new), rsa_key)
    assert (result.outcome, result.code) == (Outcome.FAIL, code)
    assert "example.test signed it" in result.reason
    assert result.bits == 2048


@pytest.mark.parametrize(
    ("old", "new", "tolerant"),
    [
        (b"From: Anna", b"FROM:  Anna", {"relaxed/simple", "relaxed/relaxed"}),
        (b"long\r\n\tsubject", b"long subject", {"relaxed/simple", "relaxed/relaxed"}),
        (b"Hello  Bert", b"Hello Bert", {"simple/relaxed", "relaxed/relaxed"}),
        (b"it. \r\n\r\n\r\n", b"it.\r\n", {"simple/relaxed", "relaxed/relaxed"}),
        (b"it. \r\n\r\n\r\n", b"it. \r\n\r\n", set(CANONICALIZATIONS)),
        (b"Received: from there\r\n", b"", set(CANONICALIZATIONS)),
        (b"Message-ID", b"X-Message-ID", set(CANONICALIZATIONS)),
    ],
)
@pytest.mark.parametrize("c", CANONICALIZATIONS)
def test_what_each_canonicalization_tolerates(
    ed_key: Key, c: str, old: bytes, new: bytes, tolerant: set[str]
) -> None:
    raw = signed(ed_key, c=c)
    assert raw.count(old) == 1
    result = one(raw.replace(old, new), ed_key)
    assert (result.outcome is Outcome.PASS) is (c in tolerant)


def test_a_forged_signature(rsa_key: Key, ed_key: Key) -> None:
    raw = signed(rsa_key)
    start = raw.index(b" b=") + 3
    forged = raw[:start] + (b"B" if raw[start : start + 1] == b"A" else b"A") + raw[start + 1 :]
    assert one(forged, rsa_key).code == "header-changed"
    records = {R1: [f"v=DKIM1; k=rsa; p={ed_key.p}".encode()]}
    assert verify(raw, records)[0].code == "key-malformed"
    records = {R1: [ed_key.record]}
    (result,) = verify(raw, records)
    assert (result.outcome, result.code) == (Outcome.PERMERROR, "key-unsuitable")


def test_a_signature_of_any_length(rsa_key: Key, ed_key: Key) -> None:
    for key in (rsa_key, ed_key):
        raw = signed(key)
        start = raw.index(b" b=") + 3
        end = raw.index(b"\r\n", start)
        for length in (1, 63, 64, 65, 255, 256, 257, 4096):
            value = base64.b64encode(bytes(length))
            assert one(raw[:start] + value + raw[end:], key).code == "header-changed"


@pytest.mark.parametrize(
    ("records", "outcome", "code"),
    [
        ({}, Outcome.PERMERROR, "key-missing"),
        ({R1: Temporary("x")}, Outcome.TEMPERROR, "key-unavailable"),
        ({R1: [b"v=DKIM1; p="]}, Outcome.PERMERROR, "key-revoked"),
        ({R1: [b"v=spf1 -all"]}, Outcome.PERMERROR, "key-malformed"),
        ({R1: []}, Outcome.PERMERROR, "key-missing"),
    ],
)
def test_keys_that_are_not_there(
    rsa_key: Key,
    records: Mapping[str, Sequence[bytes] | DnsError],
    outcome: Outcome,
    code: str,
) -> None:
    (result,) = verify(signed(rsa_key), records)
    assert (result.outcome, result.code, result.bits) == (outcome, code, 0)
    assert result.reason.startswith("The ")
    assert "r1" in result.reason
    assert "example.test" in result.reason


def test_keys_that_nobody_asked_for(rsa_key: Key) -> None:
    raw = signed(rsa_key)
    (result,) = check(raw, parse(raw), {}, NOW)
    assert result.outcome is Outcome.TEMPERROR


def test_one_of_several_records_is_right(rsa_key: Key, ed_key: Key) -> None:
    records = {R1: [b"any text", ed_key.record, rsa_key.record]}
    assert verify(signed(rsa_key), records)[0].outcome is Outcome.PASS


def test_a_key_under_test(rsa_key: Key) -> None:
    records = {R1: [rsa_key.record + b"; t=y"]}
    (result,) = verify(signed(rsa_key), records)
    assert (result.outcome, result.testing) == (Outcome.PASS, True)
    (result,) = verify(signed(rsa_key) + b"more\r\n", records)
    assert (result.outcome, result.testing) == (Outcome.FAIL, True)


def test_a_key_for_the_domain_alone(rsa_key: Key) -> None:
    for identity, code in (("a@example.test", ""), ("a@sub.example.test", "key-unsuitable")):
        raw = signed(rsa_key, changes={"i": identity})
        assert verify(raw, {R1: [rsa_key.record]})[0].code == ""
        assert verify(raw, {R1: [rsa_key.record + b"; t=s"]})[0].code == code


def test_expiry(rsa_key: Key) -> None:
    raw = signed(rsa_key, changes={"t": str(NOW - 10), "x": str(NOW)})
    assert one(raw, rsa_key, NOW + CLOCK_SKEW).outcome is Outcome.PASS
    result = one(raw, rsa_key, NOW + CLOCK_SKEW + 1)
    assert (result.outcome, result.code) == (Outcome.FAIL, "expired")
    assert result.reason == "The signature of example.test has expired 5 minutes ago."
    assert "2 days ago" in one(raw, rsa_key, NOW + 2 * 86400).reason


def test_the_future(rsa_key: Key) -> None:
    raw = signed(rsa_key, changes={"t": str(NOW + MAX_AHEAD)})
    assert one(raw, rsa_key).outcome is Outcome.PASS
    result = one(raw, rsa_key, NOW - 1)
    assert (result.outcome, result.code) == (Outcome.POLICY, "from-the-future")


def test_sha1_is_refused(rsa_key: Key) -> None:
    result = one(signed(rsa_key, changes={"a": "rsa-sha1"}), rsa_key)
    assert (result.outcome, result.code) == (Outcome.POLICY, "sha1")


class TestLength:
    def test_a_part_is_reported_and_not_trusted(self, rsa_key: Key) -> None:
        raw = signed(rsa_key, changes={"l": "10"})
        result = one(raw, rsa_key)
        assert (result.outcome, result.code) == (Outcome.POLICY, "partly-signed")
        assert "covers only the beginning of the body (l=); 18 octets behind it" in result.reason
        trusted = one(raw, rsa_key, trust_length=True)
        assert (trusted.outcome, trusted.code) == (Outcome.PASS, "partly-signed")

    def test_what_was_added_is_not_trusted(self, rsa_key: Key) -> None:
        whole = len(b"Hello Bert,\r\n\r\nthis is it.\r\n")
        raw = signed(rsa_key, changes={"l": str(whole)})
        assert one(raw, rsa_key) == one(raw, rsa_key, trust_length=True)
        assert one(raw, rsa_key).outcome is Outcome.PASS
        assert one(raw + b"x", rsa_key).code == "partly-signed"
        assert one(raw.replace(b"this", b"that"), rsa_key).code == "body-changed"

    def test_a_body_shorter_than_signed(self, rsa_key: Key) -> None:
        raw = signed(rsa_key, changes={"l": "27"})
        assert one(raw, rsa_key).code == "partly-signed"
        assert one(raw[: raw.index(b"it.")] + b"\r\n", rsa_key).code == "body-shorter"
        assert one(signed(rsa_key, changes={"l": "9" * 76}), rsa_key).code == "body-shorter"

    def test_nothing(self, rsa_key: Key) -> None:
        assert one(signed(rsa_key, changes={"l": "0"}), rsa_key).code == "partly-signed"
        empty = b"From: a@example.test\r\n\r\n"
        assert one(signed(rsa_key, empty, changes={"l": "0"}), rsa_key).outcome is Outcome.PASS


def test_fields_of_h_are_taken_from_the_bottom(rsa_key: Key) -> None:
    message = b"X: 1\r\nFrom: a@example.test\r\nX: 2\r\nX: 3\r\n\r\n"
    raw = signed(rsa_key, message, h="from:x:x")
    assert one(raw.replace(b"X: 1", b"X: 0"), rsa_key).outcome is Outcome.PASS
    assert one(raw.replace(b"X: 2", b"X: 0"), rsa_key).code == "header-changed"
    assert one(raw.replace(b"X: 3", b"X: 0"), rsa_key).code == "header-changed"
    oversigned = signed(rsa_key, message, h="from:x:x:x:x:y")
    assert one(oversigned, rsa_key).outcome is Outcome.PASS
    for added in (b"X: 0\r\n", b"Y: 0\r\n"):
        assert one(added + oversigned, rsa_key).code == "header-changed"


def test_a_signature_signs_others_but_never_itself(rsa_key: Key, ed_key: Key) -> None:
    inner = signed(ed_key)
    raw = signed(rsa_key, inner, h="from:dkim-signature:dkim-signature")
    records = {R1: [rsa_key.record], E1: [ed_key.record]}
    assert [each.outcome for each in verify(raw, records)] == [Outcome.PASS] * 2
    assert verify(raw.replace(b"s=e1", b"s=e2"), records)[0].code == "header-changed"
    twice = raw[: raw.index(b"DKIM-Signature", 1)] + raw
    assert verify(twice, records)[0].code == "header-changed"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (b"D: a=1; b=xyz; c=2", b"D: a=1; b=; c=2"),
        (b"D: a=1; b = x\r\n y ", b"D: a=1; b ="),
        (b"D:b=x;bh=b=", b"D:b=;bh=b="),
        (b"D: bh=b=x;\r\n\tb\r\n =x;", b"D: bh=b=x;\r\n\tb\r\n =;"),
        (b"D: a=1", b"D: a=1"),
    ],
)
def test_the_value_is_left_out(field: bytes, expected: bytes) -> None:
    assert without_value(field) == expected


def test_internationalized_domains(rsa_key: Key) -> None:
    """RFC 8616 §4: names in the signature may be U-labels, the DNS is asked for A-labels."""
    raw = signed(rsa_key, changes={"d": "käse.test", "i": "ä@bücher.käse.test"})
    (result,) = verify(raw, {"r1._domainkey.xn--kse-qla.test": [rsa_key.record]})
    assert (result.outcome, result.domain) == (Outcome.PASS, "xn--kse-qla.test")
    assert result.identity == "ä@xn--bcher-kva.xn--kse-qla.test"


def test_bodies_are_hashed_in_one_pass() -> None:
    covered = Covered(b"\r\nabcdef\r\n")
    hashes = covered.body_hashes(False, [6, 0, 3, 8, 3])
    assert list(hashes) == [0, 3, 6, 8]
    for length, digest in hashes.items():
        assert digest == Covered(b"\r\nabcdef\r\n").body_hashes(False, [length])[length]
    assert len(set(hashes.values())) == 4


# -- beside an independent implementation, on any damage -------------------------------------------

# What the two judge differently on purpose is left alone: the tags of the signature itself.
places = st.integers(0, len(MESSAGE) - 1)
octets = st.sampled_from([b"x", b" ", b"\t", b"\r\n", b"", b":", b"\r\n ", b"  ", b"A: b\r\n"])


@settings(
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(place=places, octet=octets, c=st.sampled_from(CANONICALIZATIONS), kept=st.booleans())
def test_damage_is_judged_alike(
    ed_key: Key, verifier: Verifier, place: int, octet: bytes, c: str, kept: bool
) -> None:
    raw = signed(ed_key, c=c)
    at = len(raw) - len(MESSAGE) + place
    if raw[at - 1 : at + 1] == b"\r\n" or raw[at : at + 1] == b"\r":
        return  # a bare CR or LF does not come over the wire
    damaged = raw[:at] + octet + raw[at + (not kept) :]
    (theirs,) = verifier.verify(damaged, {f"{E1}.": ed_key.record.decode()}, 1)[:1]
    if theirs not in (True, False) and "mismatch" not in str(theirs):
        return  # it does not read such a message at all
    assert (one(damaged, ed_key).outcome is Outcome.PASS) is (theirs is True)


# -- what it costs ---------------------------------------------------------------------------------


def spent(raw: bytes, key: Key, most: float) -> float:
    """Seconds of all that is done once the keys are there."""
    keys = {R1: Found((key.record,))}
    read(key.record)
    return cost(lambda: check(raw, parse(raw), keys, NOW), most)


def test_many_signatures_are_cheap(rsa_key: Key) -> None:
    raw = MESSAGE
    for at in range(50):
        raw = signed(rsa_key, raw, changes={"t": str(at), "l": str(at)})
    assert len(parse(raw)) == MAX_SIGNATURES
    assert spent(raw, rsa_key, 0.1) < 0.1


def test_a_large_body_is_hashed_once(rsa_key: Key) -> None:
    line = base64.b64encode(bytes(57)) + b"\r\n"
    message = MESSAGE + line * (25_000_000 // len(line))
    raw = signed(rsa_key, message)
    field = raw[: len(raw) - len(message)]
    header, _, body = message.partition(b"\r\n\r\n")
    many = field * MAX_SIGNATURES + header + b"\r\n\r\n" + body
    assert len(parse(many)) == MAX_SIGNATURES
    keys = {R1: Found((rsa_key.record,))}
    kinds = (raw, many)
    assert growth(lambda n: check(kinds[n], parse(kinds[n]), keys, NOW), 0, 1, 3) < 3


def test_a_large_body_is_not_hashed_for_a_forgery(rsa_key: Key) -> None:
    message = MESSAGE + b"a  line \r\n" * 2_500_000
    raw = signed(rsa_key, message)
    forged = raw.replace(b"Anna", b"Mallory", 1)
    assert one(forged, rsa_key).code == "header-changed"
    keys = {R1: Found((rsa_key.record,))}
    kinds = (raw, forged)
    assert growth(lambda n: check(kinds[n], parse(kinds[n]), keys, NOW), 0, 1, 0.5) < 0.5


@pytest.mark.parametrize(
    "filling",
    [
        b"x:\r\n" * 9_000,
        b"X: " + b" " * 450_000 + b"\r\n",
        b"To: a\r\n" * 9_000,
        b"To:\r\n" * 90_000,
    ],
    ids=["fields", "spaces", "many of one", "too many lines"],
)
def test_a_hostile_header_is_cheap(rsa_key: Key, filling: bytes) -> None:
    names = ":".join(["from", "to"] + ["x", "to"] * 200)
    raw = signed(rsa_key, MESSAGE, h=names)
    field = raw[: len(raw) - len(MESSAGE)]
    assert spent(field * 50 + filling + MESSAGE, rsa_key, 0.5) < 0.5


# -- anything at all -------------------------------------------------------------------------------

scraps = st.sampled_from(
    [
        b"DKIM-Signature:",
        b"dkim-signature: v=1; a=ed25519-sha256; d=example.test; s=e1; h=from; bh=",
        base64.b64encode(bytes(32)),
        base64.b64encode(bytes(64)),
        b"; b=",
        b"; l=1",
        b"; i=@",
        b"; c=relaxed",
        b"From: a\r\n",
        b"\r\n",
        b"\r\n ",
        b"\n",
        b"\r",
        b"\x00",
        b"\xff\xfe",
        "ä".encode(),
        b"=",
        b";",
        b":",
    ]
)


@settings(deadline=None, max_examples=500)
@given(raw=st.lists(scraps | st.binary(max_size=8), max_size=25).map(b"".join))
def test_any_message_has_results(ed_key: Key, raw: bytes) -> None:
    results = verify(raw, {E1: [ed_key.record]})
    assert len(results) == len(parse(raw)) <= MAX_SIGNATURES
    for result in results:
        assert result.outcome not in (Outcome.PASS, Outcome.NONE)
        assert result.reason.startswith("The ")
        assert len(result.reason) < 1000


@settings(deadline=None, max_examples=300)
@given(at=st.integers(0, 400), octets=st.binary(max_size=4), keep=st.booleans())
def test_any_damage_to_a_signature_has_a_result(
    ed_key: Key, at: int, octets: bytes, keep: bool
) -> None:
    raw = signed(
        ed_key, changes={"t": "1", "x": "9999999999", "i": "a@example.test", "q": "dns/txt"}
    )
    damaged = raw[:at] + octets + raw[at + (0 if keep else len(octets)) :]
    for result in verify(damaged, {E1: [ed_key.record]}):
        assert isinstance(result, DkimResult)
