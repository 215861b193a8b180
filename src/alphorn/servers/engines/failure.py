"""An engine did not do its part."""

from alphorn.base.errors import Unavailable

TIMEOUT = "timeout"


class EngineFailure(Unavailable):
    """`code` is "connect" (nobody is there), "timeout", or "answer" (it says something else than
    it should, or refuses to do its part)."""

    code = "answer"
