from tests.mailauth.dkim.conftest import verifier

__all__ = ["verifier"]
