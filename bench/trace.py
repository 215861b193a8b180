"""How fast `alphorn trace` is among ten million events: `python -m bench.trace [--events N]`.

Writes the events of thirty days into a file of the trace as workers and the keeper do (in batches,
sealed as soon as there are enough), then asks for them in every way that the command has. Times of
questions are milliseconds of processor and of the clock: the best of some runs with the file in
memory, and the clock alone once with nothing of it in memory. Needs 4 GB of disk and some minutes;
gives up after `--minutes`. Exit code 1 where a question took more than PROMISE of the processor.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from alphorn.base.trace import TraceEvent, Verdict
from alphorn.store.trace import TraceLog
from alphorn.store.trace_file import SEGMENT_EVENTS

DAYS = 30
BEGIN = 1_790_000_000.0
EACH = 5
"""Events of a message."""
ACCOUNTS = 20_000
DOMAINS = 500
BATCH = 20_000
RUNS = 7
LIMIT = 200
PROMISE = 0.050

_STEPS = (
    ("rcpt", Verdict.INFO, "Recipient accepted after SPF, reverse name and greylist"),
    ("examine", Verdict.INFO, "Score 1.3 of 5: short text, known sender, signature of its domain"),
    ("deliver", Verdict.DELIVERED, "Delivered to INBOX"),
    ("queue", Verdict.SENT, "Sent to mx.remote.test [192.0.2.7] over TLSv1.3"),
    ("rcpt", Verdict.DEFERRED, "Greylisted: come again in 5 minutes"),
)


def event(number: int, count: int) -> TraceEvent:
    """Messages to ACCOUNTS addresses in DOMAINS domains; one in ten thousand is refused by a
    header, one in a hundred by its greeting. Senders: half come once, half are a hundred thousand
    who come again."""
    message, part = divmod(number, EACH)
    account = message * 7919 % ACCOUNTS
    domain = f"d{account % DOMAINS}.test"
    stage, verdict, text = _STEPS[part]
    if part == 4 and message % 100 == 0:
        stage, verdict, text = "helo", Verdict.REFUSED, "The name in its greeting is not its own"
    if part == 1 and message % 10_000 == 0:
        stage, verdict, text = "headers", Verdict.REFUSED, "A header as only abuse has it"
    sender = message if message % 2 else message * 31 % 100_000
    return TraceEvent(
        time=BEGIN + DAYS * 86400 / count * number,
        transaction=f"T{message:09X}",
        stage=stage,
        verdict=verdict,
        text=text,
        sender=f"s{sender}@remote{sender % 1000}.test",
        recipient=f"user{account}@{domain}",
        message_id=f"{message * 2_654_435_761 % (1 << 48):012x}@remote{sender % 1000}.test",
        account_id=account,
        domain=domain,
        facts={"size": 10_000 + number % 5000, "client": "192.0.2.7"},
    )


def questions(count: int) -> dict[str, dict[str, object]]:
    """By what they are called here: arguments of `TraceLog.find`."""
    chosen = event((count // EACH // 3 | 1) * EACH, count)
    noon = BEGIN + DAYS * 86400 / 2
    return {
        "one message, by its transaction": {"transaction": chosen.transaction},
        "one message, by its Message-ID": {"message_id": chosen.message_id},
        "a Message-ID that never was": {"message_id": "never@remote.test"},
        "a recipient": {"address": chosen.recipient},
        "a recipient, on one day": {
            "address": chosen.recipient, "since": noon, "until": noon + 86400,
        },
        "a sender who came once": {"address": chosen.sender},
        "an address that never was": {"address": "never@nowhere.test"},
        "an account, what was deferred": {
            "account_id": chosen.account_id, "verdict": Verdict.DEFERRED,
        },
        "all, in one minute": {"since": noon, "until": noon + 60},
        "the newest of all": {},
        "what was refused": {"verdict": Verdict.REFUSED},
        "what was refused by a header": {"stage": "headers", "verdict": Verdict.REFUSED},
        "a verdict that never was": {"verdict": Verdict.BOUNCED},
        "a domain": {"domain": chosen.domain},
        "a domain, what was refused by a header": {
            "domain": chosen.domain, "stage": "headers", "verdict": Verdict.REFUSED,
        },
        "a domain, what was refused on one day": {
            "domain": chosen.domain, "verdict": Verdict.REFUSED, "since": noon,
            "until": noon + 86400,
        },
    }  # fmt: skip


class TooLong(Exception):
    """It is given up."""


def fill(log: TraceLog, count: int, until: float) -> tuple[float, float]:
    """Processor seconds for adding and writing (without making the events), and for sealing."""
    wrote = sealed = 0.0
    batch: list[TraceEvent] = []
    unsealed = 0

    def write() -> None:
        nonlocal wrote, sealed, unsealed
        began = time.process_time()
        for made in batch:
            log.add(made)
        log.flush()
        wrote += time.process_time() - began
        unsealed += len(batch)
        batch.clear()
        if unsealed >= SEGMENT_EVENTS:
            began = time.process_time()
            log.tidy()
            sealed += time.process_time() - began
            unsealed = 0
        if time.monotonic() > until:
            raise TooLong

    for number in range(count):
        batch.append(event(number, count))
        if len(batch) == BATCH:
            write()
    write()
    log.tidy()
    return wrote, sealed


def measured(ask: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the processor and of the clock, the best of RUNS."""
    best = clock = float("inf")
    for _ in range(RUNS):
        began, cpu = time.perf_counter(), time.thread_time()
        ask()
        best = min(best, time.thread_time() - cpu)
        clock = min(clock, time.perf_counter() - began)
    return best, clock


def forget(path: Path) -> None:
    """Nothing of the file is in memory any more."""
    for part in path.parent.iterdir():
        with part.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--minutes", type=float, default=15)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="alphorn-trace-"))
    path = folder / "trace.sqlite"
    try:
        return _run(path, args.events, time.monotonic() + 60 * args.minutes)
    except TooLong:
        print(f"given up after {args.minutes:g} minutes", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder)


def _run(path: Path, count: int, until: float) -> int:
    log = TraceLog(path)
    wrote, sealed = fill(log, count, until)
    octets = path.stat().st_size
    print(
        f"{count:,} events: {1e6 * wrote / count:.1f} µs to write each, "
        f"{1e6 * sealed / count:.1f} µs to seal, {octets / count:.0f} octets\n"
    )
    print("| what is asked | events | ms of processor | ms | ms, nothing in memory |")
    print("|---|---|---|---|---|")
    slowest = 0.0
    for name, wanted in questions(count).items():
        ask = partial(log.find, **wanted, limit=LIMIT)  # type: ignore[arg-type]
        found = len(ask())
        processor, clock = measured(ask)
        log.close()
        forget(path)
        log = TraceLog(path)
        began = time.perf_counter()
        log.find(**wanted, limit=LIMIT)  # type: ignore[arg-type]
        cold = time.perf_counter() - began
        slowest = max(slowest, processor)
        print(
            f"| {name} | {found} | {1e3 * processor:.1f} | {1e3 * clock:.1f} | {1e3 * cold:.0f} |"
        )
    log.close()
    return 0 if slowest <= PROMISE else 1


if __name__ == "__main__":
    sys.exit(main())
