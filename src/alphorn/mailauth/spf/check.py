"""May this client send mail of this domain? check_host() of RFC 7208 §4, asked by a server.

Pure over the resolver that is passed in. It asks one question after the other: one or two most
often, some 120 at the very worst (`evaluate`). The caller bounds the time (RFC 7208 §4.6.4 wants
20 s or more) and takes `too_slow` for what it ends early.
"""

import re

from alphorn.base.address import fold_domain
from alphorn.base.network import address_of
from alphorn.dns.answers import Resolver
from alphorn.mailauth.spf.evaluate import Evaluation, Permanent, Temporarily, is_host
from alphorn.mailauth.spf.record import shown
from alphorn.mailauth.spf.result import Identity, Spf, SpfResult

MAX_SENDER = 512
MAX_HELO = 255
"""Characters of each that macros may repeat: longer ones are cut."""

_NAME = re.compile(r"[a-z0-9_.-]+", re.ASCII)


async def check(
    resolver: Resolver, ip: str, sender: str, helo: str, receiver: str = "", now: float = 0
) -> SpfResult:
    """The result for `sender`, an address without angle brackets; "" checks `helo` as the identity
    (RFC 7208 §2.3 and §2.4). Never raises.

    `receiver` is our host name and `now` seconds since 1970: both only for explanations.
    """
    identity, local, domain = _identity(sender, helo)
    name = _checkable(domain)
    try:
        address = address_of(ip)
    except ValueError:
        return SpfResult(Spf.NONE, name or shown(domain), identity, ip)
    client = str(address)
    if name is None:
        return SpfResult(Spf.NONE, shown(domain), identity, client)
    four = address.version == 4
    values = {
        "s": f"{local}@{name}",
        "l": local,
        "o": name,
        "i": client if four else ".".join(address.exploded.replace(":", "")).upper(),
        "v": "in-addr" if four else "ip6",
        "h": helo[:MAX_HELO],
        "c": client,
        "r": receiver or "unknown",
        "t": str(int(now)),
    }
    evaluation = Evaluation(resolver, name, address, values)
    explanation = ""
    try:
        verdict = await evaluation.host(name)
        if verdict.result is Spf.FAIL:
            explanation = await evaluation.explain(verdict)
    except Permanent as error:
        return SpfResult(Spf.PERMERROR, name, identity, client, problem=str(error))
    except Temporarily as error:
        return SpfResult(Spf.TEMPERROR, name, identity, client, problem=str(error))
    return SpfResult(verdict.result, name, identity, client, verdict.mechanism, explanation)


def too_slow(ip: str, sender: str, helo: str) -> SpfResult:
    """What a check comes to that its caller ended because it took too long (RFC 7208 §4.6.4)."""
    identity, _, domain = _identity(sender, helo)
    name = _checkable(domain) or shown(domain)
    problem = f"The DNS took too long to answer what the SPF record of {name} asks for."
    return SpfResult(Spf.TEMPERROR, name, identity, ip, problem=problem)


def _identity(sender: str, helo: str) -> tuple[Identity, str, str]:
    """What is checked, and of the address its local part and domain (RFC 7208 §4.3)."""
    if not sender:
        return "helo", "postmaster", helo
    local, _, domain = sender.rpartition("@")
    return "mailfrom", local[:MAX_SENDER] or "postmaster", domain


def _checkable(domain: str) -> str | None:
    """As A-labels in lower case; None for what is no name of two labels or more, as address
    literals and single words in EHLO (RFC 7208 §4.3)."""
    name = domain.lower().removesuffix(".") if domain.isascii() else fold_domain(domain)
    if not name or not _NAME.fullmatch(name) or not is_host(name):
        return None
    return None if name.rpartition(".")[2].isdigit() else name
