"""SCRAM keys against the published example and an independent computation."""

import base64
import hashlib
import hmac

from alphorn.base.scram import derive, matches


def test_rfc_7677_example() -> None:
    """RFC 7677 §3: user "user", password "pencil"."""
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    keys = derive("pencil", salt, 4096)
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    message = (
        "n=user,r=rOprNGfwEbeRWgbNEkqO,"
        f"r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}"
    ).encode()
    signature = hmac.digest(keys.stored_key, message, "sha256")
    proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
    assert hashlib.sha256(client_key).digest() == keys.stored_key
    server_signature = hmac.digest(keys.server_key, message, "sha256")
    assert server_signature == base64.b64decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


def test_matches_only_its_password_salt_and_count() -> None:
    keys = derive("pencil", b"s" * 16, 1000)
    assert matches("pencil", b"s" * 16, 1000, keys.stored_key)
    assert not matches("pencils", b"s" * 16, 1000, keys.stored_key)
    assert not matches("pencil", b"t" * 16, 1000, keys.stored_key)
    assert not matches("pencil", b"s" * 16, 1001, keys.stored_key)


def test_keys_do_not_print() -> None:
    keys = derive("pencil", b"s" * 16, 1)
    assert repr(keys) == "Keys()"
