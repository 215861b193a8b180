"""Domains: added with their DKIM keys, switched on and off, removed when they are empty."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from alphorn.base import address as addresses
from alphorn.base.errors import Exists, Refused
from alphorn.directory.orm import Domain, Organization, SigningKey, change, reading
from alphorn.directory.queries import signing_label
from alphorn.directory.rows import domain_info
from alphorn.directory.values import DomainInfo
from alphorn.mailauth.dkim import keys as dkim
from alphorn.mailauth.dkim.keys import Algorithm
from alphorn.operations import find
from alphorn.operations.control import Control
from alphorn.operations.records import DnsRecord, domain_records
from alphorn.operations.rights import Right, require, require_operator, visible_organizations

_SUFFIXES = {Algorithm.RSA_SHA256: "rsa", Algorithm.ED25519_SHA256: "ed25519"}


@dataclass(frozen=True, slots=True)
class NewDomain:
    """A domain, and what its owner has to put into the DNS."""

    domain: DomainInfo
    records: tuple[DnsRecord, ...]


def add_domain(
    control: Control,
    name: str,
    organization: str,
    generate: Callable[[Algorithm], dkim.NewKey] = dkim.generate,
) -> NewDomain:
    """With an RSA and an Ed25519 key for DKIM, under selectors that tell their day.

    For operators only: whoever adds a domain gets all mail for it that is written on this
    installation, and nothing has proved yet that it is his.

    Raises AddressError (the name), Exists, NotFound (the organization), Forbidden.
    """
    name = addresses.check_domain(name)
    # Made before the transaction: nobody waits for the arithmetic.
    new = [generate(algorithm) for algorithm in Algorithm]
    with change():
        require_operator(control.actor)
        owner = find.organization(organization)
        if Domain.objects.filter(name=name).exists():
            raise Exists(f"The domain {addresses.display_domain(name)} is here already.")
        row = Domain.objects.create(organization=owner, name=name, created=control.now())
        for key in new:
            _keep(control, row, key)
        return NewDomain(domain_info(row), _records(control, row))


def _keep(control: Control, row: Domain, key: dkim.NewKey) -> None:
    day = datetime.fromtimestamp(control.now(), UTC).strftime("%Y%m%d")
    selector = f"alphorn-{day}-{_SUFFIXES[key.algorithm]}"
    SigningKey.objects.create(
        domain=row,
        selector=selector,
        algorithm=key.algorithm.value,
        private_key=control.keys.seal(key.private_key_der, signing_label(selector, row.name)),
        created=control.now(),
    )


def dns_records(control: Control, name: str) -> tuple[DnsRecord, ...]:
    """What the domain needs in the DNS. Raises NotFound, Forbidden, Unavailable("keys")."""
    with reading():
        row = find.domain(name)
        require(control.actor, Right.SEE, row.organization_id)
        return _records(control, row)


def _records(control: Control, row: Domain) -> tuple[DnsRecord, ...]:
    return domain_records(row.name, control.hostname, _published(control, row))


def _published(control: Control, row: Domain) -> Iterator[tuple[str, str]]:
    for key in row.signing_keys.filter(retired=None).order_by("pk"):
        label = signing_label(key.selector, row.name)
        yield key.selector, dkim.record(control.keys.unseal(bytes(key.private_key), label))


def enable_domain(control: Control, name: str, on: bool) -> DomainInfo:
    """Switched off, it takes no mail and its accounts cannot log in; nothing is lost."""
    with change():
        row = find.domain(name)
        require(control.actor, Right.DOMAINS, row.organization_id)
        row.enabled = on
        row.save(update_fields=["enabled"])
        return domain_info(row)


def remove_domain(control: Control, name: str) -> DomainInfo:
    """With its DKIM keys. Raises Refused("in-use") while it has addresses, NotFound, Forbidden."""
    with change():
        row = find.domain(name)
        require(control.actor, Right.DOMAINS, row.organization_id)
        count = row.addresses.count()
        if count:
            raise Refused(
                f"{row.name} still has {count} addresses; remove them first "
                f"(`alphorn address list --domain {row.name}` shows them).",
                code="in-use",
            )
        info = domain_info(row)
        row.delete()
        return info


def show_domain(control: Control, name: str) -> DomainInfo:
    with reading():
        row = find.domain(name)
        require(control.actor, Right.SEE, row.organization_id)
        return domain_info(row)


def list_domains(control: Control, organization: str | None = None) -> tuple[DomainInfo, ...]:
    """Those the actor may see, by name."""
    with reading():
        rows = Domain.objects.select_related("organization").order_by("name")
        if organization is not None:
            rows = rows.filter(organization=find.organization(organization))
        visible = visible_organizations(control.actor)
        if visible is not None:
            rows = rows.filter(organization__in=Organization.objects.filter(pk__in=visible))
        return tuple(map(domain_info, rows))
