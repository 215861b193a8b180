"""Measure Alphorn, and beside it Postfix + Dovecot where they are installed; with all that guards
the door beside Postfix + Dovecot + Rspamd (`--measures protected`).

Both run on loopback ports with production durability and get the same load in alternation, so
that the drift of the machine falls on both alike. The table gives medians over the rounds and the
ratio of the two in the same run; absolute numbers of two machines do not compare.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import measures, names, protected, strangers
from bench.measures import Bench, Sizes
from bench.peers import base
from bench.peers.alphorn import Alphorn
from bench.peers.postfix_dovecot import PostfixDovecot
from bench.peers.postfix_dovecot_rspamd import PostfixDovecotRspamd
from bench.peers.protected import Protected

HERE = Path(__file__).resolve().parent
LESS_IS_BETTER = ("ms", "ms/msg", "MiB PSS", "KiB PSS", "octets/octet")


def build(work: Path) -> Path:
    """Compile the load generator, with TLS where OpenSSL's headers are there."""
    if not (compiler := shutil.which("cc")):
        raise SystemExit(
            "The load generator is C: install a compiler (Debian: apt-get install gcc libssl-dev)."
        )
    target = work / "load"
    command = [
        compiler,
        "-O2",
        "-D_GNU_SOURCE",
        "-pthread",
        str(HERE / "load.c"),
        "-o",
        str(target),
    ]
    if subprocess.run(
        [*command, "-DWITH_TLS", "-lssl", "-lcrypto"], capture_output=True
    ).returncode:
        print("No OpenSSL headers: logins over TLS are not measured (apt-get install libssl-dev).")
        subprocess.run(command, check=True)
    return target


def table(
    results: dict[str, dict[str, list[float]]], units: dict[str, str], servers: list[str]
) -> str:
    """A Markdown table of medians (smallest–largest), and how many times better the first is."""
    lines = [
        "| measure | unit | " + " | ".join(servers) + (" | ratio |" if len(servers) > 1 else " |")
    ]
    lines.append("|---" * (lines[0].count("|") - 1) + "|")
    for measure, unit in units.items():
        cells, medians = [], []
        for server in servers:
            values = results[server].get(measure, [])
            if not values:
                cells.append("–")
                continue
            medians.append(statistics.median(values))
            spread = f" ({number(min(values))}–{number(max(values))})" if len(values) > 1 else ""
            cells.append(number(medians[-1]) + spread)
        line = f"| {measure} | {unit} | " + " | ".join(cells)
        if len(servers) > 1:
            ratio = "–"
            if len(medians) == len(servers) and all(medians):
                times = (
                    medians[1] / medians[0] if unit in LESS_IS_BETTER else medians[0] / medians[1]
                )
                ratio = f"{times:.2g} ×" if times < 10 else f"{times:.0f} ×"
            line += f" | {ratio}"
        lines.append(line + " |")
    return "\n".join(lines)


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main() -> int:
    every = (*measures.MEASURES, *protected.MEASURES)
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measures", default=",".join(every), help="of " + ",".join(every))
    parser.add_argument("--alone", action="store_true", help="leave the other servers out")
    parser.add_argument("--quick", action="store_true", help="small counts: does everything work?")
    parser.add_argument("--json", type=Path, help="write every value of every round here too")
    parser.add_argument("--shared", type=Path, default=HERE.parent.parent / "shared" / "data")
    options = parser.parse_args()

    wanted = options.measures.split(",")
    work = Path(tempfile.gettempdir(), f"alphorn-bench-{os.getuid()}")
    work.mkdir(exist_ok=True)
    generator = build(work)
    print(
        f"\n{os.cpu_count()} processors, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; rounds: {options.rounds}; medians (smallest–largest)"
    )
    found = [
        contest.run(options, [name for name in wanted if name in contest.measures], work, generator)
        for contest in (
            Contest(Bench, measures.MEASURES, Alphorn, PostfixDovecot),
            ProtectedContest(protected.Bench, protected.MEASURES, Protected, PostfixDovecotRspamd),
        )
    ]
    if options.json:
        options.json.write_text(json.dumps([vars(one) for one in found], indent=1))
    return 1 if any(one.failures for one in found) else 0


@dataclass
class Outcome:
    """What all rounds of a contest came to; `results` is by server and measure."""

    results: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    failures: int = 0


@dataclass(frozen=True)
class Contest:
    """Two servers and what is measured of both."""

    bench: type[Bench]
    measures: Sequence[str]
    own: type[Alphorn]
    peer: type[PostfixDovecot]

    def prepare(self, work: Path) -> Callable[[], None]:
        """Before anything starts; what ends it."""
        return lambda: None

    def run(self, options: Namespace, wanted: list[str], work: Path, generator: Path) -> Outcome:
        """All rounds, in alternation, and their table."""
        outcome = Outcome()
        if not wanted:
            return outcome
        peers: list[type[base.Server]] = [self.own]
        if options.alone or (reason := self.peer.available()):
            print(f"{self.peer.name}: {'left out' if options.alone else reason}.")
        else:
            peers.append(self.peer)
        end = self.prepare(work)
        try:
            for turn in range(options.rounds):
                for peer in peers if turn % 2 == 0 else reversed(peers):
                    self.measure(peer, turn, options, wanted, work, generator, outcome)
        finally:
            end()
        print("; ".join(f"{name}: {version}" for name, version in outcome.versions.items()))
        print("\n" + table(outcome.results, outcome.units, [peer.name for peer in peers]))
        return outcome

    def measure(
        self,
        peer: type[base.Server],
        turn: int,
        options: Namespace,
        wanted: list[str],
        work: Path,
        generator: Path,
        outcome: Outcome,
    ) -> None:
        state = Path(tempfile.mkdtemp(prefix="state-", dir=work))
        server = peer(state)
        results = outcome.results.setdefault(peer.name, {})
        sizes = Sizes.quick() if options.quick else Sizes()
        try:
            server.start()
            outcome.versions[peer.name] = server.version()
            bench = self.bench(server, generator, work, sizes, options.shared)
            for measure in wanted:
                try:
                    for name, value, unit in getattr(bench, measure)():
                        results.setdefault(name, []).append(value)
                        outcome.units[name] = unit
                        said = f"{name}: {number(value)} {unit}"
                        print(f"{turn + 1} {peer.name}: {said}", file=sys.stderr)
                except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
                    outcome.failures += 1
                    print(f"{turn + 1} {peer.name}: {measure} failed: {error}", file=sys.stderr)
        finally:
            server.stop()
            if not os.environ.get("KEEP_STATE"):
                shutil.rmtree(state, ignore_errors=True)


class ProtectedContest(Contest):
    """With a DNS server beside both."""

    def prepare(self, work: Path) -> Callable[[], None]:
        if reason := names.Names.available():
            raise SystemExit(f"The protected deliveries need a DNS server; {reason}.")
        server = names.Names(work / "names", strangers.record(strangers.key(work)))
        server.start()
        return server.stop


if __name__ == "__main__":
    raise SystemExit(main())
