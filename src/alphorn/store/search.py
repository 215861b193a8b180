"""Searching a mailbox: what the database can answer first, then the texts of what is left."""

from collections.abc import Sequence

from alphorn.base import query as q
from alphorn.base.errors import Unavailable
from alphorn.store import indexing, mailboxes
from alphorn.store.conditions import ALWAYS, Condition, all_of, condition
from alphorn.store.database import Columns, Database, Kind
from alphorn.store.fulltext import FullText, Wanted, Where

_FOUND: Columns = (("m.uid", Kind.INTEGER), ("m.content", Kind.INTEGER))
_INDEX_AT_MOST = 1_000_000

Scope = dict[int, int]
"""UID to content, of the messages that are still in question."""


def search(database: Database, mailbox_id: int, query: q.Query, now: int) -> Sequence[int]:
    """UIDs, ascending."""
    if _needs_text(query):
        try:
            indexing.index(database, _INDEX_AT_MOST)
        except Unavailable:
            pass  # a full disk must not keep people from searching; it only takes longer
    return sorted(_Search(database, mailbox_id, now).matching(query, None))


class _Search:
    """One search in one mailbox."""

    __slots__ = ("_database", "_mailbox", "_now", "_text")

    def __init__(self, database: Database, mailbox_id: int, now: int) -> None:
        self._database = database
        self._mailbox = mailbox_id
        self._now = now
        self._text = FullText(database)

    def matching(self, query: q.Query, scope: Scope | None) -> Scope:
        """Those of the scope (None: the whole mailbox) that match."""
        with self._database.glancing() as tx:
            simple = condition(query, tx, self._now)
        if simple is not None:
            return self._select(simple, scope)
        match query:
            case q.And(parts):
                return self._all(parts, scope)
            case q.Or(parts):
                scope = self._whole(scope)
                found: Scope = {}
                for part in parts:
                    left = {uid: scope[uid] for uid in scope.keys() - found.keys()}
                    found |= self.matching(part, left)
                return found
            case q.Not(part):
                scope = self._whole(scope)
                gone = self.matching(part, scope)
                return {uid: scope[uid] for uid in scope.keys() - gone.keys()}
            case q.Header(name, text):
                return self._texts(Wanted(text, Where.FIELD, name), scope)
            case q.Body(text):
                return self._texts(Wanted(text, Where.BODY), scope)
            case q.Text(text):
                return self._texts(Wanted(text, Where.ANYWHERE), scope)
            case q.Uids(uids):
                scope = self._whole(scope)
                return {uid: content for uid, content in scope.items() if uid in uids}
        raise AssertionError(query)

    def _all(self, parts: Sequence[q.Query], scope: Scope | None) -> Scope:
        """What the database answers narrows the scope for what needs texts."""
        simple: list[Condition] = []
        others: list[q.Query] = []
        with self._database.glancing() as tx:
            for part in parts:
                found = condition(part, tx, self._now)
                if found is None:
                    others.append(part)
                else:
                    simple.append(found)
        scope = self._select(all_of(simple), scope)
        for part in others:
            if not scope:
                break
            scope = self.matching(part, scope)
        return scope

    def _select(self, simple: Condition, scope: Scope | None) -> Scope:
        if simple is ALWAYS and scope is not None:
            return scope
        joined = " JOIN content c ON c.id = m.content" if "c." in simple.sql else ""
        with self._database.reading() as tx:
            if scope is None:
                mailboxes.must_exist(tx, self._mailbox)
            rows = tx.table(
                _FOUND,
                f"FROM message m{joined} WHERE m.mailbox = ? AND {simple.sql}",
                (self._mailbox, *simple.parameters),
            )
        if scope is None:
            return dict(rows)
        return {uid: content for uid, content in rows if uid in scope}

    def _whole(self, scope: Scope | None) -> Scope:
        return self._select(ALWAYS, None) if scope is None else scope

    def _texts(self, wanted: Wanted, scope: Scope | None) -> Scope:
        scope = self._whole(scope)
        found = self._text.find(wanted, frozenset(scope.values()))
        return {uid: content for uid, content in scope.items() if content in found}


def _needs_text(query: q.Query) -> bool:
    match query:
        case q.Header() | q.Body() | q.Text():
            return True
        case q.Not(part):
            return _needs_text(part)
        case q.And(parts) | q.Or(parts):
            return any(map(_needs_text, parts))
    return False
