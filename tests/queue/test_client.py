"""Connections and transactions against a scripted server, over real sockets and TLS."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from alphorn.queue.client import BLOCK, Connection, Exchange, Timeouts
from alphorn.queue.dialer import Caller, Dialer, TlsPolicy, Unreachable
from alphorn.queue.wireform import body_for_wire
from tests.queue.helpers import MESSAGE, PATIENT, claim_of, envelope, hasty
from tests.support.smtpd import Act, Answer, Script, SmtpServer, Tls
from tests.support.stage import on_loop


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SmtpServer]:
    with SmtpServer(certificate=tmp_path) as server:
        yield server


def dialer(
    server: SmtpServer,
    tls: TlsPolicy = TlsPolicy.OPPORTUNISTIC,
    timeouts: Timeouts = PATIENT,
) -> Dialer:
    return Dialer(Caller("mail.example.test", server.port, tls=tls, timeouts=timeouts))


def connected(
    server: SmtpServer,
    loop: str = "uvloop",
    tls: TlsPolicy = TlsPolicy.OPPORTUNISTIC,
    timeouts: Timeouts = PATIENT,
) -> Connection:
    """Connect and say goodbye."""

    async def main() -> Connection:
        connection = await dialer(server, tls, timeouts).connect("mx.remote.test", server.address)
        await connection.quit()
        return connection

    return on_loop(loop, main)


def sent(
    server: SmtpServer,
    *recipients: str,
    raw: bytes = MESSAGE,
    loop: str = "uvloop",
    timeouts: Timeouts = PATIENT,
) -> Exchange:
    """One transaction over a new connection."""
    claim = claim_of(envelope(*(recipients or ("bert@remote.test",))), raw)

    async def main() -> Exchange:
        connection = await dialer(server, timeouts=timeouts).connect(
            "mx.remote.test", server.address
        )
        exchange = await connection.transact(claim.message, claim.recipients, body_for_wire(raw))
        await connection.quit()
        return exchange

    return on_loop(loop, main)


# -- connecting --


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_tls_is_used_where_it_is_offered(server: SmtpServer, loop: str) -> None:
    server.script.tls = Tls.GOOD
    connection = connected(server, loop)
    assert connection.tls == "TLSv1.3"
    assert server.commands == [
        "EHLO mail.example.test",
        "STARTTLS",
        "EHLO mail.example.test",
        "QUIT",
    ]


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize(("tls", "connections"), [(Tls.BROKEN, 2), (Tls.REFUSED, 1)])
def test_a_server_whose_tls_fails_is_talked_to_without(
    server: SmtpServer, tls: Tls, connections: int, loop: str
) -> None:
    server.script.tls = tls
    connection = connected(server, loop)
    assert connection.tls == ""
    assert connection.features.dsn
    assert server.connections == connections


def test_a_handshake_that_hangs_is_given_up(server: SmtpServer) -> None:
    server.script.tls = Tls.SILENT
    connection = connected(server, timeouts=replace(PATIENT, tls=0.2))
    assert connection.tls == ""
    assert server.connections == 2


@pytest.mark.parametrize("tls", [Tls.NONE, Tls.BROKEN, Tls.REFUSED])
@pytest.mark.parametrize("policy", [TlsPolicy.ENCRYPTED, TlsPolicy.VERIFIED])
def test_tls_that_is_required_is_not_done_without(
    server: SmtpServer, tls: Tls, policy: TlsPolicy
) -> None:
    server.script.tls = tls
    with pytest.raises(Unreachable) as caught:
        connected(server, tls=policy)
    assert caught.value.reply.temporary
    assert caught.value.reply.enhanced in ("4.7.5", "4.7.10")
    assert server.connections == 1
    assert not server.said("MAIL")


def test_certificates_are_looked_at_only_where_that_is_wanted(
    server: SmtpServer, tmp_path: Path
) -> None:
    server.script.tls = Tls.GOOD
    assert connected(server, tls=TlsPolicy.ENCRYPTED).tls
    with pytest.raises(Unreachable, match="certificate is not valid"):
        connected(server, tls=TlsPolicy.VERIFIED)


def test_a_valid_certificate_for_the_name_is_enough(tmp_path: Path) -> None:
    with SmtpServer(certificate=tmp_path, names=("mx.remote.test",)) as server:
        server.script.tls = Tls.GOOD
        trusting = ssl.create_default_context(cafile=tmp_path / "smtpd.pem")
        caller = Caller("a.test", server.port, tls=TlsPolicy.VERIFIED, timeouts=PATIENT)

        async def connect(name: str) -> str:
            connection = await Dialer(caller, trusting).connect(name, server.address)
            await connection.quit()
            return connection.tls

        assert on_loop("uvloop", lambda: connect("mx.remote.test"))
        with pytest.raises(Unreachable, match="certificate is not valid"):
            on_loop("uvloop", lambda: connect("mx.other.test"))


def test_a_server_without_ehlo_is_greeted_the_old_way(server: SmtpServer) -> None:
    server.script.ehlo = "502 5.5.1 what?"
    connection = connected(server)
    assert server.said("HELO")
    assert connection.features.size is None


@pytest.mark.parametrize(
    ("script", "code", "enhanced"),
    [
        (Script(greeting="421 4.3.2 busy"), 421, "4.3.2"),
        (Script(greeting="554 5.7.1 go away"), 421, "4.7.1"),
        (Script(greeting="521 5.3.2 no mail here"), 521, "5.3.2"),
        (Script(greeting="556 5.1.10 no mail here"), 556, "5.1.10"),
        (Script(greeting=Act.HANG), 451, "4.4.2"),
        (Script(greeting=Act.DROP), 451, "4.4.2"),
        (Script(greeting=Act.GARBAGE), 451, "4.5.0"),
        (Script(ehlo="421 4.7.0 not you"), 421, "4.7.0"),
        (Script(ehlo="451 4.3.0 wait"), 451, "4.3.0"),
        (Script(ehlo="550 5.7.1 bad name", helo="550 5.7.1 bad name"), 421, "4.7.1"),
        (Script(ehlo=Act.HANG), 451, "4.4.2"),
        (Script(ehlo=Act.DROP), 451, "4.4.2"),
    ],
)
def test_servers_that_cannot_be_talked_to(
    server: SmtpServer, script: Script, code: int, enhanced: str
) -> None:
    server.script = script
    where = "ehlo" if script.ehlo is Act.HANG else "greeting"
    with pytest.raises(Unreachable) as caught:
        connected(
            server, timeouts=hasty(where) if Act.HANG in (script.greeting, script.ehlo) else PATIENT
        )
    assert (caught.value.reply.code, caught.value.reply.enhanced) == (code, enhanced)
    assert not caught.value.here


def test_a_server_that_is_rude_is_unreachable(server: SmtpServer) -> None:
    """It may hit us while we connect, or while we wait for its greeting."""
    server.script.greeting = Act.RESET
    with pytest.raises(Unreachable) as caught:
        connected(server)
    assert caught.value.reply.enhanced in ("4.4.1", "4.4.2")


def test_nobody_there(server: SmtpServer) -> None:
    async def main() -> None:
        caller = Caller("a.test", server.port, timeouts=PATIENT)
        await Dialer(caller).connect("mx.remote.test", "127.0.0.99")

    with pytest.raises(Unreachable, match="refused the connection") as caught:
        on_loop("uvloop", main)
    assert caught.value.reply.enhanced == "4.4.1"


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_nobody_answers(loop: str) -> None:
    """A listener whose backlog is full drops whoever calls, as a firewall does."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.98", 0), backlog=0))
        for _ in range(4):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())

        async def main() -> None:
            timeouts = replace(PATIENT, connect=0.2)
            dialer = Dialer(Caller("a.test", listener.getsockname()[1], timeouts=timeouts))
            await dialer.connect("mx.remote.test", "127.0.0.98")

        with pytest.raises(Unreachable, match="did not answer") as caught:
            on_loop(loop, main)
    assert caught.value.reply.enhanced == "4.4.1"


