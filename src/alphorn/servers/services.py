"""What the servers and the command line are handed: every part of the service, built once.

Only the composition root (`alphorn.app.services`) makes one; nobody looks parts up elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

from alphorn.base.settings import Settings


@dataclass(frozen=True, slots=True)
class Services:
    """One per process. `close` gives back files and threads."""

    settings: Settings
    close: Callable[[], None]
