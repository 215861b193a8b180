"""Key records (RFC 6376 §3.6.1, RFC 8301 §3.2, RFC 8463 §4) and how they are asked for."""

import asyncio
import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from alphorn.dns.answers import Answer, NoAnswer, NoSuchName, Temporary, Unusable
from alphorn.mailauth.dkim.problems import Fault
from alphorn.mailauth.dkim.public import (
    ED25519_BITS,
    MAX_RECORD,
    MAX_RECORDS,
    MAX_RSA_BITS,
    MIN_RSA_BITS,
    PublicKey,
    find_keys,
    read,
)
from alphorn.mailauth.dkim.signature import parse
from tests.mailauth.dkim.signer import Key, signed, spki
from tests.mailauth.memory_dns import MemoryDns


def key_of(record: str) -> PublicKey:
    found = read(record.encode())
    assert isinstance(found, PublicKey), found
    return found


def fault_of(record: str | bytes) -> tuple[str, str]:
    found = read(record if isinstance(record, bytes) else record.encode())
    assert isinstance(found, Fault), found
    assert found.sentence("example.test", "s1").endswith(".")
    return found.problem.code, found.detail


def test_an_rsa_key(rsa_key: Key) -> None:
    key = key_of(f"v=DKIM1; k=rsa; p={rsa_key.p}")
    assert (key.algorithm, key.bits, key.testing, key.strict) == ("rsa-sha256", 2048, False, False)


@pytest.mark.parametrize(
    "form",
    [
        "p={p}",
        "v=DKIM1;p={p};",
        " v = DKIM1 ; n=notes of any kind ; h = sha1 : sha256 ; s=* ; p = {p}",
        "k=rsa; s=tlsrpt:email; g=*; unknown=x; p={p}",
    ],
)
def test_forms_of_a_record(rsa_key: Key, form: str) -> None:
    assert key_of(form.format(p=rsa_key.p)).bits == 2048


def test_a_key_without_its_wrapping(rsa_key: Key) -> None:
    """RFC 6376 §3.6.1 speaks of RSAPublicKey; nearly all publish SubjectPublicKeyInfo."""
    public = rsa_key.private.public_key()
    bare = public.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    assert key_of(f"p={base64.b64encode(bare).decode()}").bits == 2048


def test_white_space_inside_a_key(rsa_key: Key) -> None:
    assert key_of(f"p={rsa_key.p[:100]} \t {rsa_key.p[100:]}").bits == 2048


def test_an_ed25519_key(ed_key: Key) -> None:
    key = key_of(f"v=DKIM1; k=ed25519; p={ed_key.p}")
    assert (key.algorithm, key.bits) == ("ed25519-sha256", ED25519_BITS)


def test_flags(rsa_key: Key) -> None:
    key = key_of(f"t= y : s : z; p={rsa_key.p}")
    assert (key.testing, key.strict) == (True, True)


def test_a_record_is_read_once(rsa_key: Key) -> None:
    record = f"v=DKIM1; p={rsa_key.p}".encode()
    assert read(record) is read(bytes(bytearray(record)))


@pytest.mark.parametrize(
    ("form", "code", "detail"),
    [
        ("v=DKIM1; p=", "key-revoked", ""),
        ("v=DKIM1; k=ed25519; p= ", "key-revoked", ""),
        ("v=DKIM1; k=rsa", "key-malformed", "p= is missing"),
        ("", "key-malformed", "p= is missing"),
        ("v=spf1 -all", "key-malformed", "it does not begin with v=DKIM1"),
        ("v=DKIM2; p={p}", "key-malformed", "it does not begin with v=DKIM1"),
        ("k=rsa; v=DKIM1; p={p}", "key-malformed", "it does not begin with v=DKIM1"),
        ("v=DKIM1: k=rsa; p={p}", "key-malformed", "it does not begin with v=DKIM1"),
        ("any text", "key-malformed", "a part of it is not of the form name=value"),
        ("p={p}; p={p}", "key-malformed", "p= stands in it twice"),
        ("p=***", "key-malformed", "p= is not base64"),
        ("p=aGk=", "key-malformed", "p= is no RSA key"),
        ("k=ed25519; p={p}", "key-malformed", "p= is no Ed25519 key"),
        ("k=ed25519; p=aGk=", "key-malformed", "p= is no Ed25519 key"),
        ("k=dsa; p={p}", "key-unsuitable", "k=dsa is not known"),
        ("k=RSA; p={p}", "key-unsuitable", "k=RSA is not known"),
        ("h=sha1; p={p}", "key-unsuitable", "it allows other hashes only"),
        ("s=tlsrpt; p={p}", "key-unsuitable", "it is for other services than mail"),
    ],
)
def test_records_that_are_of_no_use(rsa_key: Key, form: str, code: str, detail: str) -> None:
    assert fault_of(form.format(p=rsa_key.p)) == (code, detail)


