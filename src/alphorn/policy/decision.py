"""What one stage of the policy says of a message, and why.

A stage is a pure function from facts to a `Decision`. What was found is told in two forms: as one
reply to the other server, and as reasons in plain words to whoever asks later why his mail is where
it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

Fact = str | int | float | bool | None
"""A small value for the trace."""


class Act(IntEnum):
    """What is to be done; a greater one prevails over a lesser."""

    PASS = 0
    DEFER = 1
    REFUSE = 2


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for or against a message.

    `code` is a short stable word ("spf-fail"), `text` a sentence for the person concerned, `score`
    what it adds to the message's score for spam, negative where it speaks for the message.
    """

    code: str
    text: str
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """`stage` is a short stable word for the trace ("helo", "attachments").

    For DEFER and REFUSE there is a reply: `status` is its enhanced code, `basic` its three digits
    where they differ from the usual ones for that code, `text` a sentence for the sender; `page`
    names the page of help about it ("" for none). `facts` are small values for the trace.
    """

    stage: str
    act: Act = Act.PASS
    status: str = ""
    text: str = ""
    basic: int = 0
    page: str = ""
    reasons: tuple[Reason, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        return self.act is Act.PASS
