"""Whether a message may be answered by a machine at all (RFC 3834 §2, RFC 5230 §4.5 and §4.6).

Answers go to the envelope's sender, who may be forged, a list or a machine itself; so whatever
hints at that, and whatever was not sent to the account by name, gets none. What this server found
about the sender when the message came in (RFC 8601) stands in the message. Pure: what an address
of the account is, the caller says. The first reason found decides; the cheap ones come first.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from alphorn.base.address import fold_domain, split_detail
from alphorn.base.senders import patterns_of
from alphorn.mailauth import said
from alphorn.message import addresses, header
from alphorn.message.mailbox import Mailbox

MAX_FIELDS = 20
"""Fields of one name that are read."""
MAX_VALUE = 64 * 1024
"""Characters of a field that are read."""
MAX_ASKED = 200
"""Recipients in the header who are compared with the account's addresses."""

ADDRESSED = ("To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc")
AUTHORS = ("From", "Sender")

_LIST_FIELD = re.compile(
    rb"\n(List-(?:Id|Help|Subscribe|Unsubscribe|Unsubscribe-Post|Post|Owner|Archive)|Mailing-List"
    rb"|X-Mailing-List|X-BeenThere)[ \t]*+:",
    re.IGNORECASE,
)
_AUTOMATIC_FIELD = re.compile(
    rb"\n(X-Auto-?Reply|X-Auto-?Respond|X-Auto-?generated|X-Auto-Reply-From|X-Mail-Autoreply"
    rb"|X-Failed-Recipients)[ \t]*+:",
    re.IGNORECASE,
)
_REPORT = re.compile(r"\s*(?:multipart/report|message/(?:delivery-status|disposition-notif))", re.I)
_MACHINE = re.compile(
    r"mailer-?daemon.*|owner-.+|.+-(?:owner|request|bounces?)|.+-bounces?\+.*|bounces?(?:[-+.=].*)?"
    r"|listserv|majordomo|(?:do[-_.]?)?no[t]?[-_.]?(?:reply|responder|answer)(?:[-_.+].*)?"
    r"|.+[-_.]no-?reply|nobody|auto-?(?:reply|responder|answer|mailer)s?(?:[-_.+].*)?",
    re.IGNORECASE,
)
_BULK = frozenset(("bulk", "list", "junk", "auto_reply", "auto-reply"))
_FORGED = frozenset(("fail", "softfail"))
_SUPPRESSED = frozenset(("all", "oof", "autoreply"))
_WORD = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Question:
    """`sender` and `recipient` are the envelope's. `head` is the header, or the whole message.
    `is_own` says whether an address (as written) is one of the account's own; `addresses` are
    further ones that the owner named himself. `excluded` are patterns of `base.senders`. `host` is
    the name under which this server says what it found (authserv-id), "" where it says nothing."""

    head: bytes
    sender: str
    recipient: str
    is_own: Callable[[str], bool]
    catch_all: bool = False
    spam: bool = False
    addresses: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    host: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """`code` is "" where it may be answered, and `own` then the account's address that the message
    was written to. Else `text` goes on after "No automatic answer: "; `facts` are what decided."""

    code: str = ""
    text: str = ""
    own: str = ""
    facts: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def may(self) -> bool:
        return not self.code


def judge(question: Question) -> Ruling:
    """May it be answered? Never raises."""
    return (
        _by_route(question)
        or _by_sender(question)
        or _by_header(b"\n" + question.head[: header.header_end(question.head)])
        or _by_proof(question)
        or _by_authors(question)
        or _by_recipients(question)
    )


def _by_route(question: Question) -> Ruling | None:
    if question.spam:
        return Ruling("spam", "the message is spam")
    if question.catch_all:
        return Ruling("catch-all", "it came by way of the catch-all address")
    return None


def _by_sender(question: Question) -> Ruling | None:
    sender = question.sender
    if sender in ("", "<>"):
        return Ruling("null-sender", "it has the null sender, as reports of servers have")
    try:
        mailbox = addresses.parse_one(sender)
    except ValueError:
        return Ruling("bad-sender", "its sender is no address that can be written to")
    if _MACHINE.fullmatch(mailbox.local):
        return Ruling("machine", f"{sender} is an address of a machine", facts={"sender": sender})
    return None


