import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
)

from alphorn.base.errors import Refused
from alphorn.mailauth.dkim import keys
from alphorn.mailauth.dkim.keys import Algorithm, NewKey


def test_rsa_is_published_as_subject_public_key_info(rsa: NewKey) -> None:
    assert keys.algorithm_of(rsa.private_key_der) is Algorithm.RSA_SHA256
    start, _, text = rsa.record.partition("p=")
    assert start == "v=DKIM1; k=rsa; "
    public = load_der_public_key(base64.b64decode(text))
    assert getattr(public, "key_size", None) == keys.RSA_BITS


def test_ed25519_is_published_raw(ed25519: NewKey) -> None:
    assert keys.algorithm_of(ed25519.private_key_der) is Algorithm.ED25519_SHA256
    start, _, text = ed25519.record.partition("p=")
    assert start == "v=DKIM1; k=ed25519; "
    assert len(base64.b64decode(text)) == 32


def test_a_key_is_loaded_once(rsa: NewKey) -> None:
    assert keys.load(rsa.private_key_der) is keys.load(bytes(bytearray(rsa.private_key_der)))


def test_a_new_key_does_not_print_itself(rsa: NewKey) -> None:
    assert "private" not in repr(rsa)


def _der(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    "der",
    [b"", b"no key", _der(ec.generate_private_key(ec.SECP256R1()))],
    ids=["empty", "rubbish", "elliptic curve"],
)
def test_other_keys_are_refused(der: bytes) -> None:
    with pytest.raises(Refused) as caught:
        keys.load(der)
    assert caught.value.code == "dkim-key"


def test_short_rsa_is_refused(monkeypatch: pytest.MonkeyPatch, rsa: NewKey) -> None:
    # The library itself makes no key this short; move the limit instead.
    monkeypatch.setattr(keys, "MIN_RSA_BITS", keys.RSA_BITS + 1)
    keys.load.cache_clear()
    with pytest.raises(Refused, match="2048 bits"):
        keys.load(rsa.private_key_der)


def test_a_record_is_cut_into_strings(rsa: NewKey) -> None:
    strings = keys.strings(rsa.record)
    assert "".join(strings) == rsa.record
    assert [len(string) <= keys.TXT_STRING for string in strings] == [True, True]
