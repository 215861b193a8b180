"""In whose name a message may be sent on, so that nobody becomes genuine by passing through us.

What we send on with an envelope sender in a domain of ours passes SPF for that domain, and with it
DMARC for every author of the same organization (RFC 9989 §4.10.2). A message that claims such an
author without proof has to leave in a name that is not aligned with him: that of another domain of
ours, or of the stranger who sent it. Which domains are of one organization only the DNS could tell;
here it is taken for one wherever it may be, which costs at most another name than usual.

Pure. What this server found about the sender stands in the message (RFC 8601); of what nobody has
asked about (what our own users send, say) nothing is taken for unproved.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from alphorn.mailauth import said
from alphorn.mailauth.dmarc.author import domain as as_domain
from alphorn.message import header
from alphorn.message.addresses import mailboxes

CODE = "unproved"
"""Of a refusal: there is no name in which the message could go on."""

_NO_RECORD = frozenset(("none", "permerror"))
_REGISTRIES = frozenset(
    "ac.at ac.jp ac.nz ac.uk ac.za co.at co.il co.in co.jp co.kr co.nz co.th co.uk co.za com.ar"
    " com.au com.br com.cn com.hk com.mx com.my com.pl com.sg com.tr com.tw com.ua edu.au gov.au"
    " gov.uk net.au ne.jp net.br or.at or.jp org.au org.br org.nz org.uk org.za".split()
)
"""Where names of two labels are nobody's; of those not here, their owners pay as said above."""

MAX_FIELDS = 20
MAX_VALUE = 64 * 1024
"""Fields of one name, and characters of each, that are read."""


@dataclass(frozen=True, slots=True)
class Way:
    """The envelope's sender stays as it is, or is rewritten at this domain of ours."""

    domain: str = ""


def claims(raw: bytes, found_in: bytes, host: str) -> tuple[str, ...]:
    """The domains of the authors that `raw` names and nothing proves, as A-labels in lower case.
    What `host`, our authserv-id, has found is read in `found_in`: the message as it came in, which
    may have been changed since."""
    found = _found(found_in, host)
    if found is None:
        return ()
    named = dict.fromkeys(
        as_domain(mailbox.domain)
        for value in header.get_all(raw, "From", MAX_FIELDS)
        for mailbox in mailboxes(value[:MAX_VALUE])
    )
    return tuple(name for name in named if name and not _proved(name, found))


def way_out(sender: str, ours: bool, ways: Iterable[str], claimed: tuple[str, ...]) -> Way | None:
    """How a message of this envelope sender leaves, None where every name would prove a claim.

    `ours`: the sender is of a domain of ours. `ways` are the domains of ours at which he may be
    rewritten, the best first, and last this server's own name, which speaks for the null sender
    (RFC 7208 §2.4).
    """
    places = tuple(filter(None, ways))
    stays = (sender.rpartition("@")[2] or places[-1], Way())
    rewritten = ((place, Way(place)) for place in places if sender)
    choices = (stays, *rewritten) if ours or not sender else (*rewritten, stays)
    return next((way for name, way in choices if not any(_alike(name, c) for c in claimed)), None)


def _found(head: bytes, host: str) -> tuple[said.Result, ...] | None:
    for value in header.get_all(head, "Authentication-Results", MAX_FIELDS):
        name, results = said.read(value)
        if host and name.lower() == host.lower():
            return results
    return None


def _proved(author: str, found: tuple[said.Result, ...]) -> bool:
    """By DMARC, or where the domain has no record by what DMARC would have gone by."""
    dmarc = [one for one in found if one.method == "dmarc"]
    if any(one.outcome == "pass" and _from(one) == author for one in dmarc):
        return True
    if any(one.outcome not in _NO_RECORD for one in dmarc):
        return False
    vouched = [
        one.properties.get("header.d" if one.method == "dkim" else "smtp.mailfrom", "")
        for one in found
        if one.outcome == "pass" and one.method in ("dkim", "spf")
    ]
    return any(_within(name, author) or _within(author, name) for name in vouched if name)


def _from(result: said.Result) -> str:
    return as_domain(result.properties.get("header.from", ""))


def _within(name: str, above: str) -> bool:
    return "." in above and (name == above or name.endswith(f".{above}"))


def _alike(name: str, author: str) -> bool:
    """Whether they may be of one organization: they differ in labels in front only."""
    return _organization(as_domain(name) or name.lower()) == _organization(author)


def _organization(name: str) -> list[str]:
    labels = name.split(".")
    return labels[-3:] if ".".join(labels[-2:]) in _REGISTRIES else labels[-2:]
