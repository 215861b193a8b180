"""What an account has learned of messages: counts of tokens, and what each message counted as.

A message counts once, whatever it is moved about: what it counted as is remembered, and a lesson
that says otherwise takes the old one back first. Tokens are random 64-bit numbers; each lesson
touches some hundred pages of a large model, so lessons come together where they can.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from alphorn.store.api import Judgement, Learned, Lesson, Taught
from alphorn.store.database import Columns, Database, Kind, Transaction
from alphorn.store.limits import FORGOTTEN_SHARE, MAX_JUDGED, MAX_TOKENS

DAY = 86400
_MAX_COUNT = (1 << 31) - 1
_TOKEN: Columns = (("token.key", Kind.INTEGER), ("spam", Kind.INTEGER), ("ham", Kind.INTEGER))
_JUDGED: Columns = (("message", Kind.INTEGER), ("spam", Kind.INTEGER), ("person", Kind.INTEGER))
_NOTHING = (0, 0)
_HALF = 1 << 63

Totals = tuple[int, int, int, int, int]
"""The row of `learned`: spam, ham, tokens, judged, names."""


class Model:
    """As `api.Counts`, with these totals."""

    __slots__ = ("_database", "_totals")

    def __init__(self, database: Database, learned: Learned) -> None:
        self._database = database
        self._totals = learned.spam, learned.ham

    def totals(self) -> tuple[int, int]:
        return self._totals

    def lookup(self, keys: Sequence[int]) -> Sequence[tuple[int, int]]:
        if self._totals == _NOTHING:
            return [_NOTHING] * len(keys)
        keys = [key if -_HALF <= key < _HALF else signed(key) for key in keys]
        with self._database.glancing() as tx:
            get = _counts(tx, keys).get
        return [get(key, _NOTHING) for key in keys]


def signed(key: int) -> int:
    """A 64-bit integer as every database has it."""
    key &= 0xFFFF_FFFF_FFFF_FFFF
    return key - (1 << 64) if key >> 63 else key


def totals(tx: Transaction) -> Totals:
    row: Totals | None = tx.execute(
        "SELECT spam, ham, tokens, judged, names FROM learned WHERE id = 1"
    ).fetchone()
    return (0, 0, 0, 0, 0) if row is None else row


def learned(tx: Transaction) -> Learned:
    spam, ham, tokens, _, names = totals(tx)
    return Learned(spam, ham, tokens, names)


def write_totals(tx: Transaction, row: Totals) -> None:
    tx.execute(
        "INSERT INTO learned (id, spam, ham, tokens, judged, names) VALUES (1, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET spam = excluded.spam, ham = excluded.ham,"
        " tokens = excluded.tokens, judged = excluded.judged, names = excluded.names",
        row,
    )


def judgements(tx: Transaction, messages: Sequence[int]) -> dict[int, Judgement]:
    """Keyed by the numbers as they were given."""
    given = {signed(message): message for message in messages}
    rows = tx.table(_JUDGED, tx.listed("FROM judged WHERE message IN EACH"), (tx.numbers(given),))
    return {given[key]: Judgement(bool(spam), bool(person)) for key, spam, person in rows}


def learn(tx: Transaction, lessons: Sequence[Lesson], now: int) -> list[Taught]:
    day = now // DAY
    known = {signed(m): j for m, j in judgements(tx, [one.message for one in lessons]).items()}
    before = dict(known)
    change: tuple[Counter[int], Counter[int]] = Counter(), Counter()  # of ham, of spam
    messages = [0, 0]
    taught = []
    for lesson in lessons:
        key = signed(lesson.message)
        old = known.get(key)
        was = None if old is None else old.spam
        if old is not None and old.by_person and not lesson.by_person:
            taught.append(Taught(was, was))
            continue
        if lesson.spam is None:
            known.pop(key, None)
        else:
            known[key] = Judgement(lesson.spam, lesson.by_person)
        taught.append(Taught(was, lesson.spam))
        if was is not lesson.spam:
            tokens = {signed(token) for token in lesson.tokens}
            for kind, step in ((was, -1), (lesson.spam, 1)):
                if kind is not None:
                    messages[kind] += step
                    _add(change[kind], tokens, step)
    if known == before:
        return taught
    spam, ham, tokens_known, judged, names = totals(tx)
    tokens_known += _count(tx, change, day)
    _judge(tx, before, known, day)
    judged += len(known) - len(before)
    if tokens_known > MAX_TOKENS:
        tokens_known -= _forget_tokens(tx)
    if judged > MAX_JUDGED:
        judged -= _forget_judged(tx)
    spam, ham = max(0, spam + messages[True]), max(0, ham + messages[False])
    write_totals(tx, (spam, ham, tokens_known, judged, names))
    return taught


def unlearn_all(tx: Transaction) -> None:
    *_, names = totals(tx)
    tx.execute("DELETE FROM token")
    tx.execute("DELETE FROM judged")
    write_totals(tx, (0, 0, 0, 0, names))


def _add(counter: Counter[int], tokens: Iterable[int], step: int) -> None:
    if step > 0:
        counter.update(tokens)
    else:
        counter.subtract(tokens)


def _counts(tx: Transaction, keys: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Asked for in the order of the table, so that each of its pages is read once."""
    source = tx.listed("FROM EACH AS asked CROSS JOIN token WHERE token.key = asked.value")
    rows = tx.table(_TOKEN, source, (tx.numbers(sorted(keys)),))
    return {key: (spam, ham) for key, spam, ham in rows}


