"""Headers that only abuse has are refused; what abuse has more often is scored.

A rule refuses only what no honest program writes, most of it what makes programs read one message
in two ways: that is how filters are led past what the reader will see (`header_faults`). Whatever
broken but honest programs are known to write adds to the score for spam and does no more
(`header_signs`). Octets that are not ASCII are no reason at all: old mail is full of them.

Pure, and linear: of a message's octets only those of headers are looked at, by `re` and `count`,
and what `message.parse` found is used. Of a header that is too large nothing more is asked.
"""

from alphorn.message.parse import Entity
from alphorn.policy.decision import Act, Decision, Reason
from alphorn.policy.header_faults import REFUSING, too_large
from alphorn.policy.header_signs import SCORING
from alphorn.policy.header_view import Header

STAGE = "headers"
REPLY = "Message is rejected by headers rule filter"


def check(raw: bytes, root: Entity, sender: str | None, now: float) -> Decision:
    """What the header of a message gives away.

    `root` is `parse(raw)`; `sender` is the envelope's address, "" for the empty reverse-path, None
    where it is not known; `now` is in seconds since 1970. The reasons of a refusal come first and
    have no score; those that only score follow.
    """
    header = Header(raw, root, sender, now)
    if reason := too_large(header):
        return _refused((reason,))
    refused = [reason for rule in REFUSING if (reason := rule(header)) is not None]
    scored = [reason for rule in SCORING if (reason := rule(header)) is not None]
    return _refused((*refused, *scored)) if refused else Decision(STAGE, reasons=tuple(scored))


def _refused(reasons: tuple[Reason, ...]) -> Decision:
    return Decision(
        STAGE,
        Act.REFUSE,
        status="5.7.0",
        basic=554,
        text=REPLY,
        page="headers",
        reasons=reasons,
        facts={"rule": reasons[0].code},
    )
