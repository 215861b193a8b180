"""Connecting to another server: TCP, greeting, EHLO, and STARTTLS as far as it is asked for.

TLS is opportunistic unless the policy says more (RFC 3207, RFC 7435): a server that offers it gets
it whatever its certificate, and one whose handshake fails is connected to again without.
"""

import asyncio
import errno
import socket
import ssl
from dataclasses import dataclass, field
from enum import Enum
from typing import NoReturn

import aiosmtplib
from aiosmtplib import (
    SMTPConnectResponseError,
    SMTPConnectTimeoutError,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
    SMTPTimeoutError,
)

from alphorn.queue.client import Connection, Timeouts
from alphorn.queue.replies import reply_from
from alphorn.queue.values import Reply, ours
from alphorn.queue.wireform import Features

NEVER_MAIL = frozenset({521, 556})
"""Greetings of hosts that take no mail at all (RFC 7504). Other 5yz greetings are taken for a
passing state of that host, as common servers use them for blocklists and overload."""

_HERE = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPERM})


class TlsPolicy(Enum):
    OPPORTUNISTIC = "opportunistic"  # where the server can; its certificate is not looked at
    ENCRYPTED = "encrypted"  # never without; its certificate is not looked at
    VERIFIED = "verified"  # never without a valid certificate for the server's name


class Unreachable(Exception):
    """There is no connection to this address; another one may do better.

    `here` says that it is this machine that cannot (no route, no address of the family).
    """

    def __init__(self, reply: Reply, *, here: bool = False) -> None:
        super().__init__(reply.text)
        self.reply = reply
        self.here = here


@dataclass(frozen=True, slots=True)
class Caller:
    """How this machine calls others. `hostname` is its name for EHLO; `bind` are addresses of its
    own to call from, one of each family at most."""

    hostname: str
    port: int = 25
    bind: tuple[str, ...] = ()
    tls: TlsPolicy = TlsPolicy.OPPORTUNISTIC
    timeouts: Timeouts = field(default_factory=Timeouts)


class Dialer:
    def __init__(self, caller: Caller, context: ssl.SSLContext | None = None) -> None:
        """`context` stands in for the one that `caller.tls` asks for."""
        self._caller = caller
        self._context = context or tls_context(caller.tls)

    async def connect(self, host: str, address: str) -> Connection:
        """A connection that is ready for transactions. Raises Unreachable."""
        policy = self._caller.tls
        try:
            return await self._connect(host, address, policy)
        except _HandshakeFailed as failed:
            if policy is not TlsPolicy.OPPORTUNISTIC:
                raise Unreachable(failed.reply) from failed
        try:
            return await self._connect(host, address, None)
        except _HandshakeFailed as failed:
            raise AssertionError("TLS was not asked for") from failed

    async def _connect(self, host: str, address: str, policy: TlsPolicy | None) -> Connection:
        """`policy` None: without TLS. Raises Unreachable, _HandshakeFailed."""
        timeouts = self._caller.timeouts
        smtp = aiosmtplib.SMTP(
            hostname=host,
            sock=await self._dial(host, address),
            local_hostname=self._caller.hostname,
            start_tls=False,
            timeout=timeouts.command,
        )
        try:
            await _greeted(smtp, host, timeouts)
            await _hello(smtp, host)
            tls = await self._secure(smtp, host, policy) if policy is not None else ""
        except BaseException:
            smtp.close()
            raise
        return Connection(smtp, host, address, Features.of(smtp.esmtp_extensions), tls, timeouts)

    async def _dial(self, host: str, address: str) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            _unreachable(host, address, error)
        try:
            sock.setblocking(False)
            for own in self._caller.bind:
                if (":" in own) == (family is socket.AF_INET6):
                    sock.bind((own, 0))
            async with asyncio.timeout(self._caller.timeouts.connect):
                loop = asyncio.get_running_loop()
                await loop.sock_connect(sock, (address, self._caller.port))
        except (OSError, TimeoutError) as error:
            sock.close()
            _unreachable(host, address, error)
        except BaseException:
            sock.close()
            raise
        return sock

    async def _secure(self, smtp: aiosmtplib.SMTP, host: str, policy: TlsPolicy) -> str:
        """The version of TLS that is spoken from now on, "" for none."""
        if not smtp.supports_extension("starttls"):
            if policy is TlsPolicy.OPPORTUNISTIC:
                return ""
            raise Unreachable(ours(451, "4.7.10", f"{host} does not offer TLS, which is required."))
        timeout = self._caller.timeouts.tls
        try:
            async with asyncio.timeout(timeout):
                await smtp.starttls(
                    server_hostname=host, tls_context=self._context, timeout=timeout
                )
        except SMTPResponseException as error:
            if policy is TlsPolicy.OPPORTUNISTIC and smtp.is_connected:
                return ""
            raise _HandshakeFailed(_no_tls(host, f"{error.code} {error.message}")) from error
        except (ssl.SSLError, SMTPException, OSError, TimeoutError) as error:
            raise _HandshakeFailed(_no_tls(host, _plain(error))) from error
        try:
            await _hello(smtp, host)
        except Unreachable as error:
            if error.reply.host or policy is not TlsPolicy.VERIFIED:
                raise
            # In TLS 1.3 a server judges our certificate after our side of the handshake is over.
            why = "it went away after the handshake; it may not accept our certificate"
            raise _HandshakeFailed(_no_tls(host, why)) from error
        secured: ssl.SSLObject = smtp.get_transport_info("ssl_object")
        return secured.version() or "TLS"


