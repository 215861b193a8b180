"""What an attempt came to, in plain words for the trace."""

from alphorn.queue.replies import problem_of
from alphorn.queue.values import Claim, Outcome, Reply, Result

MINUTE, HOUR, DAY = 60, 3600, 86400


def told(claim: Claim, outcome: Outcome, pause: float | None) -> str:
    """One or two sentences. `pause` is in how many seconds the next attempt is."""
    if outcome.result is Result.RELAYED:
        return f"{outcome.reply.host or claim.destination} took the message."
    if outcome.result is Result.DELIVERED:
        return f"The message is in the mailbox of {outcome.recipient.envelope.address}."
    why = reason(outcome.reply)
    if outcome.result is Result.DEFERRED:
        return f"{why}; will try again in {duration(pause or 0)}."
    if claim.message.envelope.sender:
        return f"{why}. Delivery has failed."
    return f"{why}. Delivery has failed, and there is no sender to tell."


def reason(reply: Reply) -> str:
    """Why it did not work, without a full stop."""
    if reply.host:
        return f"{reply.host} {problem_of(reply).value}"
    return reply.text.removesuffix(".")


def duration(seconds: float) -> str:
    """As people say it: "5 minutes", "2 hours"."""
    for unit, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        # Pauses vary by a tenth: what was meant to be an hour is called one.
        if seconds >= unit * 0.9:
            count = round(seconds / unit)
            return f"{count} {word}{'s' if count != 1 else ''}"
    return "less than a minute"
