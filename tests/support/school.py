"""A house of mail in which people teach what is spam, with everything real behind it."""

from pathlib import Path

from alphorn.base.numbers import NumberSet
from alphorn.message.summarize import summarize
from alphorn.operations.acquaintances import Acquaintances
from alphorn.operations.learn import Learning, LearningParts
from alphorn.operations.observe import Observer
from alphorn.operations.report import Reports
from alphorn.store.api import Account, NewMessage, SpecialUse
from alphorn.store.reported import Reported
from alphorn.store.spam_lessons import SpamLessons
from alphorn.store.spam_model import SpamModel
from tests.support.mailhouse import HOSTNAME, POSTMASTER, MailHouse

SECONDS = 30
EVERY = NumberSet(((1, 0xFFFF_FFFF),))


class School:
    """`counted` is what the observer told of outcomes."""

    def __init__(self, folder: Path) -> None:
        self.house = MailHouse(folder)
        self.model = SpamModel(folder / "spam.model", bits=12)
        self.lessons = SpamLessons(folder / "spam.sqlite", self.model)
        self.reported = Reported(folder / "reported.sqlite")
        self.learning = Learning(
            LearningParts(
                store=self.house.store,
                view=self.house.view,
                counters=self.house.state,
                model=self.model,
                lessons=self.lessons,
                reported=self.reported,
                trace=self.house.events.append,
                hostname=HOSTNAME,
                clock=self.house.clock,
            )
        )
        self.acquaintances = Acquaintances(self.learning)
        self.reports = Reports(
            self.learning,
            lambda raw, envelope, origin: self.house._enqueue(raw, envelope, origin),
            postmaster=POSTMASTER,
        )
        self.counted: dict[str, int] = {}
        self.observer = Observer(self.learning, self.acquaintances, self.reports, count=self._count)

    def _count(self, outcome: str, number: int) -> None:
        self.counted[outcome] = self.counted.get(outcome, 0) + number

    def mail(self, account_id: int | None = None) -> Account:
        """Anna's, or another account's."""
        return self.house.store.account(account_id or self.house.anna.id)

    def box(self, use: SpecialUse | None = None, account_id: int | None = None) -> int:
        """The id of INBOX or of the mailbox with this use, which is made if need be."""
        mail = self.mail(account_id)
        if use is None:
            return mail.mailbox("INBOX").id
        found = mail.special(use)
        return (found or mail.create(use.value, use)).id

    def lay(
        self, *messages: bytes, use: SpecialUse | None = None, account_id: int | None = None
    ) -> list[int]:
        """Put messages into a mailbox without anybody noticing; their UIDs."""
        new = [NewMessage(raw, summarize(raw), int(self.house.clock())) for raw in messages]
        done = self.mail(account_id).append(self.box(use, account_id), new)
        return [one.uid for one in done]

    def totals(self, account_id: int | None = None) -> tuple[int, int]:
        """What the account learned as (spam, ham)."""
        return self.mail(account_id).counts().totals()

    def settle(self) -> None:
        assert self.observer.settle(SECONDS)

    def close(self) -> None:
        self.observer.close()
        self.lessons.close()
        self.reported.close()
        self.house.close()


def message(
    number: int = 1,
    *,
    sender: str = "carl@other.test",
    text: str = "Good morning to you and to your family.",
    subject: str = "Hello",
    fields: str = "",
) -> bytes:
    """As it lies in a mailbox, our own fields on top."""
    return (
        f"Return-Path: <{sender}>\r\n"
        f"Received: from mail.other.test (mail.other.test [192.0.2.7])\r\n"
        f"\tby {HOSTNAME} (Alphorn) with ESMTP\r\n\tid TRANSACTION{number}\r\n"
        f"\tfor <anna@example.test>;\r\n\tThu, 13 Feb 2025 12:00:00 +0100\r\n"
        f"{fields}From: Carl <{sender}>\r\nTo: anna@example.test\r\nSubject: {subject}\r\n"
        f"Message-ID: <{number}@other.test>\r\n\r\n{text}\r\n"
    ).encode()


def proven(domain: str) -> str:
    """The field in which the server says that a message comes from there."""
    return (
        f"Authentication-Results: {HOSTNAME};\r\n\tspf=pass smtp.mailfrom=x@{domain};\r\n"
        f"\tdmarc=pass header.from={domain} policy.dmarc=reject\r\n"
    )
