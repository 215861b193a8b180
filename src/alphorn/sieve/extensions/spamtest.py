"""spamtest, spamtestplus and virustest (RFC 5235): what was found out about the message."""

from alphorn.sieve.call import Call
from alphorn.sieve.matching import make_matcher
from alphorn.sieve.run import Run
from alphorn.sieve.table import Check, Extension, Kind, Positional, Tag, Test


def spamtest(call: Call) -> Check:
    """§3.2: "0" not judged, "1" surely not spam to "10" surely spam; or 0 to 100 with :percent."""
    match = make_matcher(call, call.texts(0))
    percent = call.given("percent")

    def check(run: Run) -> bool:
        score = run.environment.spam()
        if score is not None:
            score = min(max(score, 0.0), 1.0)
            value = round(score * 100) if percent else 1 + int(score * 9 + 1e-9)
        else:
            value = 0
        return match(run, (str(value),))

    return check


def virustest(call: Call) -> Check:
    """§3.3: "0" not judged, "1" clean to "5" infected."""
    match = make_matcher(call, call.texts(0))

    def check(run: Run) -> bool:
        found = run.environment.virus()
        return match(run, (str(min(max(found or 0, 0), 5)),))

    return check


_VALUE = (Positional("value", Kind.TEXTS),)
SPAMTEST = Extension(
    "spamtest", "RFC 5235 §3.2", tests=(Test("spamtest", spamtest, _VALUE, ("match",)),)
)
SPAMTESTPLUS = Extension(
    "spamtestplus",
    "RFC 5235 §3.2",
    tags=(Tag("percent", ("spamtest",)),),
    implies=("spamtest",),
)
VIRUSTEST = Extension(
    "virustest", "RFC 5235 §3.3", tests=(Test("virustest", virustest, _VALUE, ("match",)),)
)
