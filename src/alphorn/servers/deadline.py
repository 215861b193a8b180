"""A resolver that answers until a moment; from then on each question ends as unanswered."""

import asyncio
from collections.abc import Coroutine
from time import monotonic
from typing import Any, TypeVar

from alphorn.dns.answers import Answer, Mx, Resolver, Temporary
from alphorn.servers import eager

T = TypeVar("T")


class Deadline:
    """Implements `dns.answers.Resolver`; `seconds` from now on. What is known at once is answered
    for ever."""

    def __init__(self, resolver: Resolver, seconds: float) -> None:
        self._resolver = resolver
        self._until = monotonic() + seconds

    async def mx(self, domain: str) -> Answer[Mx]:
        return await self._asked(self._resolver.mx(domain), domain)

    async def addresses(self, host: str) -> Answer[str]:
        return await self._asked(self._resolver.addresses(host), host)

    async def ipv4(self, host: str) -> Answer[str]:
        return await self._asked(self._resolver.ipv4(host), host)

    async def ipv6(self, host: str) -> Answer[str]:
        return await self._asked(self._resolver.ipv6(host), host)

    async def txt(self, name: str) -> Answer[bytes]:
        return await self._asked(self._resolver.txt(name), name)

    async def ptr(self, address: str) -> Answer[str]:
        return await self._asked(self._resolver.ptr(address), address)

    async def _asked(self, asking: Coroutine[Any, Any, Answer[T]], name: str) -> Answer[T]:
        begun = eager.start(asking)
        if isinstance(begun, eager.Finished):
            return begun.value
        task = asyncio.get_running_loop().create_task(begun)
        try:
            await asyncio.wait((task,), timeout=max(self._until - monotonic(), 0.0))
            if task.done():
                return task.result()
        finally:
            task.cancel()
        raise Temporary(f"The DNS took too long to answer for {name}.")
