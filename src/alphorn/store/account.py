"""One account, as `api.Account`, over any engine: each method is one transaction."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from alphorn.base.numbers import NumberSet
from alphorn.base.query import Query
from alphorn.store import (
    annotations,
    appending,
    books,
    checking,
    copying,
    fetching,
    indexing,
    learning,
    locating,
    mailboxes,
    remembering,
    removing,
    scripts,
    search,
    snapshots,
    sorting,
)
from alphorn.store.api import (
    Appended,
    Book,
    Changed,
    Changes,
    Column,
    Copy,
    Entry,
    FlagAction,
    FlagsChanged,
    Judgement,
    Learned,
    Lesson,
    Mailbox,
    NewMessage,
    Place,
    Remembered,
    Rules,
    Snapshot,
    SortKey,
    SpecialUse,
    StoredScript,
    Taught,
    Usage,
)
from alphorn.store.database import Database
from alphorn.store.flags import change
from alphorn.store.prepared import prepare, prepare_copies

_LIST = 0
"""What `Changed` is told for the list of mailboxes."""


class SqlAccount:
    """See `api.Account`, whose contracts are these methods'."""

    __slots__ = ("_changed", "_clock", "_database")

    def __init__(self, database: Database, clock: Callable[[], float], changed: Changed) -> None:
        self._database = database
        self._clock = clock
        self._changed = changed

    # -- mailboxes --

    def mailboxes(self) -> Sequence[Mailbox]:
        with self._database.reading() as tx:
            return mailboxes.every(tx)

    def subscriptions(self) -> Sequence[str]:
        with self._database.glancing() as tx:
            return mailboxes.subscriptions(tx)

    def mailbox(self, name: str) -> Mailbox:
        with self._database.glancing() as tx:
            return mailboxes.by_name(tx, name)

    def special(self, use: SpecialUse) -> Mailbox | None:
        with self._database.glancing() as tx:
            return mailboxes.by_use(tx, use)

    def create(self, name: str, special_use: SpecialUse | None = None) -> Mailbox:
        with self._database.writing() as tx:
            made = mailboxes.create(tx, name, special_use, self._now())
        self._tell(_LIST)
        return made

    def rename(self, old: str, new: str) -> None:
        now = self._now()
        with self._database.writing() as tx:
            mailbox, target = mailboxes.rename(tx, old, new, now)
            if target is not None:
                everything = NumberSet(((1, mailbox.uidnext),))
                copying.move(tx, mailbox.id, everything, target.id, now)
        self._tell(_LIST, *(() if target is None else (mailbox.id, target.id)))

    def delete(self, name: str) -> None:
        with self._database.writing() as tx:
            mailbox = mailboxes.delete(tx, name)
        self._tell(mailbox.id, _LIST)

    def subscribe(self, name: str, on: bool) -> None:
        with self._database.writing() as tx:
            mailboxes.subscribe(tx, name, on)
        self._tell(_LIST)

    def annotations(self, mailbox: str | None) -> Mapping[str, bytes]:
        with self._database.reading() as tx:
            return annotations.of(tx, mailbox)

    def annotated(self, entry: str) -> Mapping[int, bytes]:
        with self._database.glancing() as tx:
            return annotations.everywhere(tx, entry)

    def annotate(self, mailbox: str | None, values: Mapping[str, bytes | None]) -> None:
        with self._database.writing() as tx:
            annotations.annotate(tx, mailbox, values)

    # -- reading --

    def snapshot(self, mailbox_id: int) -> Snapshot:
        with self._database.reading() as tx:
            return snapshots.snapshot(tx, mailbox_id)

    def modseq(self, mailbox_id: int) -> int:
        with self._database.glancing() as tx:
            return mailboxes.modseq(tx, mailbox_id)

    def changes(self, mailbox_id: int, after_modseq: int) -> Changes:
        with self._database.reading() as tx:
            return snapshots.changes(tx, mailbox_id, after_modseq)

    def fetch(
        self,
        mailbox_id: int,
        uids: NumberSet,
        columns: Sequence[Column],
        changed_since: int = 0,
    ) -> Iterator[tuple[object, ...]]:
        return fetching.fetch(self._database, mailbox_id, uids, columns, changed_since)

    def search(self, mailbox_id: int, query: Query, now: int) -> Sequence[int]:
        return search.search(self._database, mailbox_id, query, now)

    def sort(
        self, mailbox_id: int, uids: Sequence[int], keys: Sequence[tuple[SortKey, bool]]
    ) -> Sequence[int]:
        return sorting.sort(self._database, mailbox_id, uids, keys)

    def usage(self) -> Usage:
        with self._database.glancing() as tx:
            return Usage(*mailboxes.usage(tx))

    # -- writing --

    def append(
        self,
        place: Place,
        messages: Sequence[NewMessage],
        quota: int | None = None,
        *,
        unruled: bool = False,
    ) -> Sequence[Appended]:
        if not messages:
            return ()
        prepared = [prepare(message) for message in messages]
        with self._database.writing() as tx:
            mailbox_id, made, appended = appending.append(
                tx, place, prepared, quota, self._now(), unruled=unruled
            )
        self._tell(*((_LIST,) if made else ()), mailbox_id)
        return appended

    def deliver(
        self,
        copies: Sequence[Copy],
        quota: int | None = None,
        remember: Sequence[Remembered] = (),
    ) -> Sequence[Appended]:
        if not copies and not remember:
            return ()
        places = [(copy.place, copy.create) for copy in copies]
        prepared = prepare_copies([copy.message for copy in copies])
        now = self._now()
        with self._database.writing() as tx:
            changed, made, appended = appending.deliver(tx, places, prepared, quota, now)
            if remember:
                remembering.remember(tx, remember, now)
        self._tell(*((_LIST,) if made else ()), *changed)
        return appended

    def flag(
        self,
        mailbox_id: int,
        uids: NumberSet,
        action: FlagAction,
        flags: int,
        keywords: frozenset[str] = frozenset(),
        unchanged_since: int | None = None,
    ) -> FlagsChanged:
        with self._database.writing() as tx:
            done = change(tx, mailbox_id, uids, action, flags, keywords, unchanged_since)
        if done.changed:
            self._tell(mailbox_id)
        return done

    def copy(
        self, mailbox_id: int, uids: NumberSet, target_id: int, quota: int | None = None
    ) -> Sequence[tuple[int, int]]:
        with self._database.writing() as tx:
            pairs = copying.copy(tx, mailbox_id, uids, target_id, quota, self._now())
        if pairs:
            self._tell(target_id)
        return pairs

    def move(self, mailbox_id: int, uids: NumberSet, target_id: int) -> Sequence[tuple[int, int]]:
        with self._database.writing() as tx:
            pairs = copying.move(tx, mailbox_id, uids, target_id, self._now())
        if pairs:
            self._tell(mailbox_id, target_id)
        return pairs

    def expunge(self, mailbox_id: int, uids: NumberSet | None = None) -> NumberSet:
        with self._database.writing() as tx:
            gone = removing.expunge(tx, mailbox_id, uids)
        if gone:
            self._tell(mailbox_id)
        return gone

    # -- what the account has learned --

    def quarantine(self) -> Mailbox:
        with self._database.glancing() as tx:
            found = mailboxes.by_use(tx, SpecialUse.QUARANTINE)
        if found is None:
            with self._database.writing() as tx:
                found = mailboxes.quarantine(tx, self._now())
        return found

    def locate(self, message_id: str) -> Sequence[tuple[int, int]]:
        with self._database.reading() as tx:
            return locating.locate(tx, message_id)

    def learned(self) -> Learned:
        with self._database.glancing() as tx:
            return learning.learned(tx)

    def counts(self, learned: Learned | None = None) -> learning.Model:
        return learning.Model(self._database, self.learned() if learned is None else learned)

    def learn(self, lessons: Sequence[Lesson]) -> Sequence[Taught]:
        if not lessons:
            return ()
        with self._database.writing() as tx:
            return learning.learn(tx, lessons, self._now())

    def judgements(self, messages: Sequence[int]) -> Mapping[int, Judgement]:
        with self._database.glancing() as tx:
            return learning.judgements(tx, messages)

    def unlearn_all(self) -> None:
        with self._database.writing() as tx:
            learning.unlearn_all(tx)

    def note(self, book: Book, names: Sequence[str], value: str = "") -> None:
        if names:
            with self._database.writing() as tx:
                books.note(tx, book, names, value, self._now())

    def noted(self, book: Book, names: Sequence[str]) -> Mapping[str, Entry]:
        with self._database.glancing() as tx:
            return books.noted(tx, book, names)

    def entries(self, book: Book, limit: int) -> Sequence[Entry]:
        with self._database.glancing() as tx:
            return books.entries(tx, book, limit)

    def strike(self, book: Book, names: Sequence[str]) -> int:
        with self._database.writing() as tx:
            return books.strike(tx, book, names)

    def knows(self, address: str) -> bool:
        return bool(self.noted(Book.CORRESPONDENT, (address.lower(),)))

    # -- what the owner decides --

    def rules_version(self) -> int:
        with self._database.glancing() as tx:
            return scripts.version(tx)

    def rules(self) -> Rules:
        with self._database.reading() as tx:
            return scripts.rules(tx)

    def scripts(self) -> Sequence[StoredScript]:
        with self._database.glancing() as tx:
            return scripts.scripts(tx)

    def put_script(self, name: str, source: str) -> None:
        with self._database.writing() as tx:
            scripts.put(tx, name, source, self._now())

    def rename_script(self, old: str, new: str) -> None:
        with self._database.writing() as tx:
            scripts.rename(tx, old, new, self._now())

    def remove_script(self, name: str) -> None:
        with self._database.writing() as tx:
            scripts.remove(tx, name, self._now())

    def activate_script(self, name: str) -> None:
        with self._database.writing() as tx:
            scripts.activate(tx, name, self._now())

    def document(self, name: str) -> str:
        with self._database.glancing() as tx:
            return scripts.document(tx, name)

    def put_document(self, name: str, text: str) -> None:
        with self._database.writing() as tx:
            scripts.put_document(tx, name, text, self._now())

    def remembered(self, key: str, now: int) -> bool:
        with self._database.glancing() as tx:
            return remembering.remembered(tx, key, now)

    def recalled(self, prefix: str, now: int, limit: int) -> Sequence[Remembered]:
        with self._database.glancing() as tx:
            return remembering.recalled(tx, prefix, now, limit)

    def forget(self, prefix: str) -> int:
        with self._database.writing() as tx:
            return remembering.forget(tx, prefix)

    def index(self, limit: int) -> int:
        done = indexing.index(self._database, limit)
        if done < limit:
            indexing.sweep(self._database)
        return done

    def check(self) -> Sequence[str]:
        return [*self._database.damage(), *checking.check(self._database)]

    def _now(self) -> int:
        return int(self._clock())

    def _tell(self, *mailbox_ids: int) -> None:
        for mailbox_id in mailbox_ids:
            self._changed(self._database.account_id, mailbox_id)