def _by_header(head: bytes) -> Ruling | None:
    if match := _LIST_FIELD.search(head):
        name = match[1].decode()
        return Ruling("list", "it comes from a mailing list or is mass mail", facts={"field": name})
    for value in _values(head, "Precedence"):
        if value.strip().lower() in _BULK:
            return Ruling("bulk", "it is mass mail", facts={"precedence": value.strip()[:40]})
    for value in _values(head, "Auto-Submitted"):
        word = _WORD.search(value.partition("(")[0])
        if word is None or word[0].lower() != "no":
            return Ruling("automatic", "a machine has sent it", facts={"field": "Auto-Submitted"})
    for value in _values(head, "X-Auto-Response-Suppress"):
        if _SUPPRESSED.intersection(word.lower() for word in _WORD.findall(value)):
            return Ruling("suppressed", "its sender asks that no machine answer")
    if match := _AUTOMATIC_FIELD.search(head):
        name = match[1].decode()
        return Ruling("automatic", "a machine has sent it", facts={"field": name})
    if any(_REPORT.match(value) for value in _values(head, "Content-Type")):
        return Ruling("report", "it is a report of a server or a mail program")
    return None


def forged(head: bytes, sender: str, host: str) -> dict[str, str]:
    """What says that the envelope's sender is forged, empty where nothing does: he would get an
    answer to what he never sent. A proof of the author counts where the sender is of the author's
    domain. As `Question` has them; never raises."""
    if not host:
        return {}
    spf = dmarc = author = ""
    for value in header.get_all(head, "Authentication-Results", MAX_FIELDS):
        name, results = said.read(value)
        if name.lower() != host.lower():
            continue
        for one in results:
            if one.method == "spf" and "smtp.mailfrom" in one.properties:
                spf = one.outcome
            elif one.method == "dmarc":
                dmarc, author = one.outcome, one.properties.get("header.from", "")
        break
    domain = sender.rpartition("@")[2]
    same = (fold_domain(domain) or domain.lower()) == (fold_domain(author) or author)
    if same and dmarc == "pass":
        return {}
    fails = spf in _FORGED or (same and dmarc == "fail" and spf != "pass")
    return {"spf": spf, "dmarc": dmarc} if fails else {}


def _by_proof(question: Question) -> Ruling | None:
    facts = forged(question.head, question.sender, question.host)
    if not facts:
        return None
    return Ruling("forged", f"nothing proves that {question.sender} has sent it", facts=facts)


def _by_authors(question: Question) -> Ruling | None:
    """Who wrote it: the envelope's sender, and whom the header names."""
    authors = [mailbox.address for mailbox in _mailboxes(question.head, AUTHORS) if mailbox.domain]
    for address in dict.fromkeys((question.sender, *authors)):
        if question.is_own(address) or _named(address, question.addresses):
            return Ruling("own", "it comes from the account itself", facts={"sender": address})
        if _MACHINE.fullmatch(address.rpartition("@")[0]):
            return Ruling(
                "machine", f"{address} is an address of a machine", facts={"sender": address}
            )
        if any(pattern in question.excluded for pattern in patterns_of(address)):
            return Ruling("excluded", f"{address} is to get no answers", facts={"sender": address})
    return None


def _by_recipients(question: Question) -> Ruling:
    """Whether the account was written to by name. Of several the one that the envelope names."""
    found = ""
    for mailbox in _mailboxes(question.head, ADDRESSED):
        if not mailbox.domain:
            continue
        address = mailbox.address
        if question.is_own(address) or _named(address, question.addresses):
            if address.lower() == question.recipient.lower():
                return Ruling(own=address)
            found = found or address
    if found:
        return Ruling(own=found)
    return Ruling("not-addressed", "the account is not among the recipients that it names")


def _named(address: str, others: tuple[str, ...]) -> bool:
    """Whether it is one of these, its detail disregarded."""
    if not others:
        return False
    local, _, domain = address.lower().rpartition("@")
    bare = f"{split_detail(local)[0]}@{domain}"
    return any(other.lower() in (f"{local}@{domain}", bare) for other in others)


def _mailboxes(head: bytes, names: Iterable[str]) -> Iterator[Mailbox]:
    left = MAX_ASKED
    for name in names:
        for value in header.get_all(head, name, MAX_FIELDS):
            for mailbox in addresses.mailboxes(value[:MAX_VALUE]):
                if not left:
                    return
                left -= 1
                yield mailbox


def _values(head: bytes, name: str) -> list[str]:
    # Behind the line end that was put before it, so that the first field is found like the others.
    return [value[:MAX_VALUE] for value in header.get_all(head[1:], name, MAX_FIELDS)]
