from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519 as ed
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from alphorn.mailauth.dkim.keys import Algorithm, NewKey, generate
from tests.mailauth.dkim import independent
from tests.mailauth.dkim.signer import Key


@pytest.fixture(scope="session")
def verifier() -> Iterator[independent.Verifier]:
    if not independent.installed():
        pytest.skip("program absent: python3-dkim")
    verifier = independent.Verifier()
    yield verifier
    verifier.close()


@pytest.fixture(scope="session")
def rsa() -> NewKey:
    return generate(Algorithm.RSA_SHA256)


@pytest.fixture(scope="session")
def ed25519() -> NewKey:
    return generate(Algorithm.ED25519_SHA256)


@pytest.fixture(scope="session")
def rsa_key() -> Key:
    return Key(generate_private_key(public_exponent=65537, key_size=2048), "r1")


@pytest.fixture(scope="session")
def ed_key() -> Key:
    return Key(ed.Ed25519PrivateKey.generate(), "e1")
