"""The master key: made once, kept from others, and what follows from it."""

import os
import stat
from pathlib import Path

import pytest

from alphorn.base.errors import Exists, Refused, Unavailable
from alphorn.directory.keys import FILE_NAME, KeyRing, create, load


def test_made_once_and_kept_from_others(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    made = create(folder)
    path = folder / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [entry.name for entry in folder.iterdir()] == [FILE_NAME]
    assert load(folder).hash_device_password("x") == made.hash_device_password("x")
    before = path.read_bytes()
    with pytest.raises(Exists):
        create(folder)
    assert path.read_bytes() == before
    assert [entry.name for entry in folder.iterdir()] == [FILE_NAME]


def test_a_key_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    create(tmp_path)
    (tmp_path / FILE_NAME).chmod(0o644)
    with pytest.raises(Refused, match="chmod 600"):
        load(tmp_path)


def test_missing_or_cut_off(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        load(tmp_path)
    (tmp_path / FILE_NAME).write_bytes(b"short")
    (tmp_path / FILE_NAME).chmod(0o600)
    with pytest.raises(Refused):
        load(tmp_path)


def test_each_purpose_and_each_master_has_its_own_key() -> None:
    one, other = KeyRing(bytes(32)), KeyRing(bytes(31) + b"\1")
    assert len({one.hash_device_password("x"), one.made_up("x"),
                other.hash_device_password("x"), other.made_up("x")}) == 4  # fmt: skip
    assert repr(one) == "KeyRing(…)"


def test_sealed_keys_open_only_in_their_place() -> None:
    ring = KeyRing(os.urandom(32))
    sealed = ring.seal(b"secret key", "s._domainkey.example.test")
    assert b"secret key" not in sealed
    assert sealed != ring.seal(b"secret key", "s._domainkey.example.test")
    assert ring.unseal(sealed, "s._domainkey.example.test") == b"secret key"
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for octets, label, opener in (
        (sealed, "t._domainkey.example.test", ring),
        (changed, "s._domainkey.example.test", ring),
        (sealed[:5], "s._domainkey.example.test", ring),
        (b"", "s._domainkey.example.test", ring),
        (sealed, "s._domainkey.example.test", KeyRing(os.urandom(32))),
    ):
        with pytest.raises(Unavailable):
            opener.unseal(octets, label)
