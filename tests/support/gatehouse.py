"""A house whose MX port is guarded by everything real, over a DNS that a test writes.

Strangers live in `.zz`, which nobody will ever have; clients come from 127.1.0.0/16, where the zone
says who they are. Time is the house's clock. Ports and clients: tests/servers/smtp/serving.py.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from alphorn.base.door import Offence
from alphorn.base.help import Help
from alphorn.base.numbers import NumberSet
from alphorn.directory.values import AccountInfo, SigningKey
from alphorn.dns.answers import Resolver
from alphorn.dns.lists import ListZone
from alphorn.mailauth.dkim.keys import Algorithm, NewKey, generate
from alphorn.mailauth.dkim.sign import sign
from alphorn.operations.doorkeeper import Doorkeeper, DoorSettings
from alphorn.operations.examine import Examiner, ExaminerParts
from alphorn.operations.protection import Value, set_protection
from alphorn.policy import bans
from alphorn.policy.attachments.rules import AttachmentRules
from alphorn.servers.pauses import Pauses
from alphorn.servers.smtp.gate import Gate
from alphorn.servers.smtp.inquiry import Questions
from alphorn.servers.smtp.manners import Manners, MannersSettings
from alphorn.store.api import Column, SpecialUse
from alphorn.store.door import Door
from tests.support.dns import Zone
from tests.support.mailhouse import ANNA, HOSTNAME
from tests.support.memorydns import MemoryResolver
from tests.support.school import School

HONEST = "127.1.0.1"
POOLED = "127.1.1.1"
"""Another host that SPF lets send for alps.zz, in another network and without a name like it."""
NAMELESS = "127.1.9.9"
"""A client of which the DNS knows nothing."""


def reverse(address: str) -> str:
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"


@lru_cache(maxsize=1)
def signing_key() -> NewKey:
    return generate(Algorithm.ED25519_SHA256)


def signed(message: bytes, domain: str, now: int, selector: str = "key") -> bytes:
    key = SigningKey(domain, selector, "ed25519-sha256", signing_key().private_key_der)
    return sign(message, (key,), now) + message


def zone() -> Zone:
    """alps.zz is honest; strict.zz and careful.zz want forged mail refused, or put aside."""
    return {
        "mail.alps.zz": {"A": [HONEST]},
        reverse(HONEST): {"PTR": ["mail.alps.zz"]},
        "out.cloud.zz": {"A": [POOLED]},
        reverse(POOLED): {"PTR": ["out.cloud.zz"]},
        "alps.zz": {
            "MX": ["10 mail.alps.zz"],
            "TXT": [f"v=spf1 ip4:{HONEST} ip4:{POOLED} -all"],
        },
        "_dmarc.alps.zz": {"TXT": ["v=DMARC1; p=none"]},
        "key._domainkey.alps.zz": {"TXT": [signing_key().record]},
        "plain.zz": {"MX": ["10 mail.alps.zz"]},
        "strict.zz": {"TXT": ["v=spf1 -all"]},
        "_dmarc.strict.zz": {"TXT": ["v=DMARC1; p=reject"]},
        "careful.zz": {"TXT": ["v=spf1 -all"]},
        "_dmarc.careful.zz": {"TXT": ["v=DMARC1; p=quarantine"]},
        "example.test": {"TXT": ["v=spf1 -all"]},
    }


def letter(
    sender: str = "carl@alps.zz",
    subject: str = "Hello",
    body: str = "Good morning to you and to your family.",
    *fields: str,
    to: str = ANNA,
    number: int = 1,
) -> bytes:
    head = [
        "Date: Fri, 15 Jan 2027 08:00:00 +0000",
        f"From: Carl <{sender}>",
        f"To: {to}",
        f"Subject: {subject}",
        f"Message-ID: <{number}@{sender.rpartition('@')[2]}>",
        *fields,
    ]
    return ("\r\n".join(head) + "\r\n\r\n" + body + "\r\n").encode()


@dataclass
class Guard:
    """What a test may choose of the gate."""

    zones: tuple[ListZone, ...] = ()
    name_zones: tuple[ListZone, ...] = ()
    seconds: float = 30.0
    help_url: str = "https://help.alps.zz/"
    manners: MannersSettings = field(default_factory=lambda: MannersSettings(greeting_delay=0))
    door: DoorSettings = field(default_factory=DoorSettings)
    trusted: frozenset[str] = frozenset()
    resolver: Callable[[Zone], Resolver] = MemoryResolver


class GateHouse:
    """`house` is the mail behind the gate; `zone` may be changed at any time."""

    def __init__(self, folder: Path, guard: Guard | None = None) -> None:
        self.guard = guard or Guard()
        self.school = School(folder)
        self.house = house = self.school.house
        self.zone = zone()
        self.resolver = self.guard.resolver(self.zone)
        if isinstance(self.resolver, MemoryResolver):
            self.resolver.zone = self.zone  # not a copy
        self.door = Doorkeeper(Door(folder / "door.sqlite"), self.guard.door, clock=house.clock)
        self.examiner = Examiner(
            ExaminerParts(
                hostname=HOSTNAME,
                view=house.view,
                store=house.store,
                model=self.school.model,
                reported=self.school.reported,
                acquaintances=self.school.acquaintances,
                rules=AttachmentRules(),
                own=lambda domain: house.view.domain(domain) is not None,
                trusted=self.guard.trusted,
            )
        )

    def gate(self, loop: asyncio.AbstractEventLoop) -> Gate:
        guard = self.guard
        return Gate(
            Questions(
                resolver=self.resolver,
                hostname=HOSTNAME,
                zones=guard.zones,
                name_zones=guard.name_zones,
                own_names=frozenset((HOSTNAME, "example.test")),
                own_addresses=lambda address: address == "192.0.2.25",
                exempt=self.door.exempt,
                seconds=guard.seconds,
            ),
            self.door,
            Manners(self.door, guard.manners, Pauses(loop, 100)),
            self.examiner,
            help=Help(guard.help_url),
        )

    def protect(self, target: str, **options: Value) -> None:
        set_protection(self.house.installation.control, target, options)

    def mail(self, account: AccountInfo, use: SpecialUse | None = None) -> list[bytes]:
        """The messages in INBOX, or in the mailbox with this use; none where there is no such."""
        mail = self.house.store.account(account.id)
        box = mail.mailbox("INBOX") if use is None else mail.special(use)
        if box is None:
            return []
        uids = mail.snapshot(box.id).uids
        rows = mail.fetch(box.id, NumberSet.of(uids), (Column.RAW,))
        return [bytes(row[0]) for row in rows]  # type: ignore[call-overload]

    def anna(self, use: SpecialUse | None = None) -> list[bytes]:
        return self.mail(self.house.anna, use)

    def bert(self, use: SpecialUse | None = None) -> list[bytes]:
        return self.mail(self.house.bert, use)

    def told(self) -> list[tuple[str, str, str]]:
        """Stage, verdict and recipient of all that was traced."""
        return [(event.stage, event.verdict.value, event.recipient) for event in self.house.events]

    def close(self) -> None:
        self.door.close()
        self.school.close()


def limits(**offences: int) -> DoorSettings:
    """A door that bans after so many offences of a kind: `limits(early=2)`."""
    known: Mapping[Offence, int] = {Offence(name): count for name, count in offences.items()}
    base = bans.Settings()
    return DoorSettings(bans=replace(base, limits={**base.limits, **known}))
