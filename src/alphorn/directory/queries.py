"""What the hot path asks of the database, in the SQL that SQLite and PostgreSQL share.

Each question is one statement on indexed columns; each answer becomes a frozen value.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from alphorn.base.address import display_domain
from alphorn.directory.keys import KeyRing
from alphorn.directory.reader import Reader
from alphorn.directory.values import (
    AccountInfo,
    AddressKind,
    Credentials,
    DeviceCredential,
    DomainInfo,
    GatewayInfo,
    Pause,
    PlanLimits,
    SendingLock,
    SigningKey,
)

_VERSION = "SELECT version FROM directory_directoryversion WHERE id = 1"

_DOMAIN = """
    SELECT d.id, d.name, d.organization_id, d.enabled AND o.enabled
    FROM directory_domain d JOIN directory_organization o ON o.id = d.organization_id
    WHERE d.name = ?"""

_TARGET = """
    SELECT a.id, a.kind, a.account_id, a.redirect_to, a.enabled, a.expires, a.keep, a.messages,
           g.name, a.label
    FROM directory_address a
    LEFT JOIN directory_confidentialaddress c ON c.address_id = a.id AND c.state = 'active'
    LEFT JOIN directory_gateway g ON g.id = c.gateway_id
    WHERE a.domain_id = ? AND a.local = ?"""

_GATEWAYS = """
    SELECT name, hosts, port, clients, networks, contact, created
    FROM directory_gateway ORDER BY name"""

_MEMBERS = "SELECT account_id FROM directory_listmember WHERE address_id = ? ORDER BY id"

_PAUSED = "SELECT target, since, reason FROM directory_pausedtarget WHERE domain_id = ?"

_ACCOUNT = """
    SELECT c.id, a.local, d.name, d.organization_id, c.enabled AND d.enabled AND o.enabled,
           c.quota_octets, c.language, c.version, c.name,
           p.address_quota, p.storage_octets, p.catch_all, p.recipients_per_message,
           p.messages_per_hour, p.messages_per_day, p.bulk_creations_per_day,
           c.salt, c.iterations, c.stored_key, c.server_key,
           c.sending_locked, c.sending_lock_reason, c.sending_lock_operator, c.zone
    FROM directory_account c
    JOIN directory_address a ON a.account_id = c.id AND a.kind = 'own'
    JOIN directory_domain d ON d.id = a.domain_id
    JOIN directory_organization o ON o.id = d.organization_id
    JOIN directory_plan p ON p.id = o.plan_id
    WHERE c.id = ?"""

_DEVICES = """
    SELECT id, keyed_hash, stored_key, server_key, protocols, expires
    FROM directory_devicepassword WHERE account_id = ? ORDER BY id"""

_GRANT = "SELECT 1 FROM directory_sendgrant WHERE account_id = ? AND address_id = ?"

_SIGNING_KEYS = """
    SELECT k.selector, k.algorithm, k.private_key
    FROM directory_signingkey k JOIN directory_domain d ON d.id = k.domain_id
    WHERE d.name = ? AND k.retired IS NULL ORDER BY k.id"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where one address leads, as it stands in its row. `expires` is seconds UTC or None;
    `messages` how many it takes in all, or None; `members` are accounts, of a list; `gateway` is
    the name of the only one that it uses, or ""; `label` is what its owner calls it."""

    id: int
    kind: AddressKind
    account_id: int | None
    redirect_to: tuple[str, ...]
    enabled: bool
    expires: int | None
    keep: bool = True
    messages: int | None = None
    members: tuple[int, ...] = ()
    gateway: str = ""
    label: str = ""


def version(reader: Reader) -> int | None:
    rows: list[Any] = reader.rows(_VERSION)
    return rows[0][0] if rows else None


def domain(reader: Reader, name: str) -> DomainInfo | None:
    rows: list[Any] = reader.rows(_DOMAIN, (name,))
    if not rows:
        return None
    identity, stored, organization, enabled = rows[0]
    return DomainInfo(identity, stored, organization, bool(enabled), display_domain(stored))


def target(reader: Reader, key: tuple[int, str]) -> Target | None:
    """By (domain id, local part); the local part "" asks for the catch-all."""
    rows: list[Any] = reader.rows(_TARGET, key)
    if not rows:
        return None
    identity, kind, account, redirects, enabled, expires, keep, messages, *rest = rows[0]
    gateway, label = rest
    members: list[Any] = []
    if kind == AddressKind.LIST.value:
        members = reader.rows(_MEMBERS, (identity,))
    return Target(
        id=identity,
        kind=AddressKind(kind),
        account_id=account,
        redirect_to=tuple(redirects.split()),
        enabled=bool(enabled),
        expires=expires,
        keep=bool(keep),
        messages=messages,
        members=tuple(member for (member,) in members),
        gateway=gateway or "",
        label=label,
    )


def paused(reader: Reader, domain_id: int) -> dict[str, Pause] | None:
    """The addresses to which nothing of this domain is sent on, or None."""
    rows: list[Any] = reader.rows(_PAUSED, (domain_id,))
    return {target: Pause(since, reason) for target, since, reason in rows} or None


def gateways(reader: Reader) -> tuple[GatewayInfo, ...] | None:
    """All of them by name, or None."""
    rows: list[Any] = reader.rows(_GATEWAYS)
    return (
        tuple(
            GatewayInfo(
                name,
                tuple(hosts.split()),
                port,
                tuple(clients.split()),
                tuple(networks.split()),
                contact,
                created,
            )
            for name, hosts, port, clients, networks, contact, created in rows
        )
        or None
    )


def account(reader: Reader, account_id: int) -> AccountInfo | None:
    rows: list[Any] = reader.rows(_ACCOUNT, (account_id,))
    return _account(rows[0]) if rows else None


def _account(row: Any) -> AccountInfo:
    limits = _limits(*row[9:16])
    return AccountInfo(
        id=row[0],
        address=f"{row[1]}@{row[2]}",
        organization_id=row[3],
        enabled=bool(row[4]),
        quota_octets=limits.storage_octets if row[5] is None else row[5],
        limits=limits,
        language=row[6],
        version=row[7],
        name=row[8],
        sending_lock=None if row[20] is None else SendingLock(row[20], row[21], bool(row[22])),
        zone=row[23],
    )


@lru_cache(maxsize=256)
def _limits(addresses: int, octets: int, catch_all: int, *others: int) -> PlanLimits:
    """One object for all accounts under a plan."""
    return PlanLimits(addresses, octets, bool(catch_all), *others)


def credentials(reader: Reader, account_id: int) -> Credentials | None:
    rows: list[Any] = reader.rows(_ACCOUNT, (account_id,))
    if not rows:
        return None
    salt, iterations, stored_key, server_key = rows[0][16:20]
    devices: list[Any] = reader.rows(_DEVICES, (account_id,))
    return Credentials(
        account=_account(rows[0]),
        salt=salt,
        iterations=iterations,
        stored_key=stored_key,
        server_key=server_key,
        devices=tuple(
            DeviceCredential(identity, keyed_hash, stored, server, frozenset(words.split()), ends)
            for identity, keyed_hash, stored, server, words, ends in devices
        ),
    )


def granted(reader: Reader, key: tuple[int, int]) -> Literal[True] | None:
    """By (account id, address id)."""
    return True if reader.rows(_GRANT, key) else None


def signing_keys(reader: Reader, keys: KeyRing, domain: str) -> tuple[SigningKey, ...] | None:
    """Those in use, or None. Raises Unavailable("keys") where the master key does not open them."""
    rows: list[Any] = reader.rows(_SIGNING_KEYS, (domain,))
    return (
        tuple(
            SigningKey(
                domain, selector, algorithm, keys.unseal(sealed, signing_label(selector, domain))
            )
            for selector, algorithm, sealed in rows
        )
        or None
    )


def signing_label(selector: str, domain: str) -> str:
    """Where the public half stands in the DNS (RFC 6376 §3.6.2.1); seals a key to its place."""
    return f"{selector}._domainkey.{domain}"
