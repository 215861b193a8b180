"""Account and device passwords, as they are set and kept."""

import pytest

from alphorn.base.errors import Exists, NotFound, Refused, Unavailable
from alphorn.base.password import PasswordError
from alphorn.base.scram import Keys, derive, matches
from alphorn.base.secret import Secret
from alphorn.directory.values import Credentials, LoginProtocol
from alphorn.operations import passwords
from alphorn.operations.control import Actor
from alphorn.operations.passwords import MAX_DEVICES
from alphorn.operations.rights import Forbidden
from alphorn.operations.verifier import make
from tests.support.installation import NOW, PASSWORD, Installation

ANNA = "anna@example.test"


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.domain()
    installation.account(ANNA)
    return installation


def _credentials(installation: Installation) -> Credentials:
    found = installation.view.credentials(ANNA)
    assert found is not None
    return found


def test_a_new_password_is_the_only_one(acme: Installation) -> None:
    before = _credentials(acme)
    passwords.set_password(acme.control, ANNA, Secret("another good one"))
    after = _credentials(acme)
    assert after.stored_key is not None
    assert matches("another good one", after.salt, after.iterations, after.stored_key)
    assert not matches(PASSWORD, after.salt, after.iterations, after.stored_key)
    assert after.salt != before.salt
    assert after.account.version > before.account.version


def test_refused_passwords_change_nothing(acme: Installation) -> None:
    before = _credentials(acme)
    for text in ("short", "password123", ANNA.upper(), "x" * 2000, "nul\0nul\0nul"):
        with pytest.raises(PasswordError):
            passwords.set_password(acme.control, ANNA, Secret(text))
    assert _credentials(acme) == before


def test_no_password_in_the_database(acme: Installation) -> None:
    device = passwords.add_device_password(acme.control, ANNA, "phone").password.reveal()
    acme.close()
    for path in acme.folder.glob("control.sqlite*"):
        octets = path.read_bytes()
        for text in (PASSWORD, device, device.replace("-", "")):
            assert text.encode() not in octets


def test_device_passwords_share_salt_and_count_with_the_account(acme: Installation) -> None:
    made = passwords.add_device_password(acme.control, ANNA, "phone")
    text = made.password.reveal()
    passwords.set_password(acme.control, ANNA, Secret("another good one"))
    found = _credentials(acme)
    (device,) = found.devices
    keys = derive(text, found.salt, found.iterations)
    assert (device.stored_key, device.server_key) == (keys.stored_key, keys.server_key)
    assert device.keyed_hash == acme.keys.hash_device_password(text)
    assert found.stored_key is not None
    assert matches("another good one", found.salt, found.iterations, found.stored_key)


def test_the_salt_changes_again_once_the_devices_are_gone(acme: Installation) -> None:
    passwords.add_device_password(acme.control, ANNA, "phone")
    salt = _credentials(acme).salt
    passwords.set_password(acme.control, ANNA, Secret("another good one"))
    assert _credentials(acme).salt == salt
    passwords.revoke_device_password(acme.control, ANNA, "PHONE")
    passwords.set_password(acme.control, ANNA, Secret("yet another one"))
    assert _credentials(acme).salt != salt


def test_life_of_a_device_password(acme: Installation) -> None:
    control = acme.control
    later = int(NOW) + 60
    made = passwords.add_device_password(control, ANNA, " My  phone ", ["imap", "SMTP"], later)
    assert made.info.name == "My phone"
    assert made.info.protocols == {"imap", "smtp"}
    assert (made.info.expires, made.info.last_used, made.info.created) == (later, None, int(NOW))
    assert made.password.reveal() not in repr(made)
    with pytest.raises(Exists):
        passwords.add_device_password(control, ANNA, "my PHONE")
    everything = passwords.add_device_password(control, ANNA, "desk")
    assert everything.info.protocols == set(LoginProtocol)
    assert [info.name for info in passwords.list_device_passwords(control, ANNA)] == [
        "My phone",
        "desk",
    ]
    version = _credentials(acme).account.version
    passwords.revoke_device_password(control, ANNA, "my phone")
    found = _credentials(acme)
    assert [device.id for device in found.devices] == [everything.info.id]
    assert found.account.version > version
    with pytest.raises(NotFound):
        passwords.revoke_device_password(control, ANNA, "my phone")


def test_refused_device_passwords(acme: Installation) -> None:
    control = acme.control
    for protocols in ([], ["gopher"], ["imap", "gopher"]):
        with pytest.raises(Refused) as caught:
            passwords.add_device_password(control, ANNA, "x", protocols)
        assert caught.value.code == "protocols"
    with pytest.raises(Refused):
        passwords.add_device_password(control, ANNA, "x", expires=int(NOW))
    with pytest.raises(NotFound):
        passwords.add_device_password(control, "ben@example.test", "x")
    for number in range(MAX_DEVICES):
        passwords.add_device_password(control, ANNA, str(number))
    with pytest.raises(Refused) as caught:
        passwords.add_device_password(control, ANNA, "one more")
    assert caught.value.code == "too-many"


def test_holders_manage_their_own(acme: Installation) -> None:
    ben = acme.account("ben@example.test")
    holder = acme.control.acting_as(Actor(account_id=ben.id))
    passwords.set_password(holder, "ben@example.test", Secret("another good one"))
    passwords.add_device_password(holder, "ben@example.test", "phone")
    assert passwords.list_device_passwords(holder, "ben@example.test")
    passwords.revoke_device_password(holder, "ben@example.test", "phone")
    for act in (
        lambda: passwords.set_password(holder, ANNA, Secret("another good one")),
        lambda: passwords.add_device_password(holder, ANNA, "phone"),
        lambda: passwords.list_device_passwords(holder, ANNA),
        lambda: passwords.revoke_device_password(holder, ANNA, "phone"),
    ):
        with pytest.raises(Forbidden):
            act()


def test_a_device_password_is_not_added_under_a_salt_that_has_gone(
    acme: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While its slow hash is computed, somebody sets a new account password."""

    def derive_slowly(text: str, salt: bytes, iterations: int) -> Keys:
        passwords.set_password(acme.control, ANNA, Secret("another good one"))
        return derive(text, salt, iterations)

    monkeypatch.setattr(passwords, "derive", derive_slowly)
    with pytest.raises(Unavailable):
        passwords.add_device_password(acme.control, ANNA, "phone")
    assert _credentials(acme).devices == ()


def test_a_new_password_does_not_strand_a_new_device_password(
    acme: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While its slow hash is computed, somebody adds a device password."""
    before = _credentials(acme)

    def make_slowly(*args: object, **options: object) -> object:
        passwords.add_device_password(acme.control, ANNA, "phone")
        return make(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(passwords, "make", make_slowly)
    with pytest.raises(Unavailable):
        passwords.set_password(acme.control, ANNA, Secret("another good one"))
    after = _credentials(acme)
    assert (after.salt, after.stored_key) == (before.salt, before.stored_key)
    assert len(after.devices) == 1
