"""The public suites for SPF: their cases, and their zones as the DNS of the tests has them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.dns import Fault, Zone

KINDS = ("A", "AAAA", "MX", "PTR", "TXT", "CNAME")


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    ip: str
    sender: str
    helo: str
    results: tuple[str, ...]
    explanation: str | None
    zone: Zone


def cases(path: Path) -> Iterator[Case]:
    for scenario in yaml.safe_load_all(path.read_text("utf-8")):
        zone = _zone(scenario["zonedata"])
        for name, test in scenario["tests"].items():
            expected = test["result"]
            yield Case(
                name,
                str(test["host"]),
                test["mailfrom"],
                test["helo"],
                tuple(expected) if isinstance(expected, list) else (expected,),
                test.get("explanation"),
                zone,
            )


def _zone(data: dict[str, list[Any]]) -> Zone:
    """Records of the type SPF stand for TXT where a name has no TXT of its own: "TXT: NONE" says
    that it is to have none. TIMEOUT is the fate of each type that a name does not have."""
    zone: Zone = {}
    for name, entries in data.items():
        found: dict[str, list[str] | Fault] = {}
        spf: list[str] = []
        lost = False
        none = False
        for entry in entries:
            if entry == "TIMEOUT":
                lost = True
                continue
            [(kind, value)] = entry.items()
            if kind == "TXT" and value == "NONE":
                none = True
            elif kind == "SPF":
                spf.append(_text(value))
            else:
                records = found.setdefault(kind, [])
                assert isinstance(records, list)
                records.append(_record(kind, value))
        if spf and "TXT" not in found and not none:
            found["TXT"] = spf
        if lost:
            for kind in KINDS:
                found.setdefault(kind, Fault.TIMEOUT)
            found.pop("CNAME", None)
        zone[name.lower()] = found
    return zone


def _record(kind: str, value: Any) -> str:
    if kind == "MX":
        return f"{value[0]} {value[1] or '.'}"
    return _text(value)


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)
