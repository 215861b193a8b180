"""AUTHENTICATE and UNAUTHENTICATE (RFC 5804 §2.1, §2.14.1)."""

import asyncio

from alphorn.base.errors import AlphornError
from alphorn.directory.values import AccountInfo, LoginProtocol
from alphorn.operations.authenticate import AuthFailed, Throttled
from alphorn.servers.managesieve import failures
from alphorn.servers.managesieve.failures import No
from alphorn.servers.managesieve.session import ManageSieveSession
from alphorn.servers.sasl import Dialog
from alphorn.wire.managesieve import codes, render
from alphorn.wire.managesieve.commands import Authenticate, Unauthenticate
from alphorn.wire.sasl import mechanisms

PROTOCOL = LoginProtocol.SIEVE
WEAK = frozenset(("CRAM-MD5", "DIGEST-MD5", "NTLM"))
"""Known, and not offered for what they are worth; whoever asks for one is told so."""


async def authenticate(session: ManageSieveSession, command: Authenticate) -> bytes:
    offered = ", ".join(mechanism.name for mechanism in mechanisms.MECHANISMS)
    if command.mechanism in WEAK:
        text = f"{command.mechanism} is not safe any more; use one of {offered}"
        raise No(text, codes.AUTH_TOO_WEAK)
    exchange = mechanisms.begin(command.mechanism, command.initial)
    if exchange is None:
        raise No(f"There is no such mechanism; use one of {offered}")
    dialog = Dialog(exchange, session.service.authenticator, PROTOCOL, session.io)
    session.dialog = dialog
    return await _step(session, dialog, None)


async def respond(session: ManageSieveSession, dialog: Dialog, data: bytes | None) -> bytes:
    """The client's answer to a challenge; None: it gives up."""
    if data is None:
        raise No("The login was cancelled")
    return await _step(session, dialog, data)


async def _step(session: ManageSieveSession, dialog: Dialog, data: bytes | None) -> bytes:
    try:
        step = await (dialog.advance() if data is None else dialog.respond(data))
    except (AuthFailed, Throttled) as error:
        raise await _refused(session, error) from error
    if isinstance(step, bytes):
        return render.challenge(step)
    await _admit(session, step)
    return render.ok("Logged in", b"" if dialog.final is None else codes.sasl(dialog.final))


async def _admit(session: ManageSieveSession, account: AccountInfo) -> None:
    """The end of each login that succeeded."""
    service = session.service
    if not service.join(account.id):
        raise No("Too many connections to this account", codes.TRYLATER)
    session.account = account
    try:
        if not service.store.exists(account.id):
            await session.io.run(service.store.create, account.id)
    except BaseException:
        session.leave()
        raise
    session.dialog = None
    session.core.authenticated()
    session.io.timeout(service.limits.idle)


async def _refused(session: ManageSieveSession, error: AlphornError) -> No:
    """The end of each login that failed: late, and after a few the connection is closed. The
    authenticator has reported it."""
    limits = session.service.limits
    session.failed_logins += 1
    await asyncio.sleep(limits.failure_delay)
    if session.failed_logins >= limits.failed_logins:
        session.end("Too many failed logins")
    return failures.translated(error)


def unauthenticate(session: ManageSieveSession, command: Unauthenticate) -> bytes:
    session.leave()
    session.core.unauthenticated()
    session.io.timeout(session.service.limits.login)
    return render.ok("Logged out")
