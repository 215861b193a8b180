"""The control plane as the hot path sees it: cached, versioned, without Django.

Contract, for every method:

* It may be called from any thread, the event loop's included: a cached answer costs microseconds,
  any other one a few short reads from SQLite.
* It sees what any process has committed before the call; nothing has to be told to reload.
* It raises `Unavailable` ("directory") where the database cannot be read now, and nothing else
  (`signing_keys` also with "keys", where the master key does not fit).
* Names may be given in any case, domains as A-labels or Unicode. What cannot be an address or a
  domain name is unknown, not an error.
* Memory is bounded, whatever is asked for.

How: each look-up first asks whether anybody has committed since the last one (`Reader`), then, if
so, whether the directory's version has grown (noting when a password was last used does not raise
it), and only then forgets what it knows.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from alphorn.base.address import fold_domain, fold_local, split_detail
from alphorn.base.senders import SenderMatch, patterns_of
from alphorn.directory import protecting, queries
from alphorn.directory.cache import Cache
from alphorn.directory.keys import KeyRing
from alphorn.directory.queries import Target
from alphorn.directory.reader import Reader
from alphorn.directory.values import (
    AccountInfo,
    AddressKind,
    Credentials,
    DomainInfo,
    GatewayInfo,
    Pause,
    Protection,
    Route,
    SigningKey,
)

POSTMASTER = "postmaster"
KNOWN = 16_384
"""How many addresses and accounts are remembered, each."""
UNKNOWN = 4096
"""How many addresses, accounts and domains are remembered not to exist, each."""


class DirectoryView:
    """Answers about domains, addresses, accounts and keys. One per process, made after a fork."""

    def __init__(
        self,
        database: Path,
        keys: KeyRing,
        *,
        clock: Callable[[], float] = time.time,
        postmaster: str = "",
        known: int = KNOWN,
        unknown: int = UNKNOWN,
        protection: Protection = Protection(),  # noqa: B008 - frozen
    ) -> None:
        """Touches nothing yet: the database need not be there until the first look-up.

        `postmaster` is the operator's address, "" for none; `protection` is what holds where
        neither account nor domain says otherwise.
        """
        self._reader = reader = Reader(database)
        self._clock = clock
        self._postmaster = postmaster
        self._lock = Lock()
        self._mark: bytes | None = None
        self._seen: tuple[int, int] | None = None
        self._version: int | None = None
        self._domains = Cache(partial(queries.domain, reader), known, unknown)
        self._targets = Cache(partial(queries.target, reader), known, unknown)
        self._accounts = Cache(partial(queries.account, reader), known, unknown)
        self._credentials = Cache(partial(queries.credentials, reader), known // 4, unknown)
        self._grants = Cache(partial(queries.granted, reader), known // 4, unknown)
        self._signing = Cache(partial(queries.signing_keys, reader, keys), known // 4, unknown)
        self._protections = Cache(
            partial(protecting.protection, reader, protection), known, unknown
        )
        self._places = Cache(self._load_place, known, 0)
        self._lists = Cache(partial(protecting.entries, reader), known // 2, known)
        self._matches = Cache(partial(protecting.found, reader), known // 4, unknown)
        self._paused = Cache(partial(queries.paused, reader), known, unknown)
        self._gateways: Cache[str, tuple[GatewayInfo, ...]] = Cache(
            lambda everywhere: queries.gateways(reader), 1, 1
        )
        self._caches: tuple[Cache[Any, Any], ...] = (
            self._domains,
            self._targets,
            self._accounts,
            self._credentials,
            self._grants,
            self._signing,
            self._protections,
            self._places,
            self._lists,
            self._matches,
            self._paused,
            self._gateways,
        )

    def domain(self, name: str) -> DomainInfo | None:
        """The domain if it is ours, switched on or not."""
        folded = fold_domain(name)
        if folded is None:
            return None
        with self._lock:
            self._refresh()
            return self._domains.get(folded)

    def route(self, local: str, domain: str) -> Route | None:
        """Where mail for `local@domain` goes, or None for nowhere.

        In this order: the address, without its `+detail`; the catch-all of the domain; for
        `postmaster`, which every domain must have (RFC 5321 §4.5.1), the operator. What is
        switched off (address, account, domain, organization), refused, or has expired leads
        nowhere, the catch-all included. How many messages a temporary address has taken already
        is not known here.
        """
        with self._lock:
            found = self._find(local, domain)
            return found[1] if found else None

    def paused(self, domain: str) -> Mapping[str, Pause]:
        """Where nothing that addresses of this domain receive is sent on to, since it kept being
        refused there; in lower case."""
        folded = fold_domain(domain)
        with self._lock:
            self._refresh()
            info = None if folded is None else self._domains.get(folded)
            return (self._paused.get(info.id) if info is not None else None) or {}

    def account(self, account_id: int) -> AccountInfo | None:
        """The account, switched on or not."""
        with self._lock:
            self._refresh()
            return self._accounts.get(account_id)

    def account_by_address(self, address: str) -> AccountInfo | None:
        """The account whose own address this is, switched on or not."""
        with self._lock:
            account_id = self._owner(address)
            return None if account_id is None else self._accounts.get(account_id)

    def may_send_as(self, account_id: int, address: str) -> bool:
        """Whether the account may write in the name of this address: mail for the address reaches
        it (own, alias, temporary, with or without detail), or it was granted. A catch-all only
        receives."""
        local, _, domain = address.rpartition("@")
        with self._lock:
            found = self._find(local, domain)
            if found is None:
                return False
            target, route = found
            if route.kind is AddressKind.CATCH_ALL:
                return False
            if route.account is not None and route.account.id == account_id:
                return True
            account = self._accounts.get(account_id)
            if target is None or account is None or not account.enabled:
                return False
            return self._grants.get((account_id, target.id)) is not None

    def gateways(self) -> tuple[GatewayInfo, ...]:
        """Those that there are, by name: the same object until something changes."""
        with self._lock:
            self._refresh()
            return self._gateways.get("") or ()

    def gateway_of(self, address: str) -> str:
        """The name of the only gateway that this address may use; "" for an ordinary one, for one
        that leads nowhere, and for a foreign one."""
        local, _, domain = address.rpartition("@")
        with self._lock:
            self._refresh()
            if not self._gateways.get(""):
                return ""
            found = self._find(local, domain)
            return found[1].gateway if found else ""

    def signing_keys(self, domain: str) -> tuple[SigningKey, ...]:
        """The keys that sign mail of this domain now; none for a foreign domain."""
        folded = fold_domain(domain)
        if folded is None:
            return ()
        with self._lock:
            self._refresh()
            return self._signing.get(folded) or ()

    def protection(self, of: Route | AccountInfo) -> Protection:
        """What guards an address that mail is written to, or an account's own address.

        The domain is that of the address, whichever the account's own is in.
        """
        account = of if isinstance(of, AccountInfo) else of.account
        with self._lock:
            domain_id, address_id = self._place(of)
            whose = (domain_id, account.id if account else 0, address_id)
            held = self._protections.get(whose)
        assert held is not None
        return held

    def sender_matches(self, of: Route | AccountInfo, sender: str) -> tuple[SenderMatch, ...]:
        """What the lists that concern this address say of a sender, nearest first.

        Asks the database only where a list is long; `sender` may be anything.
        """
        account = of if isinstance(of, AccountInfo) else of.account
        patterns = patterns_of(sender)
        if not patterns:
            return ()
        matches: list[SenderMatch] = []
        with self._lock:
            domain_id, _ = self._place(of)
            for whose in protecting.lists_for(account.id if account else 0, domain_id):
                entries = self._lists.get(whose)
                if entries is protecting.LONG:
                    entries = self._matches.get((whose, patterns))
                if entries:
                    scope = whose[0]
                    matches += [
                        SenderMatch(scope, pattern, entries[pattern])
                        for pattern in patterns
                        if pattern in entries
                    ]
        return protecting.nearest_first(matches) if matches else ()

    def credentials(self, address: str) -> Credentials | None:
        """What checks a login with this own address; switched on or not."""
        with self._lock:
            account_id = self._owner(address)
            return None if account_id is None else self._credentials.get(account_id)

    def close(self) -> None:
        """Give the connection back; the view opens it again if it is used after all."""
        with self._lock:
            self._reader.close()
            self._seen = self._mark = None

    # -- with the lock held --

    def _refresh(self) -> None:
        mark = self._reader.mark()
        if mark is not None and mark == self._mark:
            return
        self._ask()
        self._mark = mark

    def _ask(self) -> None:
        seen = (self._reader.data_version(), self._reader.opened)
        if seen == self._seen:
            return
        version = queries.version(self._reader)
        if version != self._version or self._seen is None or seen[1] != self._seen[1]:
            for cache in self._caches:
                cache.clear()
            self._version = version
        self._seen = seen

    def _find(self, local: str, domain: str) -> tuple[Target | None, Route] | None:
        name = fold_domain(domain)
        if name is None or not local:
            return None
        self._refresh()
        info = self._domains.get(name)
        if info is None or not info.enabled:
            return None
        base, detail = split_detail(local)
        folded = fold_local(base)
        if folded is not None:
            target = self._targets.get((info.id, folded))
            if target is not None:
                return self._leads(target, f"{folded}@{name}", detail, info.id)
        address = f"{local.lower()}@{name}"
        target = self._targets.get((info.id, ""))
        if target is not None:
            return self._leads(target, address, None, info.id)
        if folded == POSTMASTER and self._postmaster:
            to_operator = (self._postmaster,)
            return None, Route(address, AddressKind.REDIRECT, None, detail, to_operator, False)
        return None

    def _leads(
        self, target: Target, address: str, detail: str | None, domain_id: int
    ) -> tuple[Target | None, Route] | None:
        if not target.enabled or target.kind is AddressKind.REFUSED:
            return None
        if target.expires is not None and target.expires <= self._clock():
            return None
        account, onward = None, target.redirect_to
        if target.account_id is not None:
            account = self._accounts.get(target.account_id)
            if account is None or not account.enabled:
                return None
        if target.kind is AddressKind.LIST:
            members = filter(None, map(self._accounts.get, target.members))
            onward = tuple(member.address for member in members if member.enabled)
            if not onward:
                return None
        stopped = (self._paused.get(domain_id) or ()) if target.redirect_to else ()
        return target, Route(
            address,
            target.kind,
            account,
            detail,
            tuple(one for one in onward if one.lower() not in stopped) if stopped else onward,
            account is not None and target.keep,
            tuple(one for one in onward if one.lower() in stopped) if stopped else (),
            target.id,
            target.messages,
            gateway=target.gateway,
            label=target.label,
        )

    def _place(self, of: Route | AccountInfo) -> tuple[int, int]:
        """The ids of the domain and of the address, 0 where there is none."""
        self._refresh()
        by_any_name = isinstance(of, Route) and of.kind is AddressKind.CATCH_ALL
        place = self._places.get((of.address, by_any_name))
        assert place is not None
        return place

    def _load_place(self, key: tuple[str, bool]) -> tuple[int, int]:
        address, by_any_name = key
        local, _, name = address.rpartition("@")
        domain = self._domains.get(name)
        if domain is None:
            return 0, 0
        if by_any_name:
            local = ""
        target = self._targets.get((domain.id, local))
        return domain.id, target.id if target else 0

    def _owner(self, address: str) -> int | None:
        local, _, domain = address.rpartition("@")
        name, folded = fold_domain(domain), fold_local(local)
        if name is None or folded is None:
            return None
        self._refresh()
        info = self._domains.get(name)
        target = None if info is None else self._targets.get((info.id, folded))
        return target.account_id if target and target.kind is AddressKind.OWN else None
