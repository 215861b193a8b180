"""Which messages of the selected mailbox a command means."""

from alphorn.base.numbers import NumberSet
from alphorn.servers.imap import uids
from alphorn.servers.imap.failures import Bad, No
from alphorn.servers.imap.handler import done
from alphorn.servers.imap.session import ImapSession
from alphorn.servers.imap.view import View
from alphorn.wire.imap.sets import SequenceSet


def writable(session: ImapSession) -> View:
    """The selected mailbox, for a command that changes it."""
    view = session.selected()
    if not view.writable:
        raise No("The mailbox is open for reading only")
    return view


def uids_meant(view: View, numbers: SequenceSet, *, uid: bool) -> NumberSet:
    """The UIDs that a set of UIDs, or of message numbers, stands for in this view.

    UIDs that do not exist are passed over by whoever uses the set (RFC 9051 §6.4.9); a message
    number that does not exist is an error (§9 seq-number). Nothing newer than the client knows is
    among them.
    """
    if uid or numbers.saved:
        return uids.known(view.uids, numbers.resolve(view.highest, view.saved))
    count = len(view.uids)
    meant = numbers.resolve(count)
    if meant and meant.ranges[-1][1] > count:
        raise Bad(f"There is no message {meant.ranges[-1][1]}; the last is {count}")
    return uids.of_numbers(view.uids, meant)


def all_there(text: bytes, wanted: int, found: int, *, uid: bool) -> bytes:
    """The end of a command for `wanted` messages of which others may have expunged some.

    By message numbers the client is told so, since it still counts them (RFC 5530 §3
    EXPUNGEISSUED): OK where something was done, NO where nothing was there any more.
    """
    if found >= wanted or uid:
        return done(text)
    if not found:
        raise No("The messages have been expunged", b"EXPUNGEISSUED")
    return done(text + b", but for messages that have been expunged", b"EXPUNGEISSUED")
