"""Where everything lies in the data folder."""

from dataclasses import dataclass
from pathlib import Path

from alphorn.base import settings


@dataclass(frozen=True, slots=True)
class Layout:
    """`run` holds what belongs to the running service only; the rest is worth a backup."""

    root: Path

    @property
    def settings(self) -> Path:
        return self.root / settings.FILE_NAME

    @property
    def control(self) -> Path:
        return self.root / "control.sqlite"

    @property
    def accounts(self) -> Path:
        return self.root / "accounts"

    @property
    def queue(self) -> Path:
        return self.root / "queue.sqlite"

    @property
    def state(self) -> Path:
        return self.root / "state.sqlite"

    @property
    def door(self) -> Path:
        return self.root / "door.sqlite"

    @property
    def spam_model(self) -> Path:
        return self.root / "spam.model"

    @property
    def spam_lessons(self) -> Path:
        return self.root / "spam.sqlite"

    @property
    def reported(self) -> Path:
        return self.root / "reported.sqlite"

    @property
    def behaviour(self) -> Path:
        return self.root / "behaviour.sqlite"

    @property
    def redirects(self) -> Path:
        return self.root / "redirects.sqlite"

    @property
    def visitors(self) -> Path:
        return self.root / "visitors.sqlite"

    @property
    def domain_records(self) -> Path:
        return self.root / "records.sqlite"

    @property
    def trace(self) -> Path:
        return self.root / "trace.sqlite"

    @property
    def tls(self) -> Path:
        return self.root / "tls"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def gateways(self) -> Path:
        return self.root / "gateways"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def bus(self) -> Path:
        return self.run / "bus"

    @property
    def rates(self) -> Path:
        return self.run / "rates"

    @property
    def metrics(self) -> Path:
        return self.run / "metrics"
