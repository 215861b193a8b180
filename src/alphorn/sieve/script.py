"""A script that was compiled: a value to keep."""

from dataclasses import dataclass, field

from alphorn.sieve.limits import Limits
from alphorn.sieve.table import Step


@dataclass(frozen=True, slots=True)
class Script:
    """`source` is its text. `capabilities` are what it requires, in order, `shared` the variables
    that it declares global, `includes` the scripts it names: location, name, and whether
    one may be missing; `redirects` the addresses that it names to send on to."""

    source: str
    body: Step = field(repr=False, compare=False)
    capabilities: tuple[str, ...] = ()
    shared: frozenset[str] = frozenset()
    includes: tuple[tuple[str, str, bool], ...] = ()
    limits: Limits = field(default_factory=Limits)
    redirects: tuple[str, ...] = ()
