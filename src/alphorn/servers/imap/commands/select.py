"""SELECT and EXAMINE (RFC 9051 §6.3.2, §6.3.3; RFC 3501's, RFC 7162's and RFC 8474's additions)."""

from alphorn.servers.imap import identifiers, mailboxes
from alphorn.servers.imap import uids as uid_sequences
from alphorn.servers.imap.failures import Bad
from alphorn.servers.imap.handler import Outcome, done
from alphorn.servers.imap.session import ImapSession
from alphorn.servers.imap.view import View
from alphorn.wire.imap import codes, render
from alphorn.wire.imap.commands import Select

LARGE = 20_000
"""Messages above which a mailbox's UIDs are read in a thread, should they have gaps."""


async def select(session: ImapSession, command: Select, tag: bytes) -> Outcome:
    """The mailbox open before is closed first, also where the new one cannot be opened."""
    if command.qresync is not None:
        raise Bad("QRESYNC is not enabled")  # RFC 7162 §3.2.5
    if session.view is not None:
        session.close_mailbox()
        session.send(render.ok("The mailbox selected before is closed", b"CLOSED"))
    if command.condstore:
        session.condstore = True
    mail = session.mail()
    mailbox = mail.mailbox(command.mailbox)
    if mailbox.messages <= LARGE:
        snapshot = mail.snapshot(mailbox.id)
    else:
        snapshot = await session.io.run(mail.snapshot, mailbox.id)
    mailbox = snapshot.mailbox
    view = View(snapshot, uid_sequences.packed(snapshot.uids), writable=not command.examine)
    session.open_mailbox(view)
    for line in view.flag_lines():
        session.send(line)
    session.send(render.exists(len(view.uids)))
    if not session.rev2:
        session.send(render.recent(0))
        if snapshot.first_unseen is not None:
            number = uid_sequences.number_of(view.uids, snapshot.first_unseen)
            session.send(render.ok("The first unseen message", codes.unseen(number)))
    session.send(render.ok("UIDs are valid", codes.uidvalidity(mailbox.uidvalidity)))
    session.send(render.ok("The next UID", codes.uidnext(mailbox.uidnext)))
    session.send(render.ok("Mod-sequences are kept", codes.highestmodseq(mailbox.highest_modseq)))
    identifier = identifiers.mailbox_id(mailbox.id)
    session.send(render.ok("The mailbox's identifier", codes.mailboxid(identifier)))
    if session.rev2:
        session.send(mailboxes.line(mailbox.name, (), utf8=True))
    return done(b"Selected", b"READ-ONLY" if command.examine else b"READ-WRITE")
