"""Is this recipient one we take mail for? (RCPT)

What can be decided here is decided here, where the other server can still tell its user. On the MX
port mail comes in and never goes through: a recipient elsewhere is refused however it is spelled.
"""

from alphorn.directory.values import Route
from alphorn.servers.smtp.visit import Visit
from alphorn.wire.smtp.events import Rcpt
from alphorn.wire.smtp.paths import Path
from alphorn.wire.smtp.replies import Reply

OK = Reply("2.1.5", "Recipient accepted")
NO_RELAY = Reply("5.7.1", "Mail for other domains is not taken here; our own users log in to send")
HIDDEN_ROUTE = Reply("5.7.1", "An address with another one in its name is not taken here")
DOMAIN_OFF = Reply("5.2.1", "Mail for this domain is switched off")
LITERAL = Reply("5.7.1", "Mail to a bare network address is not taken here")

_ROUTE_SIGNS = frozenset("%!@")
"""In a local part: `user%other.org`, `other.org!user`, `"user@other.org"`. No address of ours has
them, and with a catch-all they would look as if we relayed."""


def ours(visit: Visit, rcpt: Rcpt) -> Reply:
    """On the MX port. Raises Unavailable."""
    path = rcpt.path
    if not _ROUTE_SIGNS.isdisjoint(path.local):
        return HIDDEN_ROUTE
    route = visit.service.delivery.route(path.local, path.domain)
    if route is None:
        return _no_route(visit, path)
    if route.account is not None and route.keep:
        full = _full(visit, route)
        if full is not None:
            return full
    visit.routes.append(route)
    return OK


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
