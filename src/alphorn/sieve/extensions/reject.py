"""reject and ereject (RFC 5429): refused with words. Neither stands beside what delivers."""

from alphorn.sieve.actions import Reject
from alphorn.sieve.call import Call
from alphorn.sieve.errors import RunError
from alphorn.sieve.run import Run
from alphorn.sieve.table import Command, Extension, Positional, Signal, Step


def reject(call: Call) -> Step:
    text = call.text(0)
    at_smtp_only = call.name == "ereject"

    def step(run: Run) -> Signal:
        if run.environment.item("imap.cause") is not None:  # RFC 6785 §3.4
            raise RunError(f"{call.name} has no sense for a message that is in a mailbox already")
        run.do(Reject(text.get(run), at_smtp_only, run.line(call.at)))
        run.keeps = False
        return None

    return step


_REASON = (Positional("reason"),)
REJECT = Extension("reject", "RFC 5429 §2.2", commands=(Command("reject", reject, _REASON),))
EREJECT = Extension("ereject", "RFC 5429 §2.1", commands=(Command("ereject", reject, _REASON),))
