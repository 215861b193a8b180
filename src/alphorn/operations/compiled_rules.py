"""The rules of accounts, compiled and kept as long as their owners leave them as they are."""

import threading
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from alphorn.base import script_names
from alphorn.operations.answering import Prepared, prepared
from alphorn.operations.filter_plan import Spot
from alphorn.sieve.actions import Line
from alphorn.sieve.compiler import compile_script
from alphorn.sieve.errors import RunError, ScriptError
from alphorn.sieve.filters.layout import layout
from alphorn.sieve.run import Run
from alphorn.sieve.script import Script
from alphorn.sieve.table import Signal
from alphorn.store.api import Account, Rules

MAX_ACCOUNTS = 2000
MAX_OCTETS = 16 << 20
"""Characters of source in all that is kept; compiled it is several times that."""
FILTERS = "\0filters"
"""Under which the filters are run: no script is called so."""
RESPONDER = "\0responder"


@dataclass(frozen=True, slots=True)
class Names:
    """The filters by the lines on which they stand; `begins` ascends."""

    begins: tuple[int, ...] = ()
    rows: tuple[tuple[int, str], ...] = ()
    """The last line of each, and its name."""

    def of(self, line: int) -> str:
        at = bisect_right(self.begins, line) - 1
        return self.rows[at][1] if at >= 0 and line <= self.rows[at][0] else ""


@dataclass(slots=True)
class Compiled:
    """`scripts` are run one after the other, `responder` behind them, by itself. What was looked
    for by its name is in `included`: None for none such, or what is wrong with it."""

    version: int
    scripts: tuple[tuple[str, Script], ...]
    names: Names
    octets: int
    responder: tuple[Script, Prepared] | None = None
    included: dict[str, Script | ScriptError | None] = field(default_factory=dict)

    def by(self, line: Line | None) -> str:
        """Which rule stands there, as it goes on a sentence: "by your filter “Invoices”"."""
        return f"by {self.spot(line.script, line.number)}" if line is not None else ""

    def spot(self, script: str, line: int) -> Spot:
        """A line of what was run under a name, 0 for the whole."""
        if script == RESPONDER:
            return Spot("responder")
        if script != FILTERS:
            return Spot("script", shown(script), line)
        name = self.names.of(line)
        return Spot("filter", shown(name)) if name else Spot("filters", "", line)

    def script(self, mail: Account, name: str) -> Script | None:
        """Another script of the account. Raises ScriptError, Unavailable."""
        name = script_names.normal(name)
        if name not in self.included:
            sources = {one.name: one.source for one in mail.scripts()}
            self.included[name] = _compiled(sources[name]) if name in sources else None
        found = self.included[name]
        if isinstance(found, ScriptError):
            raise ScriptError(found.problems)
        return found


class CompiledRules:
    """One per process; may be called from any thread."""

    def __init__(self, accounts: int = MAX_ACCOUNTS, octets: int = MAX_OCTETS) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, Compiled] = OrderedDict()
        self._accounts = accounts
        self._room = octets

    def of(self, mail: Account, account_id: int, version: int) -> Compiled:
        """The rules as they are now; `version` is what the account says of it at this moment.
        Raises Unavailable."""
        with self._lock:
            kept = self._kept.get(account_id)
            if kept is not None and kept.version == version:
                self._kept.move_to_end(account_id)
                return kept
        made = compile_rules(mail, mail.rules())
        with self._lock:
            before = self._kept.pop(account_id, None)
            self._room += before.octets if before is not None else 0
            self._kept[account_id] = made
            self._room -= made.octets
            while len(self._kept) > 1 and (self._room < 0 or len(self._kept) > self._accounts):
                _, oldest = self._kept.popitem(last=False)
                self._room += oldest.octets
        return made


def compile_rules(mail: Account, rules: Rules) -> Compiled:
    """A script that is wrong, though it was checked when it was stored, fails when it is run."""
    scripts = []
    names = Names()
    if rules.filters:
        filters = _compiled(rules.filters)
        if isinstance(filters, Script):
            names = filter_names(rules.filters)
        scripts.append((FILTERS, _runnable(rules.filters, filters)))
    if rules.script:
        scripts.append((rules.script_name, _runnable(rules.script, _compiled(rules.script))))
    found = prepared(mail, rules.responders)
    return Compiled(
        rules.version,
        tuple(scripts),
        names,
        len(rules.filters) + len(rules.script) + (len(found.source) if found else 0),
        (_runnable(found.source, _compiled(found.source)), found) if found is not None else None,
    )


def compile_one(name: str, source: str) -> Compiled:
    """A script that is run by itself. Its number is the same for as long as it is the same."""
    digest = blake2b(f"{name}\0{source}".encode("utf-8", "replace"), digest_size=6).digest()
    number = int.from_bytes(digest, "big")
    return Compiled(number, ((name, _kept(source)),), Names(), len(source))


@lru_cache(maxsize=16)
def _kept(source: str) -> Script:
    return _runnable(source, _compiled(source))


def filter_names(source: str) -> Names:
    """Where the filters stand in their text, which compiles."""
    found = layout(source)
    begins, rows = [], []
    for at, name in sorted(found.names.items()):
        begins.append(source.count("\n", 0, at) + 1)
        rows.append((source.count("\n", 0, found.ends.get(at, len(source))) + 1, name))
    return Names(tuple(begins), tuple(rows))


def shown(name: str) -> str:
    """A name as it can stand in a sentence."""
    return " ".join(script_names.normal(name).split())[:100]


def _compiled(source: str) -> Script | ScriptError:
    try:
        return compile_script(source)
    except ScriptError as error:
        return error


def _runnable(source: str, found: Script | ScriptError) -> Script:
    """One that is wrong fails where it is run."""
    if isinstance(found, Script):
        return found
    first = found.problems[0]

    def body(run: Run) -> Signal:
        raise RunError(f"it has mistakes: {first}")

    return Script(source, body)
