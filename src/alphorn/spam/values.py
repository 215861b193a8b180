"""What is known of a message beside its octets, and the reasons that a verdict is made of."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Reason(NamedTuple):
    """One thing that speaks for (positive `score`) or against a message's being spam.

    `code` is a short stable word, `text` a sentence for the person concerned.
    """

    code: str
    text: str
    score: float = 0.0


_NONE: Mapping[str, int] = MappingProxyType({})


class SpamFacts(NamedTuple):
    """What other parts of the service found out; each default means “not known”.

    `spf` and `dmarc` are result words ("pass", "fail", …; RFC 8601 §2.7), "" where nothing was
    checked. `dkim` are the domains whose signatures passed. `aligned` says that SPF or DKIM passed
    for the author's domain (DMARC's alignment, whether it has a policy or not). `reverse` is the
    name of the sending address, `confirmed` that this name leads back to it. `lists` are the DNS
    block lists that have the sending address, `listed_hosts` the hosts of links that URI block
    lists have. `header_reasons` were found by rules elsewhere. `own_domains` are lower-case
    domains whose mail this installation takes.
    """

    spf: str = ""
    dkim: tuple[str, ...] = ()
    dmarc: str = ""
    aligned: bool = False
    reverse: str = ""
    confirmed: bool = False
    reverse_checked: bool = False
    helo: str = ""
    known_correspondent: bool = False
    replied_to_us: bool = False
    lists: tuple[str, ...] = ()
    allow_lists: tuple[str, ...] = ()
    listed_hosts: frozenset[str] = frozenset()
    reported_hosts: Mapping[str, int] = _NONE
    header_reasons: tuple[tuple[str, str, float], ...] = ()
    recipients: int = 1
    sender: str = ""
    own_domains: frozenset[str] = frozenset()

    @property
    def authentication_known(self) -> bool:
        return bool(self.spf or self.dmarc or self.dkim)
