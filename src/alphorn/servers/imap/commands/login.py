"""LOGIN (RFC 9051 §6.2.3), and what every way to log in ends with."""

import asyncio

from alphorn.base.errors import AlphornError
from alphorn.base.secret import Secret
from alphorn.directory.values import AccountInfo, LoginProtocol
from alphorn.operations.authenticate import AuthFailed, Throttled
from alphorn.servers.imap import failures
from alphorn.servers.imap.failures import No
from alphorn.servers.imap.handler import Outcome, done
from alphorn.servers.imap.session import ImapSession
from alphorn.wire.imap import codes
from alphorn.wire.imap.commands import Login

PROTOCOL = LoginProtocol.IMAP


async def login(session: ImapSession, command: Login, tag: bytes) -> Outcome:
    return await with_password(session, command.user, command.password)


async def with_password(session: ImapSession, user: str, password: Secret) -> Outcome:
    """Check the password: at once where that is quick, in a thread where it takes a slow hash."""
    authenticator = session.service.authenticator
    peer = session.io.peer.address
    try:
        account = authenticator.password_fast(user, password, PROTOCOL, peer)
        if account is None:
            account = await session.io.run_long(
                authenticator.password, user, password, PROTOCOL, peer
            )
    except (AuthFailed, Throttled) as error:
        return await refuse(session, error)
    return await admit(session, account)


async def admit(session: ImapSession, account: AccountInfo) -> Outcome:
    """The end of each login that succeeded."""
    service = session.service
    if not service.registry.join(session, account):
        raise No("Too many connections to this account", b"LIMIT")
    session.account = account
    try:
        if not service.store.exists(account.id):
            await session.io.run(service.store.create, account.id)
    except BaseException:
        if session.account is account:  # else the connection is gone and has left already
            session.account = None
            service.registry.leave(session, account)
        raise
    session.core.authenticated()
    session.dialog = None
    session.io.timeout(service.limits.idle)
    return done(b"Logged in", codes.capability(session.capabilities()))


async def refuse(session: ImapSession, error: AlphornError) -> Outcome:
    """The end of each login that failed: late, and after a few the connection is closed. The
    authenticator has reported it."""
    limits = session.service.limits
    session.failed_logins += 1
    await asyncio.sleep(limits.failure_delay)
    if session.failed_logins >= limits.failed_logins:
        session.end("Too many failed logins")
    raise failures.translated(error)
