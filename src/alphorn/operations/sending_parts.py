"""The parts that guard mail on its way out, as they are handed around."""

from collections.abc import Callable
from dataclasses import dataclass

from alphorn.base.trace import TraceEvent
from alphorn.operations.notices import Notices
from alphorn.operations.targets import Targets
from alphorn.operations.watch import Watch
from alphorn.store.domain_records import DomainRecords


@dataclass(frozen=True, slots=True)
class SendingParts:
    """What a lock on sending reaches beside the control plane.

    `hold` holds what an account submitted since a time and is in the queue, and gives how many
    recipients that were; `release` lets go what is held of it; `forgive` forgets how the account
    behaved. All raise Unavailable."""

    hold: Callable[[int, float], int]
    release: Callable[[int], int]
    forgive: Callable[[int], None]
    notices: Notices
    trace: Callable[[TraceEvent], None]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One of each per process. `targets` watches where mail is sent on to; `records` is what was
    found of our domains in the DNS."""

    watch: Watch
    targets: Targets
    notices: Notices
    sending: SendingParts
    records: DomainRecords
