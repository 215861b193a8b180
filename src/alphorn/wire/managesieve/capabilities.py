"""What we announce, to whom: one table (RFC 5804 §1.7)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of a connection now. `sieve` are the extensions that scripts can require,
    `notify` the methods of notification, `redirects` how many one message may cause. `mechanisms`
    are () where passwords must not travel. `owner` is who is logged in, "" for nobody."""

    implementation: str
    sieve: tuple[str, ...]
    notify: tuple[str, ...]
    redirects: int
    mechanisms: tuple[str, ...] = ()
    starttls: bool = False
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """`value` gives what stands behind the name: "" is a value too. Without `holds` the row is
    left out."""

    name: str
    value: Callable[[Facts], str] | None
    holds: Callable[[Facts], bool] = lambda facts: True


TABLE = (
    Row("IMPLEMENTATION", lambda facts: facts.implementation),
    Row("VERSION", lambda facts: VERSION),
    Row("SASL", lambda facts: " ".join(facts.mechanisms)),
    Row("SIEVE", lambda facts: " ".join(facts.sieve)),
    Row("NOTIFY", lambda facts: " ".join(facts.notify), lambda facts: bool(facts.notify)),
    Row("MAXREDIRECTS", lambda facts: str(facts.redirects)),
    Row("UNAUTHENTICATE", None),
    Row("STARTTLS", None, lambda facts: facts.starttls),
    Row("OWNER", lambda facts: facts.owner, lambda facts: bool(facts.owner)),
)


def lines(facts: Facts) -> Iterator[tuple[str, str | None]]:
    """Names with their values, in the order of the table; `render.capabilities` writes them."""
    for row in TABLE:
        if row.holds(facts):
            yield row.name, None if row.value is None else row.value(facts)
