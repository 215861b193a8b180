"""When an engine that hangs is left alone, so that not each message waits for its time-out.

    breaker = Breaker()
    if breaker.lets(now):      ask, and then say what came of it:
        breaker.answers()      it said something, or that it is not there: either costs no time
        breaker.hangs(now)     it said nothing in its time
        breaker.gives_up()     it was tried again (`is_open`), and nobody waits any more

After `HANGS` time-outs in a row nobody asks for `REST_SECONDS`. Then one message at a time tries
again; what it meets decides for the others. Pure: `now` is any clock that only goes forward.
"""

HANGS = 5
REST_SECONDS = 20.0


class Breaker:
    """One for each engine and event loop."""

    __slots__ = ("_in_a_row", "_rests_until", "_trying")

    def __init__(self) -> None:
        self._in_a_row = 0
        self._rests_until: float | None = None
        self._trying = False

    @property
    def is_open(self) -> bool:
        """Whether the engine is left alone, but for tries."""
        return self._rests_until is not None

    def lets(self, now: float) -> bool:
        """Whether it is asked about a message now."""
        if self._rests_until is None:
            return True
        if self._trying or now < self._rests_until:
            return False
        self._trying = True
        return True

    def answers(self) -> None:
        self._in_a_row = 0
        self._rests_until = None
        self._trying = False

    def hangs(self, now: float) -> bool:
        """Whether it is left alone from now on, and was not before."""
        if self._rests_until is not None:
            if self._trying:
                self._trying = False
                self._rests_until = now + REST_SECONDS
            return False
        self._in_a_row += 1
        if self._in_a_row < HANGS:
            return False
        self._rests_until = now + REST_SECONDS
        return True

    def gives_up(self) -> None:
        """Another message may try."""
        self._trying = False
