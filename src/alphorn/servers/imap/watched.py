"""An account's mail with somebody beside it who is told what its owner does.

This is the one place where the IMAP server lets others know of it, for all commands: what changes
mail goes through here, and what reads goes by.
"""

from collections.abc import Sequence
from typing import Protocol, cast

from alphorn.base.numbers import NumberSet
from alphorn.store.api import (
    Account,
    Appended,
    FlagAction,
    FlagsChanged,
    NewMessage,
    Place,
)

Pairs = Sequence[tuple[int, int]]


class Watch(Protocol):
    """Whoever is told; see `operations.observe.Observer`. Never waits, never raises. May be called
    from any thread, once what was done is durable."""

    def moved(self, account_id: int, source: int, target: int, pairs: Pairs) -> None: ...

    def copied(self, account_id: int, source: int, target: int, pairs: Pairs) -> None: ...

    def flagged(
        self,
        account_id: int,
        mailbox: int,
        uids: NumberSet,
        action: FlagAction,
        flags: int,
        keywords: frozenset[str],
    ) -> None: ...

    def appended(self, account_id: int, place: Place, uids: Sequence[int]) -> None: ...


class Watches:
    """Several who are told, as one."""

    __slots__ = ("_all",)

    def __init__(self, *watches: Watch) -> None:
        self._all = watches

    def moved(self, account_id: int, source: int, target: int, pairs: Pairs) -> None:
        for watch in self._all:
            watch.moved(account_id, source, target, pairs)

    def copied(self, account_id: int, source: int, target: int, pairs: Pairs) -> None:
        for watch in self._all:
            watch.copied(account_id, source, target, pairs)

    def flagged(
        self,
        account_id: int,
        mailbox: int,
        uids: NumberSet,
        action: FlagAction,
        flags: int,
        keywords: frozenset[str],
    ) -> None:
        for watch in self._all:
            watch.flagged(account_id, mailbox, uids, action, flags, keywords)

    def appended(self, account_id: int, place: Place, uids: Sequence[int]) -> None:
        for watch in self._all:
            watch.appended(account_id, place, uids)


class _Watched:
    """As `store.api.Account`: what is not here is the account's own."""

    __slots__ = ("_account", "_account_id", "_watch")

    def __init__(self, account: Account, account_id: int, watch: Watch) -> None:
        self._account = account
        self._account_id = account_id
        self._watch = watch

    def __getattr__(self, name: str) -> object:
        return getattr(self._account, name)

    def append(
        self, place: Place, messages: Sequence[NewMessage], quota: int | None = None
    ) -> Sequence[Appended]:
        done = self._account.append(place, messages, quota)
        self._watch.appended(self._account_id, place, [one.uid for one in done])
        return done

    def copy(
        self, mailbox_id: int, uids: NumberSet, target_id: int, quota: int | None = None
    ) -> Pairs:
        pairs = self._account.copy(mailbox_id, uids, target_id, quota)
        self._watch.copied(self._account_id, mailbox_id, target_id, pairs)
        return pairs

    def move(self, mailbox_id: int, uids: NumberSet, target_id: int) -> Pairs:
        pairs = self._account.move(mailbox_id, uids, target_id)
        self._watch.moved(self._account_id, mailbox_id, target_id, pairs)
        return pairs

    def flag(
        self,
        mailbox_id: int,
        uids: NumberSet,
        action: FlagAction,
        flags: int,
        keywords: frozenset[str] = frozenset(),
        unchanged_since: int | None = None,
    ) -> FlagsChanged:
        done = self._account.flag(mailbox_id, uids, action, flags, keywords, unchanged_since)
        if done.changed:
            watch = self._watch
            watch.flagged(self._account_id, mailbox_id, done.changed, action, flags, keywords)
        return done


def watched(account: Account, account_id: int, watch: Watch) -> Account:
    """The account, with `watch` told of what is done to it."""
    return cast(Account, _Watched(account, account_id, watch))
