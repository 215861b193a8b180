"""CREATE (RFC 9051 §6.3.4, RFC 6154 §3, RFC 8474 §4.1)."""

from alphorn.servers.imap import identifiers, mailboxes
from alphorn.servers.imap.failures import No
from alphorn.servers.imap.handler import Outcome, done
from alphorn.servers.imap.mailboxes import SPECIAL_USES
from alphorn.servers.imap.session import ImapSession
from alphorn.store.api import SEPARATOR, SpecialUse
from alphorn.wire.imap import codes
from alphorn.wire.imap.commands import Create

_BY_NAME = {name.upper(): use for name, use in SPECIAL_USES.items()}


async def create(session: ImapSession, command: Create, tag: bytes) -> Outcome:
    """A separator at the end only says that there will be mailboxes below (§6.3.4). Where the
    store writes the name otherwise (Unicode's normal form) the client is told how."""
    name = command.mailbox.removesuffix(SEPARATOR)
    mailbox = await session.io.run(session.mail().create, name, _use(command))
    if session.rev2 and mailbox.name != name:
        session.send(mailboxes.line(mailbox.name, (), utf8=True, old_name=name))
    return done(b"CREATE done", codes.mailboxid(identifiers.mailbox_id(mailbox.id)))


def _use(command: Create) -> SpecialUse | None:
    if not command.special_use:
        return None
    use = _BY_NAME.get(command.special_use[0].upper())
    if use is None or len(command.special_use) > 1:
        raise No("A mailbox can have one special use, of those that LIST shows", b"USEATTR")
    return use
