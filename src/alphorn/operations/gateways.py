"""Gateways into secured networks: set up, changed, listed and removed by operators.

Their files are in a folder of their own (`directory.gateway_files`); the control plane has what is
no secret. Files are written before the row that needs them and removed after it, so that at no
moment a gateway is used that is not whole.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from alphorn.base import kinds
from alphorn.base.address import MAX_LABEL, parse_foreign
from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.base.network import read_network
from alphorn.directory.gateway_files import MAX_OCTETS, GatewayFiles
from alphorn.directory.orm import ConfidentialAddress, Gateway, change, reading
from alphorn.directory.values import ConfidentialState, GatewayInfo
from alphorn.operations.control import Control
from alphorn.operations.rights import require_operator
from alphorn.policy.gateway import read_client

MAX_ENTRIES = 20
"""Hosts, clients and networks of a gateway, each."""
SMTP_PORT = 25

IN_USE = (ConfidentialState.REQUESTED.value, ConfidentialState.ACTIVE.value)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a gateway is to be; None leaves as it is what there is already. `clients` empty: whoever
    calls from its networks over TLS is the gateway. The last three are the contents of files."""

    hosts: Sequence[str] | None = None
    port: int | None = None
    clients: Sequence[str] | None = None
    networks: Sequence[str] | None = None
    contact: str | None = None
    ca: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = None


def add_gateway(control: Control, folder: Path, name: str, wanted: Wanted) -> GatewayInfo:
    """A new one; hosts, networks and the three files are needed, `clients` are else its hosts.
    `folder` is where those of all gateways lie.

    Raises Exists, Refused("gateway", "gateway-files"), AddressError, Forbidden, Unavailable.
    """
    require_operator(control.actor)
    label = _label(name)
    missing = [
        field.name
        for field in fields(Wanted)
        if field.name not in ("port", "clients", "contact") and not getattr(wanted, field.name)
    ]
    if missing:
        raise Refused(f"A gateway needs also: {', '.join(missing)}.", code="gateway")
    row = Gateway(name=label, port=SMTP_PORT, created=control.now())
    _apply(row, wanted)
    if wanted.clients is None:
        row.clients = "\n".join(read_client(host) for host in row.hosts.split() if _named(host))
        if not row.clients:
            raise Refused("Say by which certificate it is recognized: --client", code="gateway")
    with change():
        require_operator(control.actor)
        if Gateway.objects.filter(name=label).exists():
            raise Exists(f"There is a gateway {label} already; say: alphorn gateway change {label}")
        _check_networks(row)
        GatewayFiles.of(folder, label).put(wanted.ca, wanted.certificate, wanted.key)
        row.save(force_insert=True)
        return _info(row)


def change_gateway(control: Control, folder: Path, name: str, wanted: Wanted) -> GatewayInfo:
    """What is wanted instead. Raises as `add_gateway`, and NotFound."""
    with change():
        require_operator(control.actor)
        row = find_gateway(name)
        _apply(row, wanted)
        if not row.hosts or not row.networks:
            raise Refused("A gateway has a host and a network at least.", code="gateway")
        _check_networks(row)
        if wanted.ca or wanted.certificate or wanted.key:
            files = GatewayFiles.of(folder, row.name)
            files.put(wanted.ca, wanted.certificate, wanted.key)
        row.save()
        return _info(row)


def remove_gateway(control: Control, folder: Path, name: str) -> GatewayInfo:
    """With its files. Raises NotFound, Forbidden, Refused("gateway-in-use") while an address uses
    it or has been asked to."""
    with change():
        require_operator(control.actor)
        row = find_gateway(name)
        info = _info(row)
        using = ConfidentialAddress.objects.filter(gateway=row)
        count = using.filter(state__in=IN_USE).count()
        if count:
            raise Refused(
                f"{count} addresses use {row.name} or are to; see: alphorn confidential list"
                f" --gateway {row.name}",
                code="gateway-in-use",
            )
        using.delete()
        row.delete()
    GatewayFiles.of(folder, info.name).remove()
    return info


def list_gateways(control: Control) -> tuple[GatewayInfo, ...]:
    """Anybody may know which there are, to ask for one. Raises Unavailable."""
    with reading():
        return tuple(_info(row) for row in Gateway.objects.order_by("name"))


def find_gateway(name: str) -> Gateway:
    """Within a transaction, or `reading`. Raises NotFound."""
    found = Gateway.objects.filter(name=name.strip().lower()).first()
    if found is None:
        raise NotFound(f"There is no gateway {name!r}; `alphorn gateway list` shows them.")
    return found


def _label(name: str) -> str:
    label = name.strip().lower()
    try:
        if "." in label or len(label) > MAX_LABEL:
            raise ValueError
        return kinds.HOST.read(label)
    except ValueError:
        raise Refused(
            f"{name!r} is no name for a gateway: letters, digits and hyphens.", code="gateway"
        ) from None


def _apply(row: Gateway, wanted: Wanted) -> None:
    try:
        if wanted.hosts is not None:
            row.hosts = _lines(_host(host) for host in wanted.hosts)
        if wanted.port is not None:
            row.port = kinds.whole(1, kinds.MAX_PORT).read(wanted.port)
        if wanted.clients is not None:
            row.clients = _lines(read_client(client) for client in wanted.clients)
        if wanted.networks is not None:
            row.networks = _lines(_network(network) for network in wanted.networks)
    except ValueError as error:
        raise Refused(f"{error}.", code="gateway") from None
    if wanted.contact is not None:
        row.contact = str(parse_foreign(wanted.contact)) if wanted.contact else ""
    for content in (wanted.ca, wanted.certificate, wanted.key):
        if content is not None and len(content) > MAX_OCTETS:
            raise Refused(f"A file has at most {MAX_OCTETS} octets.", code="gateway-files")
    everywhere = [one for one in row.networks.split() if ipaddress.ip_network(one).prefixlen == 0]
    if everywhere and not row.clients:
        raise Refused(
            "A gateway that is recognized by its networks alone cannot call from everywhere.",
            code="gateway",
        )


def _lines(entries: Iterable[str]) -> str:
    once = list(dict.fromkeys(entries))
    if len(once) > MAX_ENTRIES:
        raise ValueError(f"at most {MAX_ENTRIES} of each can be given")
    return "\n".join(once)


def _host(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip().strip("[]")))
    except ValueError:
        pass
    try:
        return kinds.HOST.read(text.strip())
    except ValueError as error:
        raise ValueError(f"{text!r} {error}") from None


def _network(text: str) -> str:
    try:
        return read_network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} {error}") from None


def _named(host: str) -> bool:
    """Whether it is a name and no address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False


def _check_networks(row: Gateway) -> None:
    """An address is in the networks of one gateway at most. Raises Refused("gateway")."""
    mine = [ipaddress.ip_network(network) for network in row.networks.split()]
    for other in Gateway.objects.exclude(pk=row.pk):
        for text in other.networks.split():
            theirs = ipaddress.ip_network(text)
            for network in mine:
                if network.version == theirs.version and network.overlaps(theirs):
                    raise Refused(
                        f"{other.name} calls from {text} already; one client address belongs to "
                        "one gateway.",
                        code="gateway",
                    )


def _info(row: Gateway) -> GatewayInfo:
    return GatewayInfo(
        row.name,
        tuple(row.hosts.split()),
        row.port,
        tuple(row.clients.split()),
        tuple(row.networks.split()),
        row.contact,
        row.created,
    )
