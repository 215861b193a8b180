"""Logins: who gets in, who does not, and what either costs and leaves behind."""

import hashlib
import hmac
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from alphorn.base.errors import Unavailable
from alphorn.base.scram import Keys, derive
from alphorn.base.secret import Secret
from alphorn.directory.last_use import LastUses
from alphorn.directory.view import DirectoryView
from alphorn.operations import addresses, organizations, passwords
from alphorn.operations.authenticate import (
    Authenticator,
    AuthFailed,
    Login,
    ScramCredentials,
    Throttled,
    log_login,
)
from alphorn.operations.throttle import LoginLimits, LoginThrottle
from alphorn.store.state import State
from tests.support.installation import ITERATIONS, NOW, PASSWORD, Installation

ANNA = "anna@example.test"
HERE, THERE = "192.0.2.1", "198.51.100.7"


@dataclass
class House:
    """An installation with Anna in it, and a door."""

    installation: Installation
    throttle: LoginThrottle
    reports: list[Login] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.uses = LastUses(self.installation.database, gather=0)
        self.door = self.new_door(self.installation.view)

    def new_door(self, view: DirectoryView, iterations: int = ITERATIONS) -> Authenticator:
        return Authenticator(
            view,
            self.installation.keys,
            self.throttle,
            self.uses,
            iterations,
            clock=self.installation.clock,
            report=self.reports.append,
        )

    def fast(self, password: str, address: str = ANNA, protocol: str = "imap") -> bool:
        """Whether that got in without a slow hash."""
        return self.door.password_fast(address, Secret(password), protocol, HERE) is not None

    def log_in(
        self, password: str, address: str = ANNA, protocol: str = "imap", peer: str = HERE
    ) -> str:
        """The account's address, or why not."""
        try:
            return self.door.password(address, Secret(password), protocol, peer).address
        except AuthFailed as error:
            return error.reason
        except Throttled:
            return "throttled"

    def device(self, name: str = "phone", **options: object) -> str:
        made = passwords.add_device_password(
            self.installation.control,
            ANNA,
            name,
            **options,  # type: ignore[arg-type]
        )
        return made.password.reveal()


@pytest.fixture
def state(installation: Installation) -> Iterator[State]:
    made = State(installation.folder / "state.sqlite")
    yield made
    made.close()


@pytest.fixture
def house(installation: Installation, state: State) -> Iterator[House]:
    installation.domain()
    installation.account(ANNA)
    limits = LoginLimits(account_failures=5, network_failures=20, window=900)
    made = House(installation, LoginThrottle(state, limits))
    yield made
    made.door.close()


# -- passwords -------------------------------------------------------------------------------------


def test_right_and_wrong(house: House) -> None:
    assert house.log_in(PASSWORD) == ANNA
    assert house.log_in(PASSWORD, "ANNA@Example.TEST") == ANNA
    assert house.log_in("wrong") == "wrong-password"
    assert house.log_in(PASSWORD, "ben@example.test") == "wrong-password"
    assert house.log_in(PASSWORD, "anna") == "wrong-password"
    assert house.log_in("a\0b") == "unusable"
    assert house.log_in("x" * 5000) == "unusable"


def test_the_other_side_is_told_nothing(house: House) -> None:
    texts = set()
    for address, password in ((ANNA, "wrong"), ("ben@example.test", PASSWORD), (ANNA, "\0")):
        with pytest.raises(AuthFailed) as caught:
            house.door.password(address, Secret(password), "imap", HERE)
        texts.add((caught.value.text, caught.value.code))
    assert len(texts) == 1


def test_an_alias_does_not_log_in(house: House) -> None:
    addresses.add_alias(house.installation.control, "alias@example.test", ANNA)
    assert house.log_in(PASSWORD, "alias@example.test") == "wrong-password"
    assert house.log_in(PASSWORD, "anna+x@example.test") == "wrong-password"


def test_an_account_without_a_password_lets_nobody_in(house: House) -> None:
    house.installation.account("ben@example.test", None)
    for text in ("", "x", PASSWORD, "\0" * 32):
        assert house.log_in(text, "ben@example.test") in ("wrong-password", "unusable")


def test_a_password_is_the_same_however_it_is_typed(house: House) -> None:
    control = house.installation.control
    passwords.set_password(control, ANNA, Secret("cafe\u0301 cr\u00e8me \u2168"))
    assert house.log_in("caf\u00e9\u00a0cr\u00e8me IX") == ANNA
    assert house.log_in("cafe creme IX") == "wrong-password"


