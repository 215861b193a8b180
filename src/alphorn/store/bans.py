"""Offences and bans of client networks, in the file at the door.

Every process holds the bans that are in force in memory and looks each second whether any was
changed, so that asking for one costs no read. Offences are counted in the file: a measure for each
network and kind that fills with them and empties evenly within its window.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict

from alphorn.base.door import Ban, Evidence, Offence, Scope
from alphorn.base.network import NetworkMap
from alphorn.store.door import PORTION, Door, full, grow

REFRESH_SECONDS = 1.0
MAX_BANS = 100_000
MAX_OFFENCES = 200_000
MAX_SAMPLE = 200
_COLUMNS = "network, since, until, offence, scope, times, evidence, note, change"


class Bans:
    """Callable from any thread."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._force: NetworkMap[Ban] = NetworkMap()
        self._looked = float("-inf")
        self._change = -1

    # -- asking ------------------------------------------------------------------------------------

    def matching(self, address: str, now: float) -> Sequence[Ban]:
        """The bans in force that hold for a client at `address`; what other processes decided
        within the last second may be missing. Raises Unavailable where the file cannot be read;
        asked again soon it answers from memory."""
        if not self._looked <= now < self._looked + REFRESH_SECONDS:
            self._looked = now
            self._refresh(now)
        return [ban for ban in self._force.matching(address) if ban.until > now]

    def last(self, network: str) -> Ban | None:
        """The last ban of exactly this network, over or not, unless it was lifted. Raises
        Unavailable."""
        rows = self._select("WHERE network = ? AND until > 0", (network,))
        return rows[0] if rows else None

    def listed(self, now: float, *, over: bool = False, limit: int = 1000) -> Sequence[Ban]:
        """Those in force, newest first; with `over` also those that ended and are remembered.
        Raises Unavailable."""
        return self._select(
            "WHERE until > ? ORDER BY since DESC LIMIT ?", (0 if over else now, limit)
        )

    def evidence(self, network: str) -> Sequence[Evidence]:
        """What is counted against a network. Raises Unavailable."""
        with self._door.using() as connection:
            rows = connection.execute(
                "SELECT offence, count, since, last, level, sample FROM offence WHERE network = ?",
                (network,),
            )
            return [Evidence(Offence(kind), *rest) for kind, *rest in rows]

    # -- changing ----------------------------------------------------------------------------------

    def offended(
        self,
        network: str,
        offence: Offence,
        now: float,
        *,
        limit: int,
        window: int,
        weight: float = 1.0,
        sample: str = "",
    ) -> Evidence:
        """Count an offence, which fills the measure by `weight`; how things stand then. `limit`
        empties from the measure in `window` seconds. Raises Unavailable."""
        with self._door.transaction() as connection:
            row = connection.execute(
                "SELECT count, since, last, level FROM offence WHERE network = ? AND offence = ?",
                (network, offence.value),
            ).fetchone()
            after = _measured(offence, row, now, limit / window, weight, sample)
            connection.execute(
                "INSERT OR REPLACE INTO offence"
                " (network, offence, count, since, last, level, sample)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    network,
                    offence.value,
                    after.count,
                    after.since,
                    after.last,
                    after.level,
                    after.sample,
                ),
            )
            if row is None and not grow(connection, "offence", 1, MAX_OFFENCES):
                raise full()
        return after

    def put(self, ban: Ban) -> None:
        """Put the ban in force, instead of what was there for the network. Raises Unavailable."""
        with self._door.transaction() as connection:
            known = connection.execute(
                "SELECT 1 FROM ban WHERE network = ?", (ban.network,)
            ).fetchone()
            connection.execute(
                f"INSERT OR REPLACE INTO ban ({_COLUMNS})"  # noqa: S608
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?,"
                " (SELECT coalesce(max(change), 0) + 1 FROM ban))",
                _values(ban),
            )
            if known is None and not grow(connection, "ban", 1, MAX_BANS):
                raise full()
        self._looked = float("-inf")

    def remove(self, network: str) -> bool:
        """Lift the ban and forget what was counted; False where there was neither. Raises
        Unavailable."""
        with self._door.transaction() as connection:
            # The row stays for a while, so that other processes learn of it.
            lifted = connection.execute(
                "UPDATE ban SET until = 0, times = 0,"
                " change = (SELECT max(change) + 1 FROM ban) WHERE network = ? AND until > 0",
                (network,),
            ).rowcount
            offences = connection.execute(
                "DELETE FROM offence WHERE network = ?", (network,)
            ).rowcount
            grow(connection, "offence", -offences)
        self._looked = float("-inf")
        return lifted > 0 or offences > 0

    def purge(self, bans_until: float, offences_last: float) -> int:
        """Forget bans that ended before `bans_until` and offences of which the last was before
        `offences_last`; how many there were. Raises Unavailable."""
        return self._purge("ban", "until", bans_until) + self._purge(
            "offence", "last", offences_last
        )

    # -- inside ------------------------------------------------------------------------------------

    def _purge(self, table: str, column: str, before: float) -> int:
        removed = 0
        which = "network" if table == "ban" else "network, offence"
        while True:
            with self._door.transaction() as connection:
                gone = connection.execute(
                    f"DELETE FROM {table} WHERE ({which}) IN"  # noqa: S608
                    f" (SELECT {which} FROM {table} WHERE {column} < ? LIMIT ?)",
                    (before, PORTION),
                ).rowcount
                grow(connection, table, -gone)
            removed += gone
            if gone < PORTION:
                return removed

    def _refresh(self, now: float) -> None:
        # What is in memory changes within, too: for one thread at a time.
        with self._door.looking() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM ban WHERE change > ? ORDER BY change",  # noqa: S608
                (self._change,),
            ).fetchall()
            for *columns, change in rows:
                ban = _ban(columns)
                if ban.until > now:
                    self._force.put(ban.network, ban)
                else:
                    self._force.remove(ban.network)
                self._change = max(self._change, change)
            if rows:
                for ban in [ban for ban in self._force.values() if ban.until <= now]:
                    self._force.remove(ban.network)

    def _select(self, rest: str, values: Sequence[object]) -> list[Ban]:
        with self._door.using() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM ban {rest}",  # noqa: S608
                tuple(values),
            )
            return [_ban(columns) for *columns, _ in rows]


def _measured(
    offence: Offence,
    row: Sequence[float] | None,
    now: float,
    drain: float,
    weight: float,
    sample: str,
) -> Evidence:
    sample = sample[:MAX_SAMPLE].encode(errors="replace").decode()
    if row is None:
        return Evidence(offence, 1, now, now, weight, sample)
    count, since, last, level = row
    rest = max(0.0, level - max(0.0, now - last) * drain)
    if not rest:
        return Evidence(offence, 1, now, now, weight, sample)
    return Evidence(offence, int(count) + 1, since, now, rest + weight, sample)


def _values(ban: Ban) -> tuple[object, ...]:
    evidence = json.dumps([asdict(one) for one in ban.evidence], separators=(",", ":"))
    return (
        ban.network,
        ban.since,
        ban.until,
        ban.offence.value,
        ban.scope.value,
        ban.times,
        evidence,
        ban.note,
    )


def _ban(columns: Sequence[object]) -> Ban:
    network, since, until, offence, scope, times, evidence, note = columns
    return Ban(
        network=str(network),
        since=float(str(since)),
        until=float(str(until)),
        offence=Offence(str(offence)),
        scope=Scope(str(scope)),
        times=int(str(times)),
        evidence=tuple(
            Evidence(**{**one, "offence": Offence(one["offence"])})
            for one in json.loads(str(evidence))
        ),
        note=str(note),
    )
