"""Hints between processes and threads."""

import asyncio
import multiprocessing
import os
import socket
import threading
from pathlib import Path

import pytest

from alphorn.servers.bus import MAX_HINTS, Bus, Topic
from tests.support.stage import LOOPS, on_loop

LOOP_NAMES = sorted(LOOPS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Deeper than the system allows a socket's path to be."""
    return tmp_path / ("x" * 100) / "bus"


def publish_elsewhere(folder: Path, hints: list[tuple[int, int]]) -> None:
    bus = Bus(folder)
    for hint in hints:
        bus.publish(*hint)
    bus.close()


@pytest.mark.parametrize("loop", LOOP_NAMES)
def test_hint_from_another_process(loop: str, folder: Path) -> None:
    async def main() -> list[int]:
        bus = Bus(folder)
        bus.attach(asyncio.get_running_loop())
        heard: list[int] = []
        arrived = asyncio.Event()

        def callback(mailbox: int) -> None:
            heard.append(mailbox)
            if len(heard) == 2:
                arrived.set()

        bus.subscribe(7, callback)
        process = multiprocessing.get_context("spawn").Process(
            target=publish_elsewhere, args=(folder, [(8, 1), (7, 2), (7, 3)])
        )
        process.start()
        await arrived.wait()
        process.join()
        bus.close()
        return heard

    assert sorted(on_loop(loop, main)) == [2, 3]
    assert os.listdir(folder) == []


@pytest.mark.parametrize("loop", LOOP_NAMES)
def test_hints_from_many_threads_reach_subscribers_here(loop: str, folder: Path) -> None:
    async def main() -> set[int]:
        bus = Bus(folder)
        bus.attach(asyncio.get_running_loop())
        heard: set[int] = set()
        complete = asyncio.Event()

        def callback(mailbox: int) -> None:
            heard.add(mailbox)
            if len(heard) == 800:
                complete.set()

        bus.subscribe(1, callback)

        def publish(start: int) -> None:
            for number in range(start, start + 100):
                bus.publish(1, number)

        threads = [threading.Thread(target=publish, args=(n * 100,)) for n in range(8)]
        for thread in threads:
            thread.start()
        await complete.wait()
        for thread in threads:
            thread.join()
        bus.close()
        return heard

    assert on_loop(loop, main) == set(range(800))


def test_hints_of_one_turn_are_coalesced(folder: Path) -> None:
    async def main() -> list[int]:
        bus = Bus(folder)
        bus.attach(asyncio.get_running_loop())
        heard: list[int] = []
        everything: list[tuple[int, int]] = []
        bus.listen(lambda account, mailbox: everything.append((account, mailbox)))
        end = bus.subscribe(Topic.QUEUE, heard.append)
        for _ in range(1000):
            bus.publish(Topic.QUEUE)
        while not everything:
            await asyncio.sleep(0)
        end()
        bus.publish(Topic.QUEUE)
        while len(everything) < 2:
            await asyncio.sleep(0)
        bus.close()
        assert everything == [(Topic.QUEUE, 0), (Topic.QUEUE, 0)]
        return heard

    assert on_loop("uvloop", main) == [0]


def test_slow_peer_gets_its_hints_later_and_holds_nobody_up(folder: Path) -> None:
    """More datagrams than the system queues for a socket."""

    async def main() -> int:
        bus = Bus(folder)
        bus.attach(asyncio.get_running_loop())
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        handle = os.open(folder, os.O_RDONLY)
        peer.bind(f"/proc/self/fd/{handle}/4000000000")
        peer.setblocking(False)
        for number in range(1, 1001):
            bus.publish(number, 1)
            await asyncio.sleep(0)  # a turn each: a datagram each, until the queue is full
            await asyncio.sleep(0)
        hints = 0
        while hints < 1000:
            try:
                hints += len(peer.recv(MAX_HINTS * 16)) // 16
            except BlockingIOError:
                await asyncio.sleep(0.001)
        bus.close()
        peer.close()
        os.close(handle)
        return hints

    assert on_loop("uvloop", main) == 1000


def test_socket_of_a_dead_worker_is_removed(folder: Path) -> None:
    folder.mkdir(parents=True)
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    handle = os.open(folder, os.O_RDONLY)
    dead.bind(f"/proc/self/fd/{handle}/4000000001")
    dead.close()
    bus = Bus(folder)
    bus.publish(1, 1)
    bus.close()
    assert os.listdir(folder) == []
    os.close(handle)
