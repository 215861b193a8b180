"""Measure Alphorn, and beside it Postfix + Dovecot where they are installed.

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
from pathlib import Path

from bench.measures import MEASURES, Bench, Sizes
from bench.peers import alphorn, base, postfix_dovecot

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
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measures", default=",".join(MEASURES), help="of " + ",".join(MEASURES))
    parser.add_argument("--alone", action="store_true", help="leave Postfix + Dovecot out")
    parser.add_argument("--quick", action="store_true", help="small counts: does everything work?")
    parser.add_argument("--json", type=Path, help="write every value of every round here too")
    parser.add_argument("--shared", type=Path, default=HERE.parent.parent / "shared" / "data")
    options = parser.parse_args()

    peers: list[type[base.Server]] = [alphorn.Alphorn]
    reason = postfix_dovecot.PostfixDovecot.available()
    if reason:
        print(f"Postfix + Dovecot: {reason}; measuring Alphorn alone.")
    elif not options.alone:
        peers.append(postfix_dovecot.PostfixDovecot)
    sizes = Sizes.quick() if options.quick else Sizes()
    work = Path(tempfile.gettempdir(), f"alphorn-bench-{os.getuid()}")
    work.mkdir(exist_ok=True)
    generator = build(work)
    results: dict[str, dict[str, list[float]]] = {peer.name: {} for peer in peers}
    units: dict[str, str] = {}
    versions: dict[str, str] = {}
    failures = 0
    for turn in range(options.rounds):
        for peer in peers if turn % 2 == 0 else reversed(peers):
            state = Path(tempfile.mkdtemp(prefix="state-", dir=work))
            server = peer(state)
            try:
                server.start()
                versions[peer.name] = server.version()
                bench = Bench(server, generator, work, sizes, options.shared)
                for measure in options.measures.split(","):
                    try:
                        for name, value, unit in getattr(bench, measure)():
                            results[peer.name].setdefault(name, []).append(value)
                            units[name] = unit
                            print(
                                f"{turn + 1} {peer.name}: {name}: {number(value)} {unit}",
                                file=sys.stderr,
                            )
                    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
                        failures += 1
                        print(f"{turn + 1} {peer.name}: {measure} failed: {error}", file=sys.stderr)
            finally:
                server.stop()
                if not os.environ.get("KEEP_STATE"):
                    shutil.rmtree(state, ignore_errors=True)
    if options.json:
        options.json.write_text(
            json.dumps({"versions": versions, "units": units, "results": results}, indent=1)
        )
    print(
        f"\n{os.cpu_count()} processors, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()};"
    )
    print("; ".join(f"{name}: {version}" for name, version in versions.items()))
    print(f"rounds: {options.rounds}; medians (smallest–largest)\n")
    print(table(results, units, [peer.name for peer in peers]))
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
