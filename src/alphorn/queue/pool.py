"""Connections to other servers, kept for a moment after use and bounded in number.

A key is a server's name and address: what was learnt about one (TLS, features) holds for it alone.
At most `per_host` connections to one key are open, in use or idle; a task that wants one more waits
for its turn. An idle connection is used again (after RSET, which also shows that it is alive),
closed after `idle` seconds, or given up for another server when too many are kept.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from alphorn.queue.client import Connection
from alphorn.queue.dialer import Dialer

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """`transactions` are how many one connection is used for; `idle` is in seconds."""

    per_host: int = 10
    transactions: int = 100
    idle: float = 5.0
    kept: int = 100


class _Host:
    """The connections to one key. One is opened only where none is idle, so that those in use and
    those idle together are never more than may be in use."""

    __slots__ = ("idle", "in_use", "waiting")

    def __init__(self) -> None:
        self.in_use = 0
        self.idle: deque[Connection] = deque()
        self.waiting: deque[asyncio.Future[None]] = deque()


class Pool:
    """Use it on one event loop only."""

    def __init__(self, dialer: Dialer, limits: PoolLimits | None = None) -> None:
        self._dialer = dialer
        self._limits = limits or PoolLimits()
        self._hosts: dict[Key, _Host] = {}
        self._idle: OrderedDict[Connection, asyncio.TimerHandle] = OrderedDict()
        self._closing: set[asyncio.Task[None]] = set()

    def full(self, host: str, address: str) -> bool:
        """Whether a task that asks for a connection to this key has to wait."""
        entry = self._hosts.get((host, address))
        return entry is not None and entry.in_use >= self._limits.per_host

    @asynccontextmanager
    async def connection(self, host: str, address: str) -> AsyncIterator[Connection]:
        """A connection that is ready for a transaction, for as long as the block runs.

        Raises dialer.Unreachable. An error in the block closes the connection.
        """
        key = (host, address)
        entry = self._hosts.setdefault(key, _Host())
        connection = await self._take(entry, key)
        try:
            yield connection
        except BaseException:
            connection.abort()
            raise
        finally:
            self._put_back(entry, key, connection)

    async def close(self, deadline: float) -> None:
        """Say goodbye on all idle connections, and wait no longer than `deadline` seconds."""
        for connection in list(self._idle):
            self._let_go(connection)
        if self._closing:
            _, slow = await asyncio.wait(self._closing, timeout=deadline)
            for task in slow:
                task.cancel()

    async def _take(self, entry: _Host, key: Key) -> Connection:
        await self._turn(entry)
        try:
            while entry.idle:
                connection = entry.idle.pop()
                self._idle.pop(connection).cancel()
                if await connection.reset():
                    return connection
                connection.abort()
            return await self._dialer.connect(*key)
        except BaseException:
            self._leave(entry, key)
            raise

    async def _turn(self, entry: _Host) -> None:
        """Wait until one more connection may be in use, and count it."""
        if entry.in_use < self._limits.per_host:
            entry.in_use += 1
            return
        turn = asyncio.get_running_loop().create_future()
        entry.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on(entry)
            raise

    def _put_back(self, entry: _Host, key: Key, connection: Connection) -> None:
        used_up = connection.transactions >= self._limits.transactions
        if connection.usable and not used_up:
            entry.idle.append(connection)
            loop = asyncio.get_running_loop()
            timer = loop.call_later(self._limits.idle, self._let_go, connection)
            self._idle[connection] = timer
            if len(self._idle) > self._limits.kept:
                self._let_go(next(iter(self._idle)))
        elif connection.usable:
            self._say_goodbye(connection)
        self._leave(entry, key)

    def _leave(self, entry: _Host, key: Key) -> None:
        self._pass_on(entry)
        if not entry.in_use and not entry.idle and not entry.waiting:
            self._hosts.pop(key, None)

    def _pass_on(self, entry: _Host) -> None:
        """Give the turn to the next who waits for one."""
        while entry.waiting:
            turn = entry.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        entry.in_use -= 1

    def _let_go(self, connection: Connection) -> None:
        self._idle.pop(connection).cancel()
        key = (connection.host, connection.address)
        entry = self._hosts[key]
        entry.idle.remove(connection)
        self._say_goodbye(connection)
        if not entry.in_use and not entry.idle and not entry.waiting:
            self._hosts.pop(key, None)

    def _say_goodbye(self, connection: Connection) -> None:
        task = asyncio.create_task(connection.quit())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
