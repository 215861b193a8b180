"""The control plane as the hot path sees it: cached, versioned, without the ORM.

Contract, for every method:

* It may be called from any thread, the event loop's included: a cached answer costs microseconds,
  any other one a few short reads from SQLite.
* It sees what any process has committed before the call; nothing has to be told to reload.
* It raises `Unavailable` ("directory") where the database cannot be read now, and nothing else.
* Names may be given in any case, domains as A-labels or Unicode. What cannot be an address or a
  domain name is unknown, not an error.
"""

from alphorn.directory.values import AccountInfo, Credentials, DomainInfo, Route, SigningKey


class DirectoryView:
    """Answers about domains, addresses, accounts and keys. One per process."""

    def domain(self, name: str) -> DomainInfo | None:
        """The domain if it is ours, switched on or not."""
        raise NotImplementedError

    def route(self, local: str, domain: str) -> Route | None:
        """Where mail for `local@domain` goes, or None for nowhere.

        In this order: the address itself, the address without its `+detail`, the catch-all of the
        domain. What is switched off (address, account, domain, organization) or has expired leads
        nowhere.
        """
        raise NotImplementedError

    def account(self, account_id: int) -> AccountInfo | None:
        """The account, switched on or not."""
        raise NotImplementedError

    def account_by_address(self, address: str) -> AccountInfo | None:
        """The account whose own address this is, switched on or not."""
        raise NotImplementedError

    def may_send_as(self, account_id: int, address: str) -> bool:
        """Whether the account may write in the name of this address: mail for the address reaches
        it (own, alias, temporary, catch-all, with or without detail), or it was granted."""
        raise NotImplementedError

    def signing_keys(self, domain: str) -> tuple[SigningKey, ...]:
        """The keys that sign mail of this domain now; none for a foreign domain."""
        raise NotImplementedError

    def credentials(self, address: str) -> Credentials | None:
        """What checks a login with this own address; switched on or not."""
        raise NotImplementedError
