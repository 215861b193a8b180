"""Is this recipient one we take mail for, from this client? (RCPT)

What can be decided here is decided here, where the other server can still tell its user. On the MX
port mail comes in and never goes through: a recipient elsewhere is refused however it is spelled.
What is for a confidential address is taken from its gateway alone, which is asked nothing more.
Strangers are then asked about: their greeting, the DNS lists they may be on, and last the greylist.
"""

from collections.abc import Coroutine
from typing import Any

from alphorn.base.senders import SenderAction
from alphorn.directory.values import Protection, Route
from alphorn.dns.lists import Listing
from alphorn.mailauth.spf.result import Spf
from alphorn.operations.examine import guards
from alphorn.operations.secured import only_over
from alphorn.policy import greylist, helo, lists
from alphorn.policy.decision import Act, Decision, Reason
from alphorn.servers.smtp.gate import Gate
from alphorn.servers.smtp.visit import Visit
from alphorn.wire.smtp.events import Rcpt
from alphorn.wire.smtp.paths import Path
from alphorn.wire.smtp.replies import Reply

OK = Reply("2.1.5", "Recipient accepted")
NO_RELAY = Reply(
    "5.7.1",
    "Mail for other domains is not taken here; our own users log in to send",
    page="relay",
)
HIDDEN_ROUTE = Reply(
    "5.7.1", "An address with another one in its name is not taken here", page="relay"
)
DOMAIN_OFF = Reply("5.2.1", "Mail for this domain is switched off")
LITERAL = Reply("5.7.1", "Mail to a bare network address is not taken here", page="relay")

_ROUTE_SIGNS = frozenset("%!@")
"""In a local part: `user%other.org`, `other.org!user`, `"user@other.org"`. No address of ours has
them, and with a catch-all they would look as if we relayed."""

ANOTHER_MESSAGE = Reply(
    "4.5.3", "This recipient is guarded otherwise than the first; send it a message of its own"
)
TOO_MANY_SENDERS = Reply(
    "4.7.0", "Mail in the name of too many senders for one connection; connect again", 421
)
LISTED = "{recipient}... Access denied - [{client}] is on the block list {zone}"


def ours(visit: Visit, rcpt: Rcpt) -> Reply | Coroutine[Any, Any, Reply]:
    """On the MX port. Raises Unavailable, and Refused for a way back that is forged or too old."""
    path = rcpt.path
    if not _ROUTE_SIGNS.isdisjoint(path.local):
        return HIDDEN_ROUTE
    route = visit.service.delivery.route(path.local, path.domain)
    if route is None:
        return _no_route(visit, path)
    if route.bounce and visit.sender:
        return Reply("5.1.1", f"{path.address} takes reports of servers only")
    if route.gateway and route.gateway != visit.gateway:
        return _another_way(visit, route, path.address)
    if route.account is not None and route.keep:
        full = _full(visit, route)
        if full is not None:
            return full
    gate = visit.service.gate
    if gate is None:
        return _accept(visit, route, ())
    protection = visit.service.view.protection(route)
    agreed = (*guards(protection, route), bool(route.gateway))
    if visit.routes and agreed != visit.guards:
        return ANOTHER_MESSAGE
    matches = visit.service.view.sender_matches(route, visit.sender)
    listed = lists.at_rcpt(matches)
    if not listed.passes:
        return _declined(visit, gate, listed, rcpt)
    if visit.inquiry is None or visit.inquiry.exempt or route.gateway:
        return _accept(visit, route, agreed)
    welcome = bool(matches) and matches[0].action is SenderAction.ALLOW
    return _ask(visit, gate, rcpt, route, protection, agreed, welcome)


def _accept(visit: Visit, route: Route, agreed: tuple[bool, ...]) -> Reply:
    visit.guards = agreed
    visit.routes.append(route)
    return OK


def _another_way(visit: Visit, route: Route, address: str) -> Reply:
    """The refusal of mail for a confidential address that did not come over its gateway."""
    visit.decided = {"gateway": route.gateway}
    if visit.gateway_fault:
        visit.decided["fault"] = visit.gateway_fault
        return Reply("4.3.5", "The secured gateway cannot be recognized now; try again later")
    service = visit.service
    postmaster = service.delivery.postmaster
    text = only_over(service.view, address, route.gateway, postmaster)
    return Reply("5.7.1", text, page="gateway")