def test_slow_once_then_fast(house: House) -> None:
    assert not house.fast(PASSWORD)
    house.log_in(PASSWORD)
    assert house.fast(PASSWORD)
    house.installation.clock.now += 3600
    assert not house.fast(PASSWORD)


def test_a_wrong_password_is_hashed_once_too(house: House) -> None:
    assert house.log_in("wrong") == "wrong-password"
    with pytest.raises(AuthFailed) as caught:
        house.fast("wrong")
    assert caught.value.reason == "wrong-password-again"


def test_a_change_counts_at_once(house: House) -> None:
    control = house.installation.control
    house.log_in(PASSWORD)
    house.log_in("another good one")
    passwords.set_password(control, ANNA, Secret("another good one"))
    assert house.log_in(PASSWORD) == "wrong-password"
    assert house.log_in("another good one") == ANNA
    addresses.enable_address(control, ANNA, on=False)
    with pytest.raises(AuthFailed) as caught:
        house.fast("another good one")
    assert caught.value.reason == "switched-off"
    addresses.enable_address(control, ANNA, on=True)
    organizations.enable_organization(control, "Acme", on=False)
    assert house.log_in("another good one") == "switched-off"
    assert house.log_in("wrong") == "wrong-password"


def test_unknown_addresses_cost_the_same_hash(house: House) -> None:
    """With a hash of 30 ms on both sides, half of it would be seen."""
    door = house.new_door(house.installation.view, iterations=100_000)
    house.installation.sql("UPDATE directory_account SET iterations = 100000")
    house.installation.sql("UPDATE directory_directoryversion SET version = version + 1")

    def seconds(address: str, attempt: int) -> float:
        began = time.thread_time()
        with pytest.raises(AuthFailed):
            door.password(address, Secret(f"guess {attempt} {address}"), "imap", HERE)
        return time.thread_time() - began

    known = min(seconds(ANNA, attempt) for attempt in range(4))
    unknown = min(seconds(f"nobody{attempt}@example.test", attempt) for attempt in range(4))
    assert 0.5 < known / unknown < 2


# -- device passwords ------------------------------------------------------------------------------


def test_device_passwords_need_no_slow_hash(house: House) -> None:
    text = house.device()
    assert house.fast(text)
    for typed in (text.upper(), text.replace("-", ""), text.replace("-", " ")):
        assert house.fast(typed)
    assert not house.fast(text[:-1] + ("a" if text[-1] != "a" else "b"))


def test_scopes(house: House) -> None:
    text = house.device(protocols=["imap"])
    assert house.log_in(text) == ANNA
    with pytest.raises(AuthFailed, match="not for SMTP") as caught:
        house.fast(text, protocol="smtp")
    assert caught.value.reason == "other-protocol"


def test_expiry_and_revocation(house: House) -> None:
    text = house.device(expires=int(NOW) + 10)
    assert house.fast(text)
    house.installation.clock.now += 10
    assert house.log_in(text) == "expired"
    other = house.device("other")
    assert house.fast(other)
    passwords.revoke_device_password(house.installation.control, ANNA, "other")
    assert house.log_in(other) == "wrong-password"


def test_a_device_password_opens_one_account(house: House) -> None:
    house.installation.account("ben@example.test")
    assert house.log_in(house.device(), "ben@example.test") == "wrong-password"


def test_another_master_key_knows_no_device_passwords(house: House) -> None:
    from alphorn.directory.keys import KeyRing

    text = house.device()
    door = Authenticator(
        house.installation.view, KeyRing(b"o" * 32), house.throttle, house.uses, ITERATIONS,
        clock=house.installation.clock,
    )  # fmt: skip
    with pytest.raises(AuthFailed):
        door.password(ANNA, Secret(text), "imap", HERE)


def test_the_last_use_is_noted(house: House) -> None:
    house.device("unused")
    assert house.fast(house.device("phone"))
    house.door.close()
    listed = passwords.list_device_passwords(house.installation.control, ANNA)
    assert {info.name: info.last_used for info in listed} == {"phone": int(NOW), "unused": None}


# -- SCRAM -----------------------------------------------------------------------------------------


def _prove(credentials: ScramCredentials, password: str) -> int | bool | None:
    """The credential id that a client with this password proves, or False for none; as the
    server's side of RFC 5802 checks it."""
    message = b"n=,r=x,r=xy,s=,i=1,c=biws,r=xy"
    salted = hashlib.pbkdf2_hmac(
        "sha256", password.encode(), credentials.salt, credentials.iterations
    )
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    signature = hmac.digest(stored_key, message, "sha256")
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    for keys in credentials.keys:
        expected = hmac.digest(keys.stored_key, message, "sha256")
        candidate = bytes(a ^ b for a, b in zip(proof, expected, strict=True))
        if hashlib.sha256(candidate).digest() == keys.stored_key:
            return keys.credential
    return False


