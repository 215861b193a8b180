"""Random histories, compared after each step with a model that is simple enough to be right."""

import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from alphorn.base import query as q
from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.store.api import Column, Copy, FlagAction, Store
from tests.store.conftest import ENGINES, Clock, Heard
from tests.store.mail import EVERY, NOW, new, raw

NAMES = ("INBOX", "Archive", "Trash")
WORDS = ("red", "Green", "$blue")
BODIES = [
    raw(
        f"Subject {n % 7}",
        f"Body {n % 11} " + f"filler {n} " * (8000 if n == 3 else 40 * (n % 5)),
        number=n,
        more=f"References: <{n - 5}@example.test>\r\n" if n % 3 == 0 else "",
    )
    for n in range(30)
]

names = st.sampled_from(NAMES)
flags = st.integers(0, 31)
words = st.frozensets(st.sampled_from(WORDS), max_size=2)
bodies = st.sampled_from(range(len(BODIES)))
sets = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 15)), min_size=1, max_size=3).map(
    lambda pairs: NumberSet.from_ranges((a, a + b) for a, b in pairs)
) | st.just(EVERY)


@dataclass
class Message:
    body: int
    flags: int
    words: frozenset[str]
    modseq: int = 0


@dataclass
class Box:
    messages: dict[int, Message] = field(default_factory=dict)
    uidnext: int = 1

    def add(self, message: Message) -> int:
        self.messages[self.uidnext] = message
        self.uidnext += 1
        return self.uidnext - 1

    def within(self, wanted: NumberSet) -> list[int]:
        return [uid for uid in sorted(self.messages) if uid in wanted]


@dataclass
class Follower:
    """A session that learns of a mailbox by changes alone."""

    modseq: int
    known: dict[int, tuple[int, frozenset[str]]]


