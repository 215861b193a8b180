"""An account's password, and the device passwords beside it.

One salt and one iteration count hold for all of them (see docs/adr/0020-passwords.md), so they
change only with a new password of an account that has no device passwords.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass

from alphorn.base import password as passwords
from alphorn.base.errors import Exists, NotFound, Refused, Unavailable
from alphorn.base.scram import derive
from alphorn.base.secret import Secret
from alphorn.directory.orm import Account, Address, DevicePassword, change, reading
from alphorn.directory.rows import account_info, device_infos, holder, touch, written
from alphorn.directory.values import AccountInfo, DevicePasswordInfo, LoginProtocol
from alphorn.operations import find
from alphorn.operations.control import Control
from alphorn.operations.rights import require_holder
from alphorn.operations.verifier import make

MAX_DEVICES = 50


@dataclass(frozen=True, slots=True)
class NewDevicePassword:
    """`password` is shown once and kept nowhere."""

    info: DevicePasswordInfo
    password: Secret


def set_password(control: Control, address: str, password: Secret) -> AccountInfo:
    """A new password for the account; whoever is logged in has to log in again.

    Raises PasswordError, NotFound, Forbidden, Unavailable.
    """
    with reading():
        own = find.account(address)
        before = _held(control, own)
        salt = bytes(before.salt) if before.devices.exists() else None
    iterations = control.iterations if salt is None else before.iterations
    new = make(password, iterations, written(own), before.name, salt=salt)
    with change():
        own = find.account(address)
        held = _held(control, own)
        _unchanged(before, held)
        if salt is None and held.devices.exists():
            raise _in_between()
        held.salt = new.salt
        held.iterations = new.iterations
        held.stored_key = new.stored_key
        held.server_key = new.server_key
        held.password_changed = control.now()
        held.save(
            update_fields=["salt", "iterations", "stored_key", "server_key", "password_changed"]
        )
        touch(held.pk)
        held.refresh_from_db(fields=["version"])
        return account_info(own)


def add_device_password(
    control: Control,
    address: str,
    name: str,
    protocols: Collection[str] = tuple(LoginProtocol),
    expires: int | None = None,
) -> NewDevicePassword:
    """A generated password for one mail program, good for these protocols until `expires`.

    Raises Exists (the name), NotFound, Refused("name", "protocols", "expiry", "too-many"),
    Forbidden.
    """
    name = find.name(name, "device password")
    scope = _scope(protocols)
    if expires is not None and expires <= control.now():
        raise Refused("The device password would have expired already.", code="expiry")
    password = passwords.make_device_password(secrets.token_bytes)
    with reading():
        before = _held(control, find.account(address))
    keys = derive(password.reveal(), bytes(before.salt), before.iterations)
    with change():
        held = _held(control, find.account(address))
        _unchanged(before, held)
        if held.devices.filter(name__iexact=name).exists():
            raise Exists(f"There is a device password {name} already; revoke it first.")
        if held.devices.count() >= MAX_DEVICES:
            raise Refused(
                f"An account has at most {MAX_DEVICES} device passwords; revoke unused ones.",
                code="too-many",
            )
        row = DevicePassword.objects.create(
            account=held,
            name=name,
            keyed_hash=control.keys.hash_device_password(password.reveal()),
            stored_key=keys.stored_key,
            server_key=keys.server_key,
            protocols=scope,
            created=control.now(),
            expires=expires,
        )
        return NewDevicePassword(device_infos([row])[0], password)


def list_device_passwords(control: Control, address: str) -> tuple[DevicePasswordInfo, ...]:
    """By name. Raises NotFound, Forbidden."""
    with reading():
        held = _held(control, find.account(address))
        return device_infos(held.devices.order_by("name"))


def revoke_device_password(control: Control, address: str, name: str) -> DevicePasswordInfo:
    """It opens nothing from now on; whoever is logged in has to log in again.

    Raises NotFound, Forbidden.
    """
    with change():
        held = _held(control, find.account(address))
        row = held.devices.filter(name__iexact=name.strip()).first()
        if row is None:
            raise NotFound(f"{address} has no device password {name!r}.")
        info = device_infos([row])[0]
        row.delete()
        touch(held.pk)
        return info


def _held(control: Control, own: Address) -> Account:
    held = holder(own)
    require_holder(control.actor, held.pk, own.domain.organization_id)
    return held


def _unchanged(before: Account, now: Account) -> None:
    """The hash was computed outside of the transaction: is it still the right one?"""
    if (before.pk, bytes(before.salt), before.iterations) != (
        now.pk,
        bytes(now.salt),
        now.iterations,
    ):
        raise _in_between()


def _in_between() -> Unavailable:
    return Unavailable("The account's passwords were changed at the same moment; try again.")


def _scope(protocols: Collection[str]) -> str:
    known = set(LoginProtocol)
    wanted = {protocol.strip().lower() for protocol in protocols}
    if not wanted or wanted - known:
        raise Refused(
            f"A device password is for some of: {', '.join(sorted(known))}.", code="protocols"
        )
    return " ".join(sorted(wanted))
