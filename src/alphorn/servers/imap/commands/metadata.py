"""GETMETADATA and SETMETADATA (RFC 5464): annotations of mailboxes, and of the account as a whole
where the mailbox is "".

All are their owner's, `/shared` ones too, since nobody else sees the mailbox.
"""

from collections.abc import Iterable, Mapping

from alphorn.base.errors import Refused
from alphorn.servers.imap.failures import No
from alphorn.servers.imap.handler import Outcome, done
from alphorn.servers.imap.session import ImapSession
from alphorn.store.api import INBOX
from alphorn.store.limits import MAX_ANNOTATION_OCTETS
from alphorn.wire.imap import codes, render
from alphorn.wire.imap.commands import Depth, GetMetadata, SetMetadata

_OPERATORS = frozenset(("/shared/comment", "/shared/admin"))
"""Of the server: its operator's word, not an account's (RFC 5464 §6.2.1)."""


def get(session: ImapSession, command: GetMetadata, tag: bytes) -> Outcome:
    """What was asked for by name and does not exist is NIL."""
    there = session.mail().annotations(command.mailbox or None)
    found = _chosen(there, command.entries, command.depth)
    longest = 0
    if (most := command.max_size) is not None:
        longest = max((len(value) for value in found.values() if value is not None), default=0)
        found = {
            entry: value for entry, value in found.items() if value is None or len(value) <= most
        }
    if found:
        session.send(render.metadata(_shown(command.mailbox), found, session.rev2))
    if most is not None and longest > most:
        return done(b"GETMETADATA done", codes.metadata(b"LONGENTRIES", longest))
    return b"OK GETMETADATA done"


def _shown(mailbox: str) -> str:
    return INBOX if mailbox.upper() == INBOX else mailbox


def _chosen(
    there: Mapping[str, bytes], entries: Iterable[str], depth: Depth
) -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {}
    for entry in entries:
        if entry in there or depth is Depth.ZERO:
            found[entry] = there.get(entry)
        if depth is not Depth.ZERO:
            found |= {name: there[name] for name in there if _is_below(name, entry, depth)}
    return found


def _is_below(name: str, entry: str, depth: Depth) -> bool:
    rest = name.removeprefix(entry + "/")
    return rest != name and (depth is Depth.INFINITY or "/" not in rest)


async def set_(session: ImapSession, command: SetMetadata, tag: bytes) -> Outcome:
    """All entries or none (§4.3)."""
    values = dict(command.values)
    if not command.mailbox and not _OPERATORS.isdisjoint(values):
        raise No("That is for the operator of the server to say", b"NOPERM")
    if any(len(value) > MAX_ANNOTATION_OCTETS for value in values.values() if value is not None):
        raise No("A value is too large", codes.metadata(b"MAXSIZE", MAX_ANNOTATION_OCTETS))
    try:
        await session.io.run(session.mail().annotate, command.mailbox or None, values)
    except Refused as error:
        if error.code != "limit":
            raise
        raise No(error.text, codes.metadata(b"TOOMANY")) from error
    return b"OK SETMETADATA done"
