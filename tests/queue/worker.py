"""A process with a queue runner, for tests that kill it: `python -m tests.queue.worker ...`.

Arguments: the queue's file, the DNS server's port, the SMTP port, how long a lease lasts. Prints
"ready" when it runs, and stops when its standard input ends.
"""

import asyncio
import sys
import time
from pathlib import Path

from alphorn.dns.stub import StubResolver
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Origin
from alphorn.queue import claims
from alphorn.queue.dialer import Caller, Dialer
from alphorn.queue.pool import Pool
from alphorn.queue.queue import Queue
from alphorn.queue.remote import Remote
from alphorn.queue.reports import Voice
from alphorn.queue.route import Ourselves
from alphorn.queue.runner import Runner, RunnerLimits
from alphorn.queue.values import Reply


def deliver_local(
    raw: bytes, envelope: Envelope, recipient: EnvelopeRecipient, origin: Origin
) -> Reply:
    raise AssertionError("nothing is local here")


async def main(path: Path, dns_port: int, smtp_port: int, lease: float) -> None:
    claims.LEASE = lease
    claims.HORIZON = 2 * lease
    queue = Queue(path)
    remote = Remote(
        StubResolver([("127.0.0.1", dns_port)]),
        Pool(Dialer(Caller("mail.example.test", smtp_port))),
        Ourselves(frozenset(), lambda _: False, private=True),
    )
    runner = Runner(
        queue,
        remote,
        deliver_local,
        lambda domain: False,
        voice=Voice("mail.example.test"),
        trace=lambda event: None,
        limits=RunnerLimits(poll=0.05, heartbeat=lease / 10),
        ticks=time.monotonic,
    )
    await runner.start()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.stop(5)
    queue.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