class History(RuleBasedStateMachine):
    engine = ""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store: Store = ENGINES[self.engine](Path(self.folder.name), Heard(), Clock())
        self.store.create(1)
        self.boxes = {name: Box() for name in NAMES}
        self.ids: dict[str, int] = {}
        self.followers: dict[str, Follower] = {}

    @initialize()
    def begin(self) -> None:
        account = self.store.account(1)
        for name in NAMES:
            self.ids[name] = account.mailbox(name).id
            self.followers[name] = Follower(account.modseq(self.ids[name]), {})

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    # -- what happens --

    @rule(name=names, what=st.lists(bodies, min_size=1, max_size=6), flags=flags, words=words)
    def append(self, name: str, what: list[int], flags: int, words: frozenset[str]) -> None:
        messages = [new(BODIES[n], flags=flags, keywords=words) for n in what]
        given = self.store.account(1).append(self.ids[name], messages)
        for n, added in zip(what, given, strict=True):
            assert self.boxes[name].add(Message(n, flags, words, added.modseq)) == added.uid

    @rule(what=st.lists(st.tuples(names, bodies, flags), min_size=1, max_size=6))
    def deliver(self, what: list[tuple[str, int, int]]) -> None:
        """Equal copies into one mailbox are one, with the flags of the first."""
        copies = [Copy(self.ids[name], new(BODIES[n], flags=bits)) for name, n, bits in what]
        given = self.store.account(1).deliver(copies)
        known: dict[tuple[str, int], int] = {}
        for (name, n, bits), added in zip(what, given, strict=True):
            if (name, n) not in known:
                message = Message(n, bits, frozenset(), added.modseq)
                known[name, n] = self.boxes[name].add(message)
            assert known[name, n] == added.uid

    @rule(
        name=names, uids=sets, action=st.sampled_from(FlagAction), flags=flags, words=words,
        conditional=st.booleans(),
    )  # fmt: skip
    def flag(
        self,
        name: str,
        uids: NumberSet,
        action: FlagAction,
        flags: int,
        words: frozenset[str],
        conditional: bool,
    ) -> None:
        box = self.boxes[name]
        since = None
        if conditional:
            modseqs = sorted(message.modseq for message in box.messages.values())
            since = modseqs[len(modseqs) // 2] if modseqs else 0
        done = self.store.account(1).flag(self.ids[name], uids, action, flags, words, since)
        changed, left = [], []
        for uid in box.within(uids):
            message = box.messages[uid]
            if since is not None and message.modseq > since:
                left.append(uid)
                continue
            before = message.flags, message.words
            match action:
                case FlagAction.ADD:
                    after = message.flags | flags, message.words | words
                case FlagAction.REMOVE:
                    after = message.flags & ~flags, message.words - words
                case FlagAction.REPLACE:
                    after = flags, words
            if after != before:
                changed.append(uid)
                box.messages[uid] = Message(message.body, *after, done.modseq)
        assert done.changed == NumberSet.of(changed)
        assert done.unchanged == NumberSet.of(left)
        assert [(s.uid, s.flags, frozenset(s.keywords), s.modseq) for s in done.statuses] == [
            (uid, m.flags, m.words, m.modseq)
            for uid in box.within(uids)
            if uid not in left and (m := box.messages[uid])
        ]

    @rule(source=names, goal=names, uids=sets)
    def copy(self, source: str, goal: str, uids: NumberSet) -> None:
        given = self.store.account(1).copy(self.ids[source], uids, self.ids[goal])
        self._copied(source, goal, uids, list(given))

    @rule(source=names, goal=names, uids=sets)
    def move(self, source: str, goal: str, uids: NumberSet) -> None:
        given = self.store.account(1).move(self.ids[source], uids, self.ids[goal])
        for uid in self._copied(source, goal, uids, list(given)):
            del self.boxes[source].messages[uid]

    def _copied(
        self, source: str, goal: str, uids: NumberSet, given: list[tuple[int, int]]
    ) -> list[int]:
        asked = self.boxes[source].within(uids)
        expected = []
        for uid in asked:
            message = self.boxes[source].messages[uid]
            expected.append((uid, self.boxes[goal].add(replace(message, modseq=0))))
        assert given == expected
        self._learn_modseqs(goal)
        return asked

    def _learn_modseqs(self, name: str) -> None:
        rows = self.store.account(1).fetch(self.ids[name], EVERY, (Column.UID, Column.MODSEQ))
        for uid, modseq in rows:
            message = self.boxes[name].messages[int(str(uid))]
            assert message.modseq in (0, modseq)
            message.modseq = int(str(modseq))

    @rule(name=names, uids=sets | st.none())
    def expunge(self, name: str, uids: NumberSet | None) -> None:
        box = self.boxes[name]
        gone = [
            uid
            for uid in box.within(EVERY if uids is None else uids)
            if box.messages[uid].flags & Flag.DELETED
        ]
        assert self.store.account(1).expunge(self.ids[name], uids) == NumberSet.of(gone)
        for uid in gone:
            del box.messages[uid]

    @rule()
    def index(self) -> None:
        self.store.account(1).index(1000)

    @rule()
    def close(self) -> None:
        self.store.close_idle(-1)

    # -- what must always be so --

    @rule(name=names)
    def follow(self, name: str) -> None:
        """A session that asks only now and then still learns everything."""
        follower = self.followers[name]
        changes = self.store.account(1).changes(self.ids[name], follower.modseq)
        for uid in changes.expunged:
            follower.known.pop(uid, None)
        for status in changes.changed:
            assert status.modseq > follower.modseq
            follower.known[status.uid] = status.flags, frozenset(status.keywords)
        follower.modseq = changes.mailbox.highest_modseq
        assert follower.known == {
            uid: (m.flags, m.words) for uid, m in self.boxes[name].messages.items()
        }

    @rule(name=names, word=st.sampled_from(["body 1", "subject 3", "filler 2", "lle", "nothing"]))
    def search(self, name: str, word: str) -> None:
        found = self.store.account(1).search(self.ids[name], q.Text(word), NOW)
        assert list(found) == [
            uid
            for uid, m in sorted(self.boxes[name].messages.items())
            if word in BODIES[m.body].decode().lower()
        ]

    @invariant()
    def mailboxes_are_as_they_should_be(self) -> None:
        if not self.ids:
            return
        account = self.store.account(1)
        for name, box in self.boxes.items():
            mailbox = account.mailbox(name)
            state = [m.flags for m in box.messages.values()]
            assert mailbox.messages == len(box.messages)
            assert mailbox.uidnext == box.uidnext
            assert mailbox.unseen == sum(not f & Flag.SEEN for f in state)
            assert mailbox.deleted == sum(f & Flag.DELETED != 0 for f in state)
            assert mailbox.octets == sum(len(BODIES[m.body]) for m in box.messages.values())
            snapshot = account.snapshot(self.ids[name])
            assert list(snapshot.uids) == sorted(box.messages)
            unseen = [uid for uid, m in box.messages.items() if not m.flags & Flag.SEEN]
            assert snapshot.first_unseen == (min(unseen) if unseen else None)
            rows = account.fetch(
                self.ids[name], EVERY, (Column.UID, Column.FLAGS, Column.KEYWORDS, Column.MODSEQ)
            )
            assert list(rows) == [
                (uid, m.flags, " ".join(sorted(m.words)), m.modseq)
                for uid, m in sorted(box.messages.items())
            ]

    @precondition(lambda self: self.ids)
    @rule()
    def everything_is_there(self) -> None:
        account = self.store.account(1)
        contents: dict[int, int] = {}
        uses: Counter[int] = Counter()
        for name, box in self.boxes.items():
            columns = (Column.UID, Column.EMAIL_ID, Column.RAW)
            for uid, email, octets in account.fetch(self.ids[name], EVERY, columns):
                body = box.messages[int(str(uid))].body
                assert octets == BODIES[body]
                assert contents.setdefault(body, int(str(email))) == email
                uses[body] += 1
        assert account.usage().messages == uses.total()
        assert account.check() == []


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_random_histories(engine: str) -> None:
    machine = type("History", (History,), {"engine": engine})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