def test_the_address_to_call_from_is_chosen_by_family(server: SmtpServer) -> None:
    async def main(*bind: str) -> None:
        caller = Caller("a.test", server.port, bind, timeouts=PATIENT)
        connection = await Dialer(caller).connect("mx.remote.test", server.address)
        await connection.quit()

    on_loop("uvloop", lambda: main("::1", "127.0.0.77"))
    with pytest.raises(Unreachable) as caught:
        on_loop("uvloop", lambda: main("192.0.2.7"))
    assert caught.value.here


# -- transactions --


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize("tls", [Tls.NONE, Tls.GOOD])
def test_a_message_arrives_as_it_is(server: SmtpServer, loop: str, tls: Tls) -> None:
    server.script.tls = tls
    raw = MESSAGE + b".\r\n..\r\n.x\r\n" + b"y" * 200_000 + b"\r\n"
    exchange = sent(server, "bert@remote.test", "cora@remote.test", raw=raw, loop=loop)
    assert {reply.code for reply in exchange.replies.values()} == {250}
    (message,) = server.messages
    assert message.data == raw
    assert message.tls is (tls is Tls.GOOD)
    assert message.sender.startswith("FROM:<anna@example.test> SIZE=")
    assert message.recipients == ["TO:<bert@remote.test>", "TO:<cora@remote.test>"]


