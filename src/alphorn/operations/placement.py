"""Where a message goes in one account, decided before it is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from alphorn.base.trace import Verdict
from alphorn.message import spam_field
from alphorn.policy.decision import Decision, Fact
from alphorn.store.api import INBOX, Place, SpecialUse

SPAM, PROMOTIONS, SOCIAL = "spam", "promotions", "social"
"""Verdicts and categories as `message.spam_field` has them."""
PLACES: Mapping[str, SpecialUse] = {
    SPAM: SpecialUse.JUNK,
    PROMOTIONS: SpecialUse.PROMOTIONS,
    SOCIAL: SpecialUse.SOCIAL,
}
LISTING = frozenset(("sender-blocked", "sender-reported"))
"""Codes of reasons: a list of senders decided (`policy.lists`, `operations.judging`)."""
NAMES: Mapping[str, str] = {SPAM: "Spam", PROMOTIONS: "Promotions", SOCIAL: "Social networks"}


@dataclass(frozen=True, slots=True)
class Placement:
    """`kind` is one of `PLACES`, "" for the inbox; `fields` are put on top of the account's copy;
    `why` is what decided, as a sentence. With a `refusal` the account does not get it at all.
    `welcome`: it is proved to be from somebody whom the account knows. `listed`: a list of senders
    decided, so that the owner's rules are not asked. `clean`: a virus scanner found nothing."""

    kind: str = ""
    fields: bytes = b""
    why: str = ""
    refusal: Decision | None = None
    welcome: bool = False
    listed: bool = False
    clean: bool = False
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        return PLACES[self.kind] if self.kind else INBOX

    @property
    def verdict(self) -> Verdict:
        return Verdict.FILED if self.kind else Verdict.DELIVERED

    @property
    def text(self) -> str:
        if not self.kind:
            return f"Delivered to {INBOX}"
        return f"Filed in {NAMES[self.kind]}" + (f": {self.why}" if self.why else "")


INTO_INBOX = Placement()


def as_decided(raw: bytes) -> Placement:
    """Where a message goes that waited in the queue: its field on top says what was decided."""
    said = spam_field.read(raw)
    if said is None:
        return INTO_INBOX
    kind = SPAM if said.verdict == SPAM else said.category
    return Placement(
        kind if kind in PLACES else "",
        listed=kind == SPAM and any(reason.code in LISTING for reason in said.reasons),
        facts={"score": said.score, "threshold": said.threshold},
    )
