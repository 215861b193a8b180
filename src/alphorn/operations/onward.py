"""Where one message is really sent on to, of all that an address leads to.

    spam                is not forwarded: it stays in the account behind the address, and where
                        there is none nobody gets it. Lists of our own accounts are no forwarding.
    the sender himself  has it already, and some providers show him no second copy
    a paused target     kept refusing, and would again
    an unsecured one    where the address is confidential
    what is not proved  and would be, by passing through us (`policy.unproved`)

What is not sent on is kept in the account, even where no copy is to stay: what nobody got would be
lost.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from alphorn.base.errors import Refused
from alphorn.directory.values import AddressKind, Route
from alphorn.policy.unproved import CODE

GMAIL = frozenset(("gmail.com", "googlemail.com"))


class Onward(NamedTuple):
    """`notes` are sentences for the trace about what is not sent on; `keep` whether the account
    gets a copy; `stopped` is what its sender is told where nobody gets it and he is to know."""

    targets: tuple[str, ...] = ()
    keep: bool = True
    notes: tuple[str, ...] = ()
    stopped: Refused | None = None


def onward(
    route: Route, sender: str, spam: bool, why_not: Callable[[str], str] = lambda target: ""
) -> Onward:
    """`sender` is the envelope's, "" for the null one; `spam`: the message is taken for that.
    `why_not` says why nothing is sent on to a target, "" where it may be."""
    if not route.redirect_to and not route.paused:
        return Onward(keep=route.keep)
    has_account = route.account is not None
    if spam and route.kind is not AddressKind.LIST:
        names = ", ".join((*route.redirect_to, *route.paused))
        return Onward((), has_account, (f"Not sent on to {names}: it is taken for spam",))
    targets, notes, whys = [], [], []
    for target in route.redirect_to:
        if route.kind is not AddressKind.LIST and same_person(sender, target):
            notes.append(f"Not sent on to {target}, who is its sender")
        elif why := why_not(target):
            whys.append(f"The message is not sent on to where {route.address} leads: {why}.")
            notes.append(f"Not sent on to {target}: {why}")
        else:
            targets.append(target)
    notes += [
        f"Not sent on to {target}, which kept refusing mail and is paused"
        for target in route.paused
    ]
    stopped = None
    if not targets and not has_account:
        if whys:
            stopped = Refused(whys[0], code=CODE)
        elif route.paused:
            text = f"Where {route.address} leads to, mail has been refused for days."
            stopped = Refused(text, code="paused")
    return Onward(
        tuple(targets), has_account and (route.keep or not targets), tuple(notes), stopped
    )


def same_person(one: str, other: str) -> bool:
    """Whether two addresses are one mailbox, as far as can be known from outside: at Gmail dots and
    details do not matter."""
    return _folded(one) == _folded(other)


def at_gmail(target: str) -> bool:
    return target.rpartition("@")[2].lower() in GMAIL


def warnings(targets: Sequence[str]) -> tuple[str, ...]:
    """What whoever makes a redirect to these is to know, in sentences."""
    return tuple(
        f"Gmail shows no copies of mail that its owner sent himself: what {target} writes to this "
        "address does not come back to it."
        for target in targets
        if at_gmail(target)
    )


def _folded(address: str) -> str:
    local, _, domain = address.lower().rpartition("@")
    if domain in GMAIL:
        local = local.partition("+")[0].replace(".", "")
        domain = "gmail.com"
    return f"{local}@{domain}"
