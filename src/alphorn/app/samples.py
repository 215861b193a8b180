"""The demo's mail: who has which message where, and how long ago it came.

The texts lie beside this module in `samples/`, written for it; `@DATE@` in them becomes the date.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from alphorn.base.flags import Flag
from alphorn.message import dates
from alphorn.message.summarize import summarize
from alphorn.store.api import INBOX, NewMessage, SpecialUse, Store

HOUR = 3600
DAY = 24 * HOUR
ANNA, BEN, CHIARA = "anna", "ben", "chiara"
NAMES = {ANNA: "Anna Keller", BEN: "Ben Okafor", CHIARA: "Chiara Rossi"}


@dataclass(frozen=True, slots=True)
class Sample:
    """`inboxes` maps who received it to the flags it has there; `sent_by` keeps a copy in Sent."""

    name: str
    age: int
    inboxes: dict[str, Flag]
    sent_by: str = ""


NEW = Flag(0)
SAMPLES = (
    Sample("hut-1", 3 * DAY, {ANNA: Flag.SEEN | Flag.ANSWERED, CHIARA: Flag.SEEN}, BEN),
    Sample("ricetta", 2 * DAY + 7 * HOUR, {BEN: Flag.SEEN | Flag.FLAGGED}, CHIARA),
    Sample("hut-2", 2 * DAY + 3 * HOUR, {BEN: Flag.SEEN, CHIARA: Flag.SEEN | Flag.ANSWERED}, ANNA),
    Sample("kurs", DAY + 2 * HOUR, {ANNA: Flag.FLAGGED}),
    Sample("photo", 20 * HOUR, {BEN: NEW}),
    Sample("hut-3", 6 * HOUR, {ANNA: NEW, BEN: NEW}, CHIARA),
    Sample("nota", 3 * HOUR, {CHIARA: NEW}),
    Sample("welcome", HOUR // 2, {ANNA: NEW}),
)


def fill(store: Store, accounts: dict[str, int], now: float) -> int:
    """Put the samples into the mailboxes of these accounts; how many messages that were."""
    count = 0
    for sample in SAMPLES:
        for who, message, sent in _copies(sample, now):
            mail = store.account(accounts[who])
            mailbox = mail.special(SpecialUse.SENT) if sent else mail.mailbox(INBOX)
            assert mailbox is not None
            mail.append(mailbox.id, (message,))
            count += 1
    return count


def _copies(sample: Sample, now: float) -> Iterator[tuple[str, NewMessage, bool]]:
    """Who gets it, in which form, and whether it goes to Sent."""
    moment = int(now) - sample.age
    text = files("alphorn.app").joinpath("samples", f"{sample.name}.eml").read_bytes()
    raw = text.replace(b"@DATE@", dates.format(moment).encode()).replace(b"\n", b"\r\n")
    summary = summarize(raw)
    for who, flags in sample.inboxes.items():
        yield who, NewMessage(raw, summary, moment, flags), False
    if sample.sent_by:
        yield sample.sent_by, NewMessage(raw, summary, moment, Flag.SEEN), True
