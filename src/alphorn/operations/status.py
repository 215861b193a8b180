"""From the codes of our errors (`base.errors`) to enhanced status codes (RFC 3463).

Mail is told "try again" wherever trying again can help: an account may be repaired, a full mailbox
tidied up, and the sender's server reports to the sender when it gives up.
"""

from alphorn.base.errors import AlphornError, Refused, Unavailable
from alphorn.policy.decision import Act, Decision


class Declined(Refused):
    """A check refused a message, or put it off; `decision` has the reply."""

    code = "declined"

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.text)
        self.decision = decision


_STATUS = {
    "busy": "4.2.0",
    "confidential": "5.7.1",
    "content": "5.6.0",
    "damaged": "4.2.0",
    "directory": "4.3.0",
    "disk-full": "4.3.1",
    "from": "5.7.1",
    "locked": "5.7.1",
    "loop": "5.4.6",
    "no-such-account": "4.2.0",
    "no-such-mailbox": "4.2.0",
    "quota": "4.2.2",
    "paused": "5.2.1",
    "rate": "4.7.1",
    "records": "5.7.1",
    "recipients": "5.5.3",
    "rejected": "5.7.1",
    "sender": "5.7.1",
    "slowed": "4.7.1",
    "srs": "5.1.1",
    "switched-off": "5.7.1",
    "too-large": "5.2.3",
    "unproved": "5.7.1",
}


def status_of(error: AlphornError) -> str:
    """The status that says what is wrong; of class 4 where it may pass, else of class 5."""
    if isinstance(error, Declined):
        default = "4.7.1" if error.decision.act is Act.DEFER else "5.7.1"
        return error.decision.status or default
    known = _STATUS.get(error.code)
    if known is not None:
        return known
    return "4.3.0" if isinstance(error, Unavailable) else "5.3.0"


def basic_of(error: AlphornError) -> int:
    """The three digits of an SMTP reply where they differ from the usual ones for its status; 0
    where they do not."""
    if isinstance(error, Declined):
        return error.decision.basic
    return _BASIC.get(error.code, 0)


def page_of(error: AlphornError) -> str:
    """The page of help about it (`base.help`); "" where it follows from the status."""
    if isinstance(error, Declined):
        return error.decision.page
    return PAGES.get(error.code, "")


PAGES = {
    "confidential": "gateway",
    "from": "own-address",
    "locked": "limits",
    "rate": "limits",
    "records": "records",
    "rejected": "rejected",
    "sender": "own-address",
    "slowed": "limits",
    "switched-off": "switched-off",
    "unproved": "dmarc",
}
_BASIC = {"rate": 451, "slowed": 451}
