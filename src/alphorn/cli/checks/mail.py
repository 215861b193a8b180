"""Is mail leaving, and are the mailboxes sound?"""

import random
from collections.abc import Iterator, Sequence

from alphorn.base.errors import AlphornError
from alphorn.cli.checks.finding import Finding, error, ok, warning
from alphorn.queue.listing import Health
from alphorn.store.api import Store

OLD_SECONDS = 86400.0
SAMPLE = 5


def queue(health: Health, now: float) -> Iterator[Finding]:
    if health.overdue and not health.runners:
        yield error(
            "queue",
            f"{health.overdue} deliveries are overdue: nobody works on the queue.",
            "Run the service with the role queue.",
        )
    elif health.overdue:
        yield warning(
            "queue",
            f"{health.overdue} deliveries wait for their turn: more is sent than goes out.",
            "Raise queue.connections or queue.connections_per_destination, if it stays so.",
        )
    if health.oldest is not None and now - health.oldest > OLD_SECONDS:
        hours = int((now - health.oldest) // 3600)
        yield warning(
            "queue",
            f"{health.messages} messages wait, the oldest since {hours} hours.",
            "See why: alphorn queue list",
        )
    elif not health.overdue:
        waiting = f"{health.messages} messages wait" if health.messages else "Nothing waits"
        yield ok("queue", f"{waiting} in the queue.")
    if health.held:
        yield warning(
            "queue",
            f"{health.held} recipients are held back.",
            "Look at them: alphorn queue list; let them go: alphorn queue release --all",
        )


def accounts(store: Store, known: Sequence[int]) -> Iterator[Finding]:
    """`known` are the accounts of the control plane; some are looked into at random."""
    missing = [account for account in known if not store.exists(account)]
    if missing:
        yield error(
            "store",
            f"{len(missing)} accounts have no mail file, among them account {missing[0]}.",
            "Restore the folder accounts from a backup.",
        )
    there = [account for account in known if account not in set(missing)]
    sample = random.sample(there, min(SAMPLE, len(there)))
    damaged = False
    for account in sample:
        try:
            problems = store.account(account).check()
        except AlphornError as problem:
            problems = [problem.text]
        for text in problems:
            damaged = True
            yield error("store", f"Account {account}: {text}", "Restore its file from a backup.")
    if not missing and not damaged:
        looked = f", {len(sample)} looked into" if sample else ""
        yield ok("store", f"{len(there)} accounts are there{looked}.")
