from collections.abc import Iterator

import pytest

from alphorn.mailauth.dkim.keys import Algorithm, NewKey, generate
from tests.mailauth.dkim import independent


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