async def _ask(
    visit: Visit,
    gate: Gate,
    rcpt: Rcpt,
    route: Route,
    protection: Protection,
    agreed: tuple[bool, ...],
    welcome: bool,
) -> Reply:
    """What is asked of strangers; `welcome`: the recipient allows this sender, if it is proved."""
    inquiry, helo_name = visit.inquiry, visit.machine.helo
    assert inquiry is not None
    client, recipient = visit.io.peer.address, rcpt.path.address
    known = await inquiry.about_client(
        helo_name, lists=protection.dns_lists, greeted=protection.helo
    )
    if protection.helo:
        greeting = helo.check(inquiry.greeting(helo_name, recipient, known))
        if not greeting.passes:
            return _declined(visit, gate, greeting, rcpt)
    if protection.dns_lists and not known.listed("allow"):
        for listing in known.listed("block"):
            if listing.zone.refuses:
                return _declined(visit, gate, _on_list(client, recipient, listing), rcpt)
    if inquiry.is_spent:
        return TOO_MANY_SENDERS
    spf = await inquiry.spf(visit.sender, helo_name)
    passed = spf.result is Spf.PASS
    allowed = next((one.zone.zone for one in known.listed("allow")), "")
    greylisted = gate.door.greylist(
        greylist.Facts(
            client=client,
            sender=visit.sender,
            recipient=recipient,
            spf_domain=spf.domain if passed else "",
            spf_mechanism=spf.mechanism if passed else "",
            ptr=known.ptr,
            wanted=protection.greylisting and not (welcome and passed),
            allowed=allowed,
        )
    )
    if not greylisted.passes:
        return _declined(visit, gate, greylisted, rcpt)
    return _accept(visit, route, agreed)


def _declined(visit: Visit, gate: Gate, decision: Decision, rcpt: Rcpt) -> Reply:
    """The reply; what decided is put beside the refusal in the trace."""
    said = [reason.text for reason in decision.reasons]
    visit.decided = {"stage": decision.stage, **decision.facts, "reasons": " ".join(said)[:500]}
    return gate.reply(decision)


def _on_list(client: str, recipient: str, listing: Listing) -> Decision:
    zone = listing.zone.zone
    said = f" ({listing.reason})" if listing.reason else ""
    return Decision(
        "dns-lists",
        Act.REFUSE,
        "5.7.1",
        LISTED.format(recipient=recipient, client=client, zone=zone) + said,
        page="dns-lists",
        reasons=(Reason("listed", f"The sending server is on the block list {zone}."),),
        facts={"list": zone},
    )


def anybody(visit: Visit, rcpt: Rcpt) -> Reply:
    """On the submission ports: any domain, but in our own only who exists, and only as many as the
    plan allows. Raises Refused, Unavailable."""
    path, service, account = rcpt.path, visit.service, visit.account
    assert account is not None
    visit.recipients += 1
    service.submission.check_recipients(account, visit.recipients)
    if path.domain.startswith("["):
        return LITERAL
    known = service.view.domain(path.domain) is not None or path.domain == service.profile.hostname
    if known and service.delivery.route(path.local, path.domain) is None:
        return _no_route(visit, path)
    return OK


def _no_route(visit: Visit, path: Path) -> Reply:
    """Why nobody is reached at this address."""
    view = visit.service.view
    domain = view.domain(path.domain)
    if domain is None and path.domain != visit.service.profile.hostname:
        return NO_RELAY
    if domain is not None and not domain.enabled:
        return DOMAIN_OFF
    account = view.account_by_address(path.address)
    if account is not None and not account.enabled:
        return Reply("5.2.1", f"The mailbox {path.address} is switched off")
    return Reply("5.1.1", f"There is no mailbox {path.address} here")


def _full(visit: Visit, route: Route) -> Reply | None:
    """The refusal where the mailbox has no room: for now, or never for a message of this size."""
    account = route.account
    if account is None or not account.quota_octets:
        return None
    quota = account.quota_octets
    if visit.size > quota:
        return Reply("5.2.3", f"The message is larger than the whole mailbox {route.address}")
    if not visit.service.room.holds(account.id, max(visit.size, 1), quota):
        return Reply("4.2.2", f"The mailbox {route.address} is full; try again later")
    return None