def test_octets_that_are_no_text() -> None:
    assert fault_of(b"p=\xff")[0] == "key-malformed"


def test_a_key_of_another_kind() -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    assert fault_of(f"p={spki(curve)}") == ("key-malformed", "p= is no RSA key")


def _made_up(bits: int, exponent: int = 65537) -> str:
    """A modulus that is as good as any for its size."""
    return spki(RSAPublicNumbers(exponent, (1 << (bits - 1)) + 1).public_key())


def test_sizes() -> None:
    smallest = generate_private_key(public_exponent=65537, key_size=MIN_RSA_BITS).public_key()
    assert key_of(f"p={spki(smallest)}").bits == MIN_RSA_BITS
    assert key_of(f"p={_made_up(MAX_RSA_BITS)}").bits == MAX_RSA_BITS
    code, detail = fault_of(f"p={_made_up(MAX_RSA_BITS + 8)}")
    assert (code, detail) == ("key-size", f"it has more than {MAX_RSA_BITS} bits")


def test_an_exponent_that_would_take_long() -> None:
    assert fault_of(f"p={_made_up(2048, (1 << 65) + 1)}") == (
        "key-size",
        "its exponent is too large",
    )


def test_a_record_that_is_too_long(rsa_key: Key) -> None:
    assert fault_of(f"n={'x' * MAX_RECORD}; p={rsa_key.p}")[1] == "the record is too long"


def test_each_name_is_asked_for_once(rsa_key: Key, ed_key: Key) -> None:
    raw = signed(rsa_key, signed(ed_key, signed(rsa_key)))
    dns = MemoryDns({"r1._domainkey.example.test": [rsa_key.record]})
    keys = asyncio.run(find_keys(parse(raw), dns))
    assert dns.asked == ["r1._domainkey.example.test", "e1._domainkey.example.test"]
    assert keys["r1._domainkey.example.test"].records == (rsa_key.record,)


def test_nothing_is_asked_for_signatures_that_are_refused_anyway(rsa_key: Key) -> None:
    dns = MemoryDns({})
    raw = signed(rsa_key, changes={"a": "rsa-sha1"})
    assert asyncio.run(find_keys(parse(raw), dns)) == {}
    assert dns.asked == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoSuchName("x"), "key-missing"),
        (NoAnswer("x"), "key-missing"),
        (Unusable("x"), "key-missing"),
        (Temporary("x"), "key-unavailable"),
    ],
)
def test_answers_that_are_none(
    rsa_key: Key, error: NoSuchName | NoAnswer | Unusable | Temporary, code: str
) -> None:
    dns = MemoryDns({"r1._domainkey.example.test": error})
    (found,) = asyncio.run(find_keys(parse(signed(rsa_key)), dns)).values()
    assert found.fault is not None
    assert found.fault.problem.code == code


def test_names_are_asked_for_at_the_same_time(rsa_key: Key, ed_key: Key) -> None:
    class Waiting(MemoryDns):
        """Answers when it was asked twice: one question after the other would never end."""

        def __init__(self) -> None:
            super().__init__({})
            self.both = asyncio.Event()

        async def txt(self, name: str) -> Answer[bytes]:
            if len(self.asked) == 1:
                self.both.set()
            self.asked.append(name)
            await self.both.wait()
            raise NoSuchName(name)

    async def ask() -> int:
        raw = signed(rsa_key, signed(ed_key))
        found = find_keys(parse(raw), Waiting(), asyncio.gather)
        return len(await asyncio.wait_for(found, 60))

    assert asyncio.run(ask()) == 2


def test_few_records_of_one_name_are_read(rsa_key: Key) -> None:
    dns = MemoryDns({"r1._domainkey.example.test": [b"x"] * 50})
    (found,) = asyncio.run(find_keys(parse(signed(rsa_key)), dns)).values()
    assert len(found.records) == MAX_RECORDS


pieces = st.sampled_from(
    [b"v=DKIM1", b"k=rsa", b"k=ed25519", b"p=", b"p=MIGf", b"t=y", b";", b"=", b" ", b"\xff", b"h="]
)


@given(st.binary(max_size=300) | st.lists(pieces, max_size=12).map(b"".join))
def test_any_record_is_a_key_or_a_fault(record: bytes) -> None:
    assert isinstance(read(record), PublicKey | Fault)


@given(st.binary(max_size=400))
def test_any_octets_as_a_key(octets: bytes) -> None:
    for kind in ("rsa", "ed25519"):
        record = f"k={kind}; p={base64.b64encode(octets).decode()}".encode()
        assert isinstance(read(record), PublicKey | Fault)


@given(st.integers(0, 293), st.integers(0, 255))
def test_any_damage_to_a_key(rsa_key: Key, at: int, octet: int) -> None:
    der = bytearray(base64.b64decode(rsa_key.p))
    der[at] = octet
    found = read(b"p=" + base64.b64encode(der))
    assert isinstance(found, PublicKey | Fault)
