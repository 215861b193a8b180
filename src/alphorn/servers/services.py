"""What the servers and the command line are handed: every part of the service, built once.

Only the composition root (`alphorn.app.services`) makes one; nobody looks parts up elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

from alphorn.base.settings import Settings
from alphorn.base.trace import TraceEvent
from alphorn.directory.view import DirectoryView
from alphorn.operations.acquaintances import Acquaintances
from alphorn.operations.authenticate import Authenticator
from alphorn.operations.control import Control
from alphorn.operations.deliver import Delivery
from alphorn.operations.doorkeeper import Doorkeeper
from alphorn.operations.examine import Examiner
from alphorn.operations.imap_events import ImapEvents
from alphorn.operations.learn import Learning
from alphorn.operations.observe import Observer
from alphorn.operations.report import Reports
from alphorn.operations.sending_parts import Outgoing
from alphorn.operations.submit import Submission
from alphorn.queue.queue import Queue
from alphorn.servers.bus import Bus
from alphorn.servers.gateways import Gateways
from alphorn.store.api import Store
from alphorn.store.state import State
from alphorn.store.trace import TraceLog
from alphorn.store.visitors import Visitors


@dataclass(frozen=True, slots=True)
class Services:
    """One per process, made after the fork. `record` is how events get into the trace (and the
    figures); `close` gives back files and threads."""

    settings: Settings
    bus: Bus
    store: Store
    view: DirectoryView
    state: State
    trace: TraceLog
    record: Callable[[TraceEvent], None]
    queue: Queue
    authenticator: Authenticator
    door: Doorkeeper
    delivery: Delivery
    submission: Submission
    outgoing: Outgoing
    learning: Learning
    visitors: Visitors
    acquaintances: Acquaintances
    reports: Reports
    observer: Observer
    imap_events: ImapEvents
    examiner: Examiner
    gateways: Gateways
    open_control: Callable[[], Control]
    close: Callable[[], None]

    @property
    def control(self) -> Control:
        """What operations on the control plane take. The first use brings up the ORM, which workers
        do without."""
        return self.open_control()
