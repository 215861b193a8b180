"""The table of settings: each is documented, typed, checked, and every fault is told at once."""

import pytest

from alphorn.base import kinds
from alphorn.base import settings as table
from alphorn.base.kinds import Endpoint, Place
from alphorn.base.settings import Settings, SettingsError, parse


def test_file_gives_typed_values_and_the_rest_has_defaults() -> None:
    settings = parse(
        """
        hostname = "MX.Example.test."
        workers = 3
        [smtp]
        max_message = "25 MiB"
        timeout = "10 min"
        [listen]
        addresses = ["192.0.2.1", "[2001:db8::1]"]
        smtp = ["192.0.2.7:2525", 26]
        imap = "off"
        """
    )
    assert settings[table.HOSTNAME] == "mx.example.test"
    assert settings[table.WORKERS] == 3
    assert settings[table.SMTP_MAX_MESSAGE_OCTETS] == 25 << 20
    assert settings[table.SMTP_TIMEOUT] == 600
    assert settings[table.LISTEN_ADDRESSES] == ("192.0.2.1", "2001:db8::1")
    assert settings[table.LISTEN_SMTP] == (Place("192.0.2.7", 2525), Place(None, 26))
    assert settings[table.LISTEN_IMAP] == ()
    assert settings[table.LISTEN_IMAPS] == (Place(None, 993),)
    assert settings.given(table.WORKERS)
    assert not settings.given(table.THREADS)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        parse('worker = 2\nroles = ["mail"]\nthreads = 0\n[listen]\nsmtp = 70000\n')
    assert caught.value.errors == (
        "worker is not a setting; is workers meant?",
        'roles is to be one of "mx", "submission", "imap", "sieve", "queue", "web"',
        "threads is to be between 1 and 256",
        "listen.smtp has a port that is not between 1 and 65535",
        "hostname is missing: " + table.HOSTNAME.doc,
    )


def test_text_that_is_not_toml() -> None:
    with pytest.raises(SettingsError, match="is not TOML"):
        parse("hostname: mx.example.test")


@pytest.mark.parametrize("row", table.TABLE, ids=lambda row: row.key)
def test_rows_are_complete(row: table.Setting[object]) -> None:
    assert row.doc.strip().endswith((".", ")"))
    assert row.key == row.key.lower()
    assert [one.key for one in table.TABLE].count(row.key) == 1


@pytest.mark.parametrize("row", table.TABLE, ids=lambda row: row.key)
@pytest.mark.parametrize("value", [{}, None, [None], object(), "\x00", -1, 1 << 70, 1.5, [[]]])
def test_no_value_passes_unchecked(row: table.Setting[object], value: object) -> None:
    """What cannot be right is refused with words, never with another error."""
    errors: tuple[str, ...] = ()
    try:
        Settings.of({row: value})
    except SettingsError as error:
        errors = error.errors
    assert value in ([[]], 1.5) or errors[0].startswith(row.key + " ")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (kinds.seconds(1, 10**9), "5 d", 432_000),
        (kinds.seconds(1, 10**9), "4h", 14_400),
        (kinds.octets(1, 1 << 40), "1 GiB", 1 << 30),
        (kinds.octets(1, 1 << 40), 12, 12),
        (kinds.PLACES, "[::1]:25", (Place("::1", 25),)),
        (kinds.PATH, "", None),
    ],
)
def test_kinds_read(kind: kinds.Kind[object], value: object, expected: object) -> None:
    assert kind.read(value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (kinds.HOST, "two words.test"),
        (kinds.HOST, "-a.test"),
        (kinds.HOST, "a" * 64 + ".test"),
        (kinds.HOST, "."),
        (kinds.ADDRESS, "300.1.1.1"),
        (kinds.PLACES, "localhost:25"),
        (kinds.PLACES, True),
        (kinds.PLACES, "25x"),
        (kinds.seconds(1, 10), "5 weeks"),
        (kinds.seconds(1, 10), True),
        (kinds.octets(1, 10), "١ KiB"),
        (kinds.whole(1, 3), 2.0),
        (kinds.BOOLEAN, 1),
        (kinds.TEXT, "a\nb"),
    ],
)
def test_kinds_refuse(kind: kinds.Kind[object], value: object) -> None:
    with pytest.raises(ValueError, match=r"^(is|has)"):
        kind.read(value)


@pytest.mark.parametrize(
    ("written", "place", "shown"),
    [
        ("127.0.0.1:11333", Endpoint("127.0.0.1", 11333), "127.0.0.1:11333"),
        ("[::1]:11333", Endpoint("::1", 11333), "[::1]:11333"),
        ("Rspamd.Internal:11333", Endpoint("rspamd.internal", 11333), "rspamd.internal:11333"),
        ("/run/clamav/clamd.ctl", Endpoint(path="/run/clamav/clamd.ctl"), "/run/clamav/clamd.ctl"),
        ("", None, "None"),
    ],
)
def test_endpoints(written: str, place: Endpoint | None, shown: str) -> None:
    settings = Settings.of({table.ENGINES_RSPAMD: written})
    assert settings[table.ENGINES_RSPAMD] == place
    assert str(place) == shown


@pytest.mark.parametrize(
    "written", ["11333", ":11333", "localhost", "a_b:1", "localhost:0", "::1", "/" + 107 * "x", 25]
)
def test_what_is_no_endpoint(written: object) -> None:
    with pytest.raises(SettingsError):
        Settings.of({table.ENGINES_RSPAMD: written})


def test_secrets_are_not_shown() -> None:
    settings = Settings.of({table.ENGINES_RSPAMD_PASSWORD: "open sesame"})
    password = settings[table.ENGINES_RSPAMD_PASSWORD]
    assert password is not None
    assert password.reveal() == "open sesame"
    assert "sesame" not in repr(settings)
    assert Settings.of({table.ENGINES_RSPAMD_PASSWORD: ""})[table.ENGINES_RSPAMD_PASSWORD] is None
