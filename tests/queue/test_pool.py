import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from alphorn.queue.dialer import Caller, Dialer, Unreachable
from alphorn.queue.pool import Pool, PoolLimits
from alphorn.queue.wireform import body_for_wire
from tests.queue.helpers import MESSAGE, PATIENT, claim_of, envelope
from tests.support.smtpd import Act, SmtpServer, servers_on_one_port
from tests.support.stage import on_loop

HOST = "mx.remote.test"


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


def pool_for(server: SmtpServer, limits: PoolLimits | None = None, reset: float = 30) -> Pool:
    timeouts = replace(PATIENT, reset=reset)
    return Pool(Dialer(Caller("a.test", server.port, timeouts=timeouts)), limits)


async def send(pool: Pool, server: SmtpServer) -> None:
    claim = claim_of(envelope("bert@remote.test"))
    async with pool.connection(HOST, server.address) as connection:
        exchange = await connection.transact(
            claim.message, claim.recipients, body_for_wire(MESSAGE)
        )
        assert exchange.replies[1].positive


async def seen(server: SmtpServer, condition: str) -> None:
    await asyncio.to_thread(server.wait, lambda: bool(eval(condition, {"server": server})))


def test_a_connection_is_used_again(server: SmtpServer) -> None:
    async def main() -> None:
        pool = pool_for(server)
        for _ in range(5):
            await send(pool, server)
        await pool.close(1)

    on_loop("uvloop", main)
    assert server.connections == 1
    assert len(server.messages) == 5
    assert len(server.said("RSET")) == 4
    assert server.commands[-1] == "QUIT"


def test_a_connection_is_given_up_after_many_transactions(server: SmtpServer) -> None:
    async def main() -> None:
        pool = pool_for(server, PoolLimits(transactions=2))
        for _ in range(5):
            await send(pool, server)
        await pool.close(1)

    on_loop("uvloop", main)
    assert server.connections == 3
    assert len(server.said("QUIT")) == 3


def test_an_idle_connection_is_closed_soon(server: SmtpServer) -> None:
    async def main() -> None:
        pool = pool_for(server, PoolLimits(idle=0.05))
        await send(pool, server)
        await seen(server, "server.open == 0")
        assert server.said("QUIT")
        await send(pool, server)
        await pool.close(1)

    on_loop("uvloop", main)
    assert server.connections == 2


def test_a_connection_that_died_meanwhile_is_replaced(server: SmtpServer) -> None:
    async def main() -> None:
        pool = pool_for(server, reset=0.3)
        await send(pool, server)
        server.script.rset = Act.DROP
        await send(pool, server)
        server.script.rset = Act.HANG
        await send(pool, server)
        await pool.close(1)

    on_loop("uvloop", main)
    assert len(server.messages) == 3
    assert server.connections == 3


def test_connections_to_one_server_are_bounded(server: SmtpServer) -> None:
    async def main() -> None:
        pool = pool_for(server, PoolLimits(per_host=3))
        tasks = [asyncio.create_task(send(pool, server)) for _ in range(20)]
        while not pool.full(HOST, server.address):
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        assert not pool.full(HOST, server.address)
        await pool.close(1)

    on_loop("uvloop", main)
    assert len(server.messages) == 20
    assert server.most_open == 3


def test_idle_connections_are_bounded() -> None:
    servers = servers_on_one_port(*(f"127.0.0.{number}" for number in range(2, 7)))

    async def main() -> None:
        pool = pool_for(servers[0], PoolLimits(kept=2))
        for server in servers:
            await send(pool, server)
        for server in servers[:3]:
            await seen(server, "server.open == 0")
        assert [server.open for server in servers[3:]] == [1, 1]
        await pool.close(1)

    for server in servers:
        server.__enter__()
    on_loop("uvloop", main)
    for server in servers:
        server.__exit__(None, None, None)


def test_who_gives_up_waiting_takes_no_turn(server: SmtpServer) -> None:
    async def main() -> None:
        pool = pool_for(server, PoolLimits(per_host=1))
        async with pool.connection(HOST, server.address):
            first = asyncio.create_task(send(pool, server))
            second = asyncio.create_task(send(pool, server))
            await asyncio.sleep(0)
            first.cancel()
        await second
        assert first.cancelled()
        await send(pool, server)
        await pool.close(1)

    on_loop("uvloop", main)
    assert len(server.messages) == 2


def test_a_turn_given_to_someone_who_is_cancelled_is_passed_on(server: SmtpServer) -> None:
    async def main() -> None:
        pool = pool_for(server, PoolLimits(per_host=1))
        async with pool.connection(HOST, server.address):
            first = asyncio.create_task(send(pool, server))
            second = asyncio.create_task(send(pool, server))
            await asyncio.sleep(0)
        first.cancel()  # it has its turn already, and did not run yet
        await second
        await pool.close(1)

    on_loop("uvloop", main)
    assert len(server.messages) == 1


def test_a_failure_to_connect_leaves_nothing_behind(server: SmtpServer) -> None:
    server.script.greeting = "421 4.3.2 busy"

    async def main() -> None:
        pool = pool_for(server, PoolLimits(per_host=1))
        for _ in range(3):
            with pytest.raises(Unreachable):
                await send(pool, server)
        server.script.greeting = "220 hello"
        await send(pool, server)
        await pool.close(1)
        assert not pool._hosts
        assert not pool._idle

    on_loop("uvloop", main)


def test_goodbyes_are_not_waited_for_long(server: SmtpServer) -> None:
    server.script.quit = Act.HANG

    async def main() -> float:
        pool = pool_for(server)
        await send(pool, server)
        started = time.monotonic()
        await pool.close(0.05)
        return time.monotonic() - started

    assert on_loop("uvloop", main) < 15


def test_an_error_closes_the_connection(server: SmtpServer) -> None:
    async def main() -> None:
        pool = pool_for(server)
        with pytest.raises(KeyError):
            async with pool.connection(HOST, server.address):
                raise KeyError
        await seen(server, "server.open == 0")
        await pool.close(1)

    on_loop("uvloop", main)
