"""APPEND (RFC 9051 §6.3.12), several messages at once (RFC 3502)."""

import re
import time
from collections.abc import Sequence

from alphorn.base.errors import NotFound
from alphorn.message.summarize import summarize
from alphorn.servers.imap.failures import No
from alphorn.servers.imap.handler import Outcome, done
from alphorn.servers.imap.session import ImapSession
from alphorn.store.api import Account, Appended, NewMessage
from alphorn.wire.imap import codes
from alphorn.wire.imap.commands import Append, AppendMessage

_BARE_LF = re.compile(rb"(?<!\r)\n")


async def append(session: ImapSession, command: Append, tag: bytes) -> Outcome:
    """All messages or none. They are parsed and stored in a thread."""
    try:
        appended = await session.io.run(
            _append,
            session.mail(),
            command.mailbox,
            command.messages,
            session.quota(),
            int(time.time()),
        )
    except NotFound as error:
        raise No(error.text, b"TRYCREATE") from error
    uids = [message.uid for message in appended]
    return done(b"APPEND done", codes.appenduid(appended[0].uidvalidity, uids))


def _append(
    mail: Account,
    mailbox: str,
    messages: Sequence[AppendMessage],
    quota: int | None,
    now: int,
) -> Sequence[Appended]:
    return mail.append(mailbox, [_new(message, now) for message in messages], quota)


def _new(message: AppendMessage, now: int) -> NewMessage:
    raw = with_crlf(message.data)
    return NewMessage(
        raw,
        summarize(raw),
        now if message.date is None else message.date,
        message.flags,
        message.keywords,
    )


def with_crlf(data: bytes) -> bytes:
    """Line ends as RFC 5322 §2.1 has them; some programs append messages with bare LF."""
    if data.count(b"\n") == data.count(b"\r\n"):
        return data
    return _BARE_LF.sub(b"\r\n", data)
