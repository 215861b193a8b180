"""What a confidential address may do: in one place, for all who send and deliver.

Mail of an address that uses a secured gateway goes over that gateway and no other way. It comes
from an address so when its envelope's sender is one or its header names one as author or sender.
It stays here, without the gateway, only for addresses of ours that use the same one; and what is
sent on from such an address goes to those, or out over the gateway.
"""

from collections.abc import Iterable
from dataclasses import replace

from alphorn.base.address import fold_domain
from alphorn.base.errors import Refused
from alphorn.directory.view import DirectoryView
from alphorn.message import complete, confidential_field
from alphorn.message.envelope import Envelope, Origin, OriginKind

CODE = "confidential"


def gateway_for(view: DirectoryView, writers: Iterable[str]) -> str:
    """The gateway over which mail in the name of these addresses goes, "" for mail like any other.
    Raises Refused("confidential") where two of them use different ones."""
    found = {name: address for address in writers if (name := view.gateway_of(address))}
    if len(found) > 1:
        (one, first), (other, second) = list(found.items())[:2]
        raise Refused(
            f"{first} writes over the secured gateway {one} only and {second} over {other}; one "
            "message cannot be from both.",
            code=CODE,
        )
    return next(iter(found), "")


def check_recipients(view: DirectoryView, gateway: str, recipients: Iterable[str]) -> None:
    """May a message that goes over this gateway ("": over none) be for these? Raises
    Refused("confidential") with the first of ours that takes it otherwise only."""
    if not view.gateways():
        return
    for address in recipients:
        wanted = view.gateway_of(address)
        if wanted and wanted != gateway:
            raise Refused(only_over(view, address, wanted), code=CODE)


def only_over(view: DirectoryView, address: str, gateway: str, postmaster: str = "") -> str:
    """The sentence that tells somebody else's mail why it is not taken, in ASCII."""
    contact = next((one.contact for one in view.gateways() if one.name == gateway), "")
    ask = contact or postmaster or f"postmaster@{address.rpartition('@')[2]}"
    return (
        f"{address} takes mail over the secured network only ({gateway}). Send it from within that "
        f"network, or ask {ask}"
    )


def why_not(view: DirectoryView, gateway: str, target: str) -> str:
    """Why nothing that is bound to this gateway is sent on to an address, "" where it is: what is
    not ours is reached over the gateway, or not at all."""
    if not gateway:
        return ""
    domain = target.rpartition("@")[2]
    if view.domain(fold_domain(domain) or domain) is None or view.gateway_of(target) == gateway:
        return ""
    return f"it is not reached over the secured gateway {gateway}"


def bound(view: DirectoryView, raw: bytes, envelope: Envelope, origin: Origin) -> Envelope:
    """The envelope as it goes into the queue. What is made here in the name of a confidential
    address, or of a message that came over a gateway, is bound even where whoever made it did not
    think of that. Raises Refused("confidential"), Unavailable."""
    if envelope.gateway or not view.gateways():
        return envelope
    gateway = confidential_field.read(raw)
    if not gateway and origin.kind in (OriginKind.SUBMITTED, OriginKind.REPLIED):
        writers = {envelope.sender, *_named(raw)} - {""}
        gateway = gateway_for(view, sorted(writers))
    return replace(envelope, gateway=gateway) if gateway else envelope


def _named(raw: bytes) -> set[str]:
    both = (*complete.authors(raw), *complete.senders(raw))
    return {mailbox.address for mailbox in both}