class _HandshakeFailed(Exception):
    """TLS could not be had; the connection is of no use any more."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


def tls_context(policy: TlsPolicy) -> ssl.SSLContext:
    """For calling others: TLS 1.2 or later. Only `VERIFIED` looks at certificates: with the other
    policies whoever could fake one could as well take STARTTLS out of the reply."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if policy is not TlsPolicy.VERIFIED:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def _greeted(smtp: aiosmtplib.SMTP, host: str, timeouts: Timeouts) -> None:
    try:
        async with asyncio.timeout(timeouts.greeting):
            await smtp.connect(timeout=None)
    except SMTPConnectResponseError as error:
        raise Unreachable(_passing(reply_from(error.code, error.message, host))) from error
    except SMTPResponseException as error:
        raise Unreachable(ours(451, "4.5.0", f"{host} does not speak SMTP.")) from error
    except (SMTPConnectTimeoutError, TimeoutError) as error:
        raise Unreachable(ours(451, "4.4.2", f"{host} did not greet us.")) from error
    except (SMTPException, OSError) as error:
        raise Unreachable(ours(451, "4.4.2", f"{host} closed the connection.")) from error


async def _hello(smtp: aiosmtplib.SMTP, host: str) -> None:
    """EHLO, and HELO for a server that does not know it (RFC 5321 §3.2)."""
    try:
        try:
            await smtp.ehlo()
        except SMTPHeloError as error:
            if not 500 <= error.code <= 599 or not smtp.is_connected:
                raise
            await smtp.helo()
    except SMTPResponseException as error:
        raise Unreachable(_passing(reply_from(error.code, error.message, host))) from error
    except SMTPTimeoutError as error:
        raise Unreachable(ours(451, "4.4.2", f"{host} did not answer EHLO.")) from error
    except (SMTPException, OSError) as error:
        raise Unreachable(ours(451, "4.4.2", f"{host} closed the connection.")) from error


def _passing(reply: Reply) -> Reply:
    """What a host says to everybody before it has seen any mail, taken for a passing state."""
    if 400 <= reply.code < 500 or reply.code in NEVER_MAIL:
        return reply
    return Reply(421, f"4{reply.enhanced[1:]}", f"{reply.code} {reply.text}", reply.host)


def _unreachable(host: str, address: str, error: OSError) -> NoReturn:
    here = error.errno in _HERE
    if isinstance(error, TimeoutError):
        what = "did not answer"
    elif error.errno == errno.ECONNREFUSED:
        what = "refused the connection"
    elif here:
        what = "cannot be reached from this machine"
    else:
        what = "cannot be reached"
    reply = ours(451, "4.4.1", f"{host} [{address}] {what}.")
    raise Unreachable(reply, here=here) from error


def _no_tls(host: str, why: str) -> Reply:
    return ours(451, "4.7.5", f"No secure connection to {host}: {why}.")


def _plain(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({error.verify_message})"
    if isinstance(error, TimeoutError | SMTPTimeoutError):
        return "the handshake took too long"
    return "the handshake failed"