def test_scram_with_every_password_of_the_account(house: House) -> None:
    phone, desk = house.device("phone"), house.device("desk", protocols=["imap"])
    found = house.door.scram("Anna@Example.test", "imap", HERE)
    assert found.address == ANNA
    ids = set()
    for text in (PASSWORD, phone, desk):
        credential = _prove(found, text)
        assert credential is not False
        ids.add(credential)
        assert house.door.scram_succeeded(found, credential, "imap", HERE).address == ANNA
    assert len(ids) == 3
    assert None in ids
    assert _prove(found, "wrong") is False
    with pytest.raises(AuthFailed):
        house.door.scram_succeeded(found, _prove(found, desk), "smtp", HERE)


def test_scram_tells_nothing_of_who_exists(house: House) -> None:
    known = house.door.scram(ANNA, "imap", HERE)
    unknown = house.door.scram("Ben@example.test", "imap", HERE)
    again = house.new_door(house.installation.new_view()).scram("ben@example.test", "imap", HERE)
    other = house.door.scram("carl@example.test", "imap", HERE)
    assert (len(unknown.salt), unknown.iterations) == (len(known.salt), known.iterations)
    assert (unknown.salt, unknown.keys) == (again.salt, again.keys)
    assert unknown.salt != other.salt
    assert len(unknown.keys) == 1
    with pytest.raises(AuthFailed):
        house.door.scram_succeeded(unknown, unknown.keys[0].credential, "imap", HERE)
    assert "keys" not in repr(known)


def test_scram_without_a_password_has_a_decoy(house: House) -> None:
    house.installation.account("ben@example.test", None)
    found = house.door.scram("ben@example.test", "imap", HERE)
    assert len(found.keys) == 1
    with pytest.raises(AuthFailed):
        house.door.scram_succeeded(found, None, "imap", HERE)


def test_scram_over_a_change(house: House) -> None:
    """Between its two halves the password changes, or the device password is revoked."""
    house.device("phone")
    found = house.door.scram(ANNA, "imap", HERE)
    passwords.set_password(house.installation.control, ANNA, Secret("another good one"))
    passwords.revoke_device_password(house.installation.control, ANNA, "phone")
    for keys in found.keys:
        with pytest.raises(AuthFailed) as caught:
            house.door.scram_succeeded(found, keys.credential, "imap", HERE)
        assert caught.value.reason == "changed-meanwhile"


def test_scram_keys_are_those_of_the_rfc(house: House) -> None:
    found = house.door.scram(ANNA, "imap", HERE)
    (keys,) = found.keys
    assert Keys(keys.stored_key, keys.server_key) == derive(PASSWORD, found.salt, ITERATIONS)


# -- too many failures -----------------------------------------------------------------------------


def test_an_account_is_closed_to_strangers_only(house: House) -> None:
    assert house.log_in(PASSWORD) == ANNA  # from here: a network that the account knows
    device = house.device()
    for guess in range(5):
        assert house.log_in(f"guess {guess}", peer=THERE) == "wrong-password"
    assert house.log_in(PASSWORD, peer=THERE) == "throttled"  # it may be a guess as well
    assert house.log_in("guess 6", peer=THERE) == "throttled"
    assert house.log_in("guess 7", peer="203.0.113.9") == "throttled"
    assert house.log_in("mistyped", peer=HERE) == "wrong-password"
    assert house.fast(device)
    house.installation.clock.now += 2 * 900
    assert house.log_in("guess 8", peer=THERE) == "wrong-password"


def test_who_is_to_wait_learns_nothing_by_going_on(house: House) -> None:
    """Also where the right password is remembered, because the account's owner uses it."""
    assert house.log_in(PASSWORD) == ANNA
    for guess in range(5):
        assert house.log_in(f"guess {guess}", peer=THERE) == "wrong-password"
    for guess in range(100):
        assert house.log_in(f"on and on {guess}", peer=THERE) == "throttled"
    assert house.log_in(PASSWORD, peer=THERE) == "throttled"
    assert house.fast(PASSWORD)
    house.installation.clock.now += 2 * 900
    assert house.log_in(PASSWORD, peer=THERE) == ANNA


def test_a_known_network_is_throttled_too(house: House) -> None:
    house.log_in(PASSWORD)
    for guess in range(5):
        assert house.log_in(f"guess {guess}") == "wrong-password"
    assert house.log_in("guess 6") == "throttled"


