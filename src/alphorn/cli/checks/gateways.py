"""Are the gateways' files in order and for how long, and does a gateway take a connection?"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from alphorn.base.errors import Refused
from alphorn.cli.checks.finding import Finding, error, ok, warning
from alphorn.directory.gateway_files import GatewayFiles
from alphorn.directory.values import GatewayInfo
from alphorn.dns.answers import DnsError, Resolver
from alphorn.queue.client import Timeouts
from alphorn.queue.dialer import Caller, Dialer, TlsPolicy, Unreachable
from alphorn.queue.gateways import Gateway
from alphorn.servers.certificate import describe

CHECK = "gateways"
SOON_DAYS = 30
"""Certificates of such networks are renewed by hand, and by others."""
DAY = 86400
TIMEOUTS = Timeouts(connect=10, tls=10, greeting=20, command=20)


def files(folder: Path, gateways: Sequence[GatewayInfo], now: float) -> Iterator[Finding]:
    """What lies in the folder; nobody is called."""
    for gateway in gateways:
        found = list(_files(GatewayFiles.of(folder, gateway.name), gateway.name, now))
        yield from found or [ok(CHECK, f"The files of the gateway {gateway.name} are in order.")]


def _files(held: GatewayFiles, name: str, now: float) -> Iterator[Finding]:
    try:
        held.stamp()
        held.client_context()
    except Refused as problem:
        yield error(
            CHECK,
            f"The gateway {name} cannot be used: {problem.text}",
            f"Mail over it waits. Give it its files anew: alphorn gateway change {name}",
        )
        return
    if held.key.stat().st_mode & 0o077:
        yield error(CHECK, f"Others may read {held.key}.", f"Forbid it: chmod 600 {held.key}")
    for what, path, option in (
        ("our certificate for", held.certificate, "--certificate FILE --key FILE"),
        ("the authority of", held.ca, "--ca FILE"),
    ):
        try:
            expires = describe(path.read_bytes()).expires
        except (OSError, ValueError):
            yield warning(CHECK, f"{path} cannot be read as a certificate.", "Look at the file.")
            continue
        left = int((expires - now) // DAY)
        day = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%d")
        advice = f"Get a new one, then: alphorn gateway change {name} {option}"
        if expires <= now:
            yield error(CHECK, f"{what.capitalize()} {name} expired on {day}.", advice)
        elif left < SOON_DAYS:
            text = f"{what.capitalize()} {name} expires on {day}, in {left} days."
            yield warning(CHECK, text, advice)


async def reach(
    gateway: Gateway, hostname: str, bind: tuple[str, ...], resolver: Resolver
) -> list[Finding]:
    """A real handshake with each of its servers, as the queue makes it, and nothing sent."""
    caller = Caller(hostname, gateway.port, bind, TlsPolicy.VERIFIED, TIMEOUTS)
    dialer = Dialer(caller, gateway.context)
    found: list[Finding] = []
    for host in gateway.hosts:
        try:
            addresses = await _addresses(host, resolver)
        except DnsError as problem:
            text = f"{host} cannot be found in the DNS: {problem.text}"
            found.append(error(host, text, "Correct the name: alphorn gateway change … --host"))
            continue
        found += [await _reach(dialer, host, address) for address in addresses]
    return found


async def _reach(dialer: Dialer, host: str, address: str) -> Finding:
    try:
        connection = await dialer.connect(host, address)
    except Unreachable as problem:
        return error(host, problem.reply.text, _advice(problem.reply.enhanced))
    try:
        return ok(host, f"[{address}] is who it says it is and took us in over {connection.tls}.")
    finally:
        await connection.quit()


async def _addresses(host: str, resolver: Resolver) -> Sequence[str]:
    if ":" in host or host.replace(".", "").isdigit():
        return [host]
    return (await resolver.addresses(host)).records


def _advice(status: str) -> str:
    match status:
        case "4.7.10":
            return "It has to offer STARTTLS. Ask who runs the gateway, and look at --port."
        case "4.7.5":
            return (
                "Look at --ca (who issued its certificate), --host (the name in it) and"
                " --certificate (ours), and ask who runs the gateway."
            )
        case _:
            return "Look at --host and --port, at the firewall, and ask who runs the gateway."
