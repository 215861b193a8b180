"""Who is told what."""

from alphorn.wire.imap import capabilities
from alphorn.wire.imap.states import State

MECHANISMS = ("PLAIN", "SCRAM-SHA-256")


def _names(state: State, secure: bool) -> set[str]:
    return set(capabilities.names(state, secure, MECHANISMS).decode().split())


def test_plaintext_before_login() -> None:
    names = _names(State.NOT_AUTHENTICATED, secure=False)
    assert {"IMAP4rev1", "IMAP4rev2", "STARTTLS", "LOGINDISABLED"} <= names
    assert not any(name.startswith("AUTH=") for name in names)


def test_tls_before_login() -> None:
    names = _names(State.NOT_AUTHENTICATED, secure=True)
    assert {"AUTH=PLAIN", "AUTH=SCRAM-SHA-256", "SASL-IR", "LITERAL+"} <= names
    assert not names & {"STARTTLS", "LOGINDISABLED"}


def test_after_login() -> None:
    names = _names(State.AUTHENTICATED, secure=True)
    assert names == _names(State.SELECTED, secure=True)
    assert {"IMAP4rev1", "IMAP4rev2", "UIDPLUS", "MOVE", "CONDSTORE", "ESEARCH"} <= names
    assert not names & {"STARTTLS", "LOGINDISABLED", "AUTH=PLAIN"}


def test_the_table() -> None:
    names = [row.name for row in capabilities.TABLE]
    assert len(names) == len({name.upper() for name in names})
    assert all(row.source.startswith("RFC ") for row in capabilities.TABLE)
    assert not {"LITERAL+", "LITERAL-"} <= set(names)  # RFC 7888 §5
    assert {row.name.upper(): row.name for row in capabilities.TABLE if row.enable} == (
        capabilities.ENABLE
    )


def test_where_scripts_are_uploaded() -> None:
    """RFC 6785 §2.1: an empty value where there is no such place."""

    def shown(sieve: str | None) -> list[str]:
        names = capabilities.names(State.AUTHENTICATED, True, MECHANISMS, None, sieve).decode()
        return [name for name in names.split() if name.startswith("IMAPSIEVE")]

    assert shown(None) == []
    assert shown("") == ["IMAPSIEVE="]
    assert shown("sieve://mx.test") == ["IMAPSIEVE=sieve://mx.test"]
    assert capabilities.names(State.NOT_AUTHENTICATED, True, (), None, "").count(b"SIEVE") == 0
