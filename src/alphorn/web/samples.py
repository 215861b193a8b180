"""What our server says when it refuses, as an example for each page of help.

Made by what makes the real replies wherever that can be asked without a message or a connection.
"""

from collections.abc import Callable
from functools import partial

from alphorn.base.door import Ban, Offence, Scope
from alphorn.base.errors import Unavailable
from alphorn.operations import judging
from alphorn.operations.status import basic_of
from alphorn.policy import bans, engines, greylist, headers, helo, lists
from alphorn.policy.attachments.check import BASIC, STAGE, STATUS
from alphorn.policy.decision import Decision
from alphorn.servers.smtp import manners, rcpt, session
from alphorn.web.site import Site
from alphorn.wire.smtp.replies import Reply

CLIENT, NAME = "192.0.2.1", "mail.example.net"
TO, FROM = "anna@example.org", "ben@example.net"
_NOON = 1_767_268_800.0


def sample(page: str, site: Site) -> str:
    """The reply that has the address of this page, without line ends."""
    reply = _SAMPLES[page]().helped(site.help_url)
    return reply.encode().decode("ascii").rstrip("\r\n").replace("\r\n", "\n")


def _decided(decision: Decision) -> Reply:
    return Reply(decision.status, decision.text, decision.basic, decision.page)


def _banned() -> Reply:
    ban = Ban(CLIENT, _NOON, _NOON + 3600, Offence.DICTIONARY, Scope.MX)
    return _decided(bans.refusal(ban, CLIENT))


def _greylisted() -> Reply:
    facts = greylist.Facts(CLIENT, FROM, TO)
    named = greylist.keys(facts)
    return _decided(greylist.decide(_NOON, facts, named, {}, greylist.Settings()).decision)


def _greeted() -> Reply:
    return _decided(helo.check(helo.Greeting("localhost", CLIENT, TO)))


def _on_list() -> Reply:
    said = rcpt.LISTED.format(recipient=TO, client=CLIENT, zone="bl.example.com")
    return Reply("5.7.1", said, page="dns-lists")


def _infected() -> Reply:
    return _decided(engines.judge_virus(engines.VirusVerdict(engines.Virus.INFECTED, "Eicar")))


def _unproved() -> Reply:
    return Reply(
        "5.7.1",
        "Nothing proves that it is from example.net, and example.net asks to reject such mail "
        "(DMARC). Whoever manages example.net can repair its SPF, DKIM or DMARC records.",
        page="dmarc",
    )


def _said(status: str, text: str, basic: int = 0, page: str = "") -> Callable[[], Reply]:
    return partial(Reply, status, text, basic, page)


_SAMPLES: dict[str, Callable[[], Reply]] = {
    "banned": _banned,
    "dns-lists": _on_list,
    "greylist": _greylisted,
    "helo": _greeted,
    "manners": lambda: manners.EARLY,
    "too-many": _said(
        "4.7.0", "Too many connections from your network; connect again in 60 seconds", 421
    ),
    "protocol": _said("5.5.2", "A line ends with CR LF, not with LF alone"),
    "later": lambda: session.FAULT,
    "dmarc": _unproved,
    "spam": lambda: _decided(judging.TOO_MUCH),
    "malware": _infected,
    "attachments": _said(
        STATUS,
        "The attachment photos.zip > photo.exe is of a kind that is not taken here (.exe)",
        BASIC,
        STAGE,
    ),
    "headers": _said("5.7.0", headers.REPLY, 554, "headers"),
    "too-large": _said("5.3.4", "The message is too large; at most 52428800 octets are accepted"),
    "loop": _said("5.4.6", "The message has passed more than 50 servers; that is a loop."),
    "no-mailbox": _said("5.1.1", f"There is no mailbox {TO} here"),
    "address": _said("5.1.3", "There is no domain name."),
    "switched-off": _said("5.2.1", f"The mailbox {TO} is switched off"),
    "mailbox-full": _said("4.2.2", f"The mailbox {TO} is full; try again later"),
    "sender": _said("5.7.1", lists.REFUSAL, page=lists.PAGE),
    "rejected": _said("5.7.1", "I do not take invoices at this address.", page="rejected"),
    "gateway": _said(
        "5.7.1",
        f"{TO} takes mail over the secured network only (hin). Send it from within that network, "
        "or ask postmaster@example.org",
        page="gateway",
    ),
    "relay": lambda: rcpt.NO_RELAY,
    "recipients": lambda: rcpt.ANOTHER_MESSAGE,
    "login": _said("5.7.8", "The user name or the password is wrong."),
    "limits": _said(
        "4.7.1",
        "Sending from this account is stopped for now; try again in 1 hour.",
        basic_of(Unavailable("", code="slowed")),
        "limits",
    ),
    "own-address": _said("5.7.1", f"{FROM} is not an address of {TO}.", page="own-address"),
    "records": _said(
        "5.7.1", "The SPF record of example.org does not allow this server.", page="records"
    ),
}