def test_each_recipient_has_his_own_reply(server: SmtpServer) -> None:
    def rcpt(argument: str) -> Answer:
        if "bert" in argument:
            return "550 5.1.1 unknown"
        if "cora" in argument:
            return "450 4.2.0 later"
        return "250 2.1.5 ok"

    server.script.rcpt = rcpt
    exchange = sent(server, "bert@remote.test", "cora@remote.test", "dora@remote.test")
    assert [exchange.replies[id].code for id in (1, 2, 3)] == [550, 450, 250]
    assert server.messages[0].recipients == ["TO:<dora@remote.test>"]


def test_nothing_is_sent_when_no_recipient_is_accepted(server: SmtpServer) -> None:
    server.script.rcpt = "550 5.1.1 unknown"
    exchange = sent(server)
    assert exchange.replies[1].enhanced == "5.1.1"
    assert not server.said("DATA")


@pytest.mark.parametrize(
    ("script", "code", "enhanced"),
    [
        (Script(mail="550 5.7.1 not you"), 550, "5.7.1"),
        (Script(mail="451 4.3.0 wait"), 451, "4.3.0"),
        (Script(mail="354 what"), 451, "4.5.0"),
        (Script(rcpt="354 what"), 451, "4.5.0"),
        (Script(data="451 4.3.0 wait"), 451, "4.3.0"),
        (Script(data="554 5.5.1 no"), 554, "5.5.1"),
        (Script(data="250 what"), 451, "4.5.0"),
        (Script(final="554 5.7.1 spam"), 554, "5.7.1"),
        (Script(final="451 4.3.0 wait"), 451, "4.3.0"),
        (Script(final="354 what"), 451, "4.5.0"),
        (Script(extensions=("SIZE 10",)), 552, "5.3.4"),
    ],
)
def test_refusals_reach_the_recipients(
    server: SmtpServer, script: Script, code: int, enhanced: str
) -> None:
    server.script = script
    exchange = sent(server)
    assert (exchange.replies[1].code, exchange.replies[1].enhanced) == (code, enhanced)
    assert exchange.lost is None


@pytest.mark.parametrize("act", [Act.HANG, Act.DROP, Act.RESET, "421 4.3.2 closing"])
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "final"])
def test_a_connection_may_break_anywhere(server: SmtpServer, stage: str, act: Answer) -> None:
    setattr(server.script, stage, act)
    exchange = sent(server, timeouts=hasty(stage) if act is Act.HANG else PATIENT)
    if stage == "final" and act == "421 4.3.2 closing":
        assert exchange.replies[1].code == 421  # an answer to the message after all
        return
    assert exchange.replies == {}
    assert exchange.lost is not None
    assert exchange.lost.temporary
    assert exchange.uncertain is (stage == "final")


