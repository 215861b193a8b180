"""What the command line of `alphorn serve` asked for; settings say the rest."""

import os
from dataclasses import dataclass
from pathlib import Path

from alphorn.base import settings as table
from alphorn.base.layout import Layout
from alphorn.base.settings import Settings


def cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Launch:
    """`local` binds high ports on loopback, and without `strict` spares clients there the checks
    that make no sense among neighbours. `workers` and `roles` override the settings."""

    data: Path
    local: bool = False
    strict: bool = False
    workers: int | None = None
    port_offset: int = 0
    roles: tuple[str, ...] | None = None

    @property
    def lenient(self) -> bool:
        """Whether clients on loopback are exempt from per-client limits and public DNS."""
        return self.local and not self.strict

    @property
    def layout(self) -> Layout:
        return Layout(self.data)

    def worker_count(self, settings: Settings) -> int:
        asked = settings[table.WORKERS] if self.workers is None else self.workers
        return asked or cores()

    def active_roles(self, settings: Settings) -> tuple[str, ...]:
        return settings[table.SERVE_ROLES] if self.roles is None else self.roles