def test_a_network_is_closed_to_all_accounts(house: House) -> None:
    for guess in range(20):
        house.log_in(PASSWORD, f"guess{guess}@example.test", peer=THERE)
    assert house.log_in(PASSWORD, peer=THERE) == "throttled"
    assert house.log_in(PASSWORD, peer=HERE) == ANNA


def test_a_program_with_an_old_password_locks_nobody_out(house: House) -> None:
    for _ in range(10):
        assert house.log_in("the old one").startswith("wrong-password")
    assert house.log_in(PASSWORD) == ANNA


def test_unknown_addresses_are_throttled_alike(house: House) -> None:
    known, unknown = (
        [house.log_in(f"x{guess}", address, peer=address) for guess in range(7)]
        for address in (ANNA, "ben@example.test")
    )
    assert known == unknown
    assert known[-1] == "throttled"


def test_scram_is_throttled_alike(house: House) -> None:
    for _ in range(5):
        found = house.door.scram(ANNA, "imap", THERE)
        house.door.scram_failed(found, "imap", THERE)
    with pytest.raises(Throttled) as caught:
        house.door.scram(ANNA, "imap", THERE)
    assert 0 < caught.value.retry_after <= 900
    assert house.log_in("guess", peer=THERE) == "throttled"


def test_other_processes_count_too(house: House) -> None:
    other = house.new_door(house.installation.new_view())
    for guess in range(5):
        house.log_in(f"guess {guess}", peer=THERE)
    with pytest.raises(Throttled):
        other.password_fast(ANNA, Secret("guess 6"), "imap", THERE)


def test_guesses_in_parallel_are_bounded(house: House) -> None:
    """Threads may pass the check together, no more of them than there are threads."""
    outcomes: list[str] = []
    threads = [
        threading.Thread(
            target=lambda first: outcomes.extend(
                house.log_in(f"guess {first}-{n}", peer=THERE) for n in range(10)
            ),
            args=(number,),
        )
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("wrong-password") <= 5 + 4
    assert outcomes.count("throttled") >= 30


# -- what is left behind ---------------------------------------------------------------------------


def test_each_login_is_reported_once(house: House) -> None:
    device = house.device(protocols=["imap"])
    house.log_in(PASSWORD)
    house.log_in(PASSWORD)
    house.log_in(device)
    house.log_in(device, protocol="smtp")
    house.log_in("wrong")
    house.log_in(PASSWORD, "BEN@example.test")
    told = [(login.address, login.account_id, login.protocol, login.reason, login.device)
            for login in house.reports]  # fmt: skip
    assert told == [
        (ANNA, 1, "imap", "", None),
        (ANNA, 1, "imap", "", None),
        (ANNA, 1, "imap", "", 1),
        (ANNA, 1, "smtp", "other-protocol", 1),
        (ANNA, 1, "imap", "wrong-password", None),
        ("ben@example.test", None, "imap", "wrong-password", None),
    ]


def test_no_secret_is_logged(house: House, caplog: pytest.LogCaptureFixture) -> None:
    device = house.device()
    door = Authenticator(
        house.installation.view, house.installation.keys, house.throttle, house.uses, ITERATIONS,
        clock=house.installation.clock,
    )  # fmt: skip
    with caplog.at_level(logging.DEBUG):
        door.password(ANNA, Secret(PASSWORD), "imap", HERE)
        door.password(ANNA, Secret(device), "imap", HERE)
        with pytest.raises(AuthFailed):
            door.password(ANNA, Secret("wrong but secret"), "imap", HERE)
    assert len(caplog.records) == 3
    logged = "\n".join(str(vars(record)) for record in caplog.records)
    for text in (PASSWORD, device, "wrong but secret"):
        assert text not in logged
    assert ANNA in logged


def test_reports_are_bounded(house: House) -> None:
    house.log_in("x", "y" * 100_000)
    assert len(house.reports[-1].address) <= 320


def test_the_usual_report_is_a_line_with_facts(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log_login(Login(NOW, ANNA, 1, "imap", HERE, "throttled"))
        log_login(Login(NOW, ANNA, 1, "imap", HERE))
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert vars(caplog.records[0])["peer"] == HERE


def test_without_the_directory_nobody_is_refused_for_good(house: House) -> None:
    lost = DirectoryView(house.installation.folder / "nowhere.sqlite", house.installation.keys)
    with pytest.raises(Unavailable) as caught:
        house.new_door(lost).password(ANNA, Secret(PASSWORD), "imap", HERE)
    assert not isinstance(caught.value, Throttled)