def test_a_server_that_stops_reading_is_left(server: SmtpServer) -> None:
    server.script.slow = 3
    exchange = sent(server, raw=MESSAGE + b"x" * 20_000_000 + b"\r\n", timeouts=hasty("block"))
    assert exchange.lost is not None
    assert "stopped taking" in exchange.lost.text
    assert not exchange.uncertain


def test_a_server_may_refuse_before_it_has_all(server: SmtpServer) -> None:
    server.script.middle = "552 5.3.4 too much"
    server.script.slow = 3
    exchange = sent(server, raw=MESSAGE + b"x" * 20_000_000 + b"\r\n")
    assert exchange.replies[1].code == 552
    assert not exchange.uncertain


def test_too_many_recipients_are_asked_for_again(server: SmtpServer) -> None:
    accepted: list[str] = []

    def rcpt(argument: str) -> Answer:
        if len(accepted) == 2:
            return "452 4.5.3 too many"
        accepted.append(argument)
        return "250 ok"

    server.script.rcpt = rcpt
    exchange = sent(server, *(f"r{number}@remote.test" for number in range(5)))
    assert sorted(exchange.replies) == [1, 2]
    assert [recipient.id for recipient in exchange.again] == [3, 4, 5]


def test_a_recipient_who_cannot_be_written_is_not_asked_for(server: SmtpServer) -> None:
    server.script.extensions = ()
    exchange = sent(server, "bört@remote.test", "bert@remote.test")
    assert exchange.replies[1].enhanced == "5.6.7"
    assert exchange.replies[2].code == 250
    assert len(server.said("RCPT")) == 1


def test_a_reply_without_end_is_cut_off(server: SmtpServer) -> None:
    server.script.rcpt = "250-" + "x" * 100_000
    exchange = sent(server)
    assert exchange.lost is not None


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_large_message_is_not_piled_up_in_memory(server: SmtpServer, loop: str) -> None:
    """Blocks are handed over as the server takes them."""
    raw = MESSAGE + b"x" * 5_000_000 + b"\r\n"
    claim = claim_of(envelope("bert@remote.test"), raw)
    wire = body_for_wire(raw)
    server.script.slow = 0.002

    async def main() -> int:
        connection = await dialer(server).connect("mx.remote.test", server.address)
        transport = cast(asyncio.WriteTransport, connection._smtp.transport)
        sending = asyncio.create_task(connection.transact(claim.message, claim.recipients, wire))
        most = 0
        while not sending.done():
            most = max(most, transport.get_write_buffer_size())
            await asyncio.sleep(0)
        assert (await sending).lost is None
        await connection.quit()
        return most

    assert 0 < on_loop(loop, main) < 4 * BLOCK
    assert server.messages[0].data == raw


def test_a_connection_is_used_again_after_reset(server: SmtpServer) -> None:
    claim = claim_of(envelope("bert@remote.test"))

    async def main() -> list[bool]:
        connection = await dialer(server).connect("mx.remote.test", server.address)
        first = await connection.transact(claim.message, claim.recipients, body_for_wire(MESSAGE))
        alive = await connection.reset()
        again = await connection.transact(claim.message, claim.recipients, body_for_wire(MESSAGE))
        server.script.rset = Act.DROP
        dead = await connection.reset()
        return [first.replies[1].positive, alive, again.replies[1].positive, dead]

    assert on_loop("uvloop", main) == [True, True, True, False]
    assert server.connections == 1
    assert len(server.messages) == 2


def test_cancelling_closes_the_connection(server: SmtpServer) -> None:
    server.script.mail = Act.HANG
    claim = claim_of(envelope("bert@remote.test"))

    async def main() -> bool:
        connection = await dialer(server).connect("mx.remote.test", server.address)
        task = asyncio.create_task(
            connection.transact(claim.message, claim.recipients, body_for_wire(MESSAGE))
        )
        await asyncio.to_thread(server.wait, lambda: bool(server.said("MAIL")))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        connection.abort()
        return connection.usable

    assert on_loop("uvloop", main) is False
