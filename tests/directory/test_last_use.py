"""When a device password was last used is written soon, seldom, and without disturbing anybody."""

import sqlite3

from alphorn.directory.last_use import EVERY_SECONDS, LastUses
from alphorn.operations import passwords
from tests.support.installation import NOW, Installation


def _last_used(installation: Installation) -> dict[str, int | None]:
    listed = passwords.list_device_passwords(installation.control, "anna@example.test")
    return {info.name: info.last_used for info in listed}


def _devices(installation: Installation, *names: str) -> list[int]:
    installation.domain()
    installation.account("anna@example.test")
    control = installation.control
    return [
        passwords.add_device_password(control, "anna@example.test", name).info.id for name in names
    ]


def test_written_once_an_hour_and_the_cache_stays(installation: Installation) -> None:
    phone, _ = _devices(installation, "phone", "desk")
    cached = installation.view.account(1)
    uses = LastUses(installation.database, gather=0)
    uses.note(phone, NOW)
    uses.note(phone, NOW + EVERY_SECONDS - 1)
    uses.close()
    assert _last_used(installation) == {"phone": int(NOW), "desk": None}
    assert installation.view.account(1) is cached
    uses.note(phone, NOW + EVERY_SECONDS)
    uses = LastUses(installation.database, gather=0)
    uses.note(phone, NOW + EVERY_SECONDS)
    uses.note(phone, NOW - 10)
    uses.close()
    assert _last_used(installation)["phone"] == int(NOW) + EVERY_SECONDS


def test_an_earlier_time_never_overwrites_a_later_one(installation: Installation) -> None:
    (phone,) = _devices(installation, "phone")
    for moment in (NOW, NOW - 5000):
        uses = LastUses(installation.database, gather=0)
        uses.note(phone, moment)
        uses.close()
    assert _last_used(installation) == {"phone": int(NOW)}


def test_noting_does_not_wait_for_the_disk(installation: Installation) -> None:
    (phone,) = _devices(installation, "phone")
    writer = sqlite3.connect(installation.database, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    uses = LastUses(installation.database, gather=0)
    uses.note(phone, NOW)
    writer.execute("ROLLBACK")
    writer.close()
    uses.close()
    assert _last_used(installation) == {"phone": int(NOW)}


def test_a_revoked_password_and_a_missing_database_do_no_harm(installation: Installation) -> None:
    (phone,) = _devices(installation, "phone")
    passwords.revoke_device_password(installation.control, "anna@example.test", "phone")
    uses = LastUses(installation.database, gather=0)
    uses.note(phone, NOW)
    uses.close()
    lost = LastUses(installation.folder / "nowhere.sqlite", gather=0)
    lost.note(phone, NOW)
    lost.close()
    assert not (installation.folder / "nowhere.sqlite").exists()