def _count(tx: Transaction, change: tuple[Counter[int], Counter[int]], day: int) -> int:
    """Change the counts of tokens; how many more of them there are. None falls below nought."""
    of_ham, of_spam = change
    keys = sorted(of_ham.keys() | of_spam.keys())  # neighbours on one page after each other
    found = _counts(tx, keys)
    rows = []
    gone = []
    for key in keys:
        spam, ham = found.get(key, _NOTHING)
        spam = min(max(0, spam + of_spam[key]), _MAX_COUNT)
        ham = min(max(0, ham + of_ham[key]), _MAX_COUNT)
        if spam or ham:
            rows.append((key, spam, ham, day))
        elif key in found:
            gone.append((key,))
    tx.executemany(
        "INSERT INTO token (key, spam, ham, day) VALUES (?, ?, ?, ?) ON CONFLICT (key)"
        " DO UPDATE SET spam = excluded.spam, ham = excluded.ham, day = excluded.day",
        rows,
    )
    tx.executemany("DELETE FROM token WHERE key = ?", gone)
    return sum(row[0] not in found for row in rows) - len(gone)


def _judge(
    tx: Transaction, before: Mapping[int, Judgement], after: Mapping[int, Judgement], day: int
) -> None:
    rows = [
        (message, int(judgement.spam), int(judgement.by_person), day)
        for message, judgement in after.items()
        if before.get(message) != judgement
    ]
    tx.executemany(
        "INSERT INTO judged (message, spam, person, day) VALUES (?, ?, ?, ?) ON CONFLICT (message)"
        " DO UPDATE SET spam = excluded.spam, person = excluded.person, day = excluded.day",
        rows,
    )
    gone = [(message,) for message in before if message not in after]
    tx.executemany("DELETE FROM judged WHERE message = ?", gone)


def _forget_tokens(tx: Transaction) -> int:
    """Those seen in one message only go first, and among equals those seen longest ago."""
    return tx.execute(
        "DELETE FROM token WHERE key IN (SELECT key FROM token"
        " ORDER BY CASE WHEN spam + ham > 1 THEN 1 ELSE 0 END, day LIMIT ?)",
        (MAX_TOKENS // FORGOTTEN_SHARE,),
    ).rowcount


def _forget_judged(tx: Transaction) -> int:
    return tx.execute(
        "DELETE FROM judged WHERE message IN (SELECT message FROM judged ORDER BY day LIMIT ?)",
        (MAX_JUDGED // FORGOTTEN_SHARE,),
    ).rowcount
