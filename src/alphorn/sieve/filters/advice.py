"""What the owner of filters should be told: where they do not do what they seem to say."""

from collections.abc import Sequence

from alphorn.sieve.filters.model import (
    CopyTo,
    Delete,
    Filter,
    Flag,
    MarkRead,
    Match,
    Move,
    Redirect,
    Reject,
    Stop,
)
from alphorn.sieve.limits import DEFAULT


def advice(filters: Sequence[Filter]) -> tuple[str, ...]:
    """Sentences, of filters that are on. They are possible all the same."""
    on = [(number, one) for number, one in enumerate(filters, 1) if one.on]
    return (*_beyond_the_end(on), *_refusals(on), *_late_flags(on), *_too_many(on))


_Numbered = Sequence[tuple[int, Filter]]


def ends(one: Filter) -> bool:
    """Whether no filter behind it runs where its conditions hold."""
    return any(isinstance(action, Stop | Reject) for action in one.actions)


def _beyond_the_end(on: _Numbered) -> list[str]:
    for index, (number, one) in enumerate(on):
        if one.match is Match.EVERY and ends(one) and index + 1 < len(on):
            return [
                f"No filter behind filter {number} ({one.name}) ever runs, for it stops and is "
                "for every message."
            ]
    return []


def _refusals(on: _Numbered) -> list[str]:
    delivering: tuple[int, Filter] | None = None
    found = []
    for number, one in on:
        if delivering is not None and any(isinstance(action, Reject) for action in one.actions):
            found.append(
                f"Filter {number} ({one.name}) refuses mail, but filter {delivering[0]} "
                f"({delivering[1].name}) may have filed it or sent it on before; then the filters "
                "contradict each other, and the message is kept in the inbox. Put the one that "
                "refuses first."
            )
        if delivering is None and not ends(one) and _delivers(one):
            delivering = number, one
    return found


def _delivers(one: Filter) -> bool:
    return any(
        isinstance(action, Move | CopyTo | Redirect | Delete)
        and not (isinstance(action, Delete) and action.for_good)
        for action in one.actions
    )


def _late_flags(on: _Numbered) -> list[str]:
    moving: tuple[int, Filter] | None = None
    for number, one in on:
        flags = any(isinstance(action, Flag | MarkRead) for action in one.actions)
        if moving is not None and flags and not any(isinstance(a, Move) for a in one.actions):
            return [
                f"What filter {moving[0]} ({moving[1].name}) moves does not get the flags of "
                f"filter {number} ({one.name}), which comes later. Put the one that flags first."
            ]
        if (
            moving is None
            and not ends(one)
            and any(isinstance(action, Move) for action in one.actions)
        ):
            moving = number, one
    return []


def _too_many(on: _Numbered) -> list[str]:
    targets = {
        action.address for _, one in on for action in one.actions if isinstance(action, Redirect)
    }
    if len(targets) <= DEFAULT.redirects:
        return []
    return [
        f"The filters send on to {len(targets)} addresses. One message goes to at most "
        f"{DEFAULT.redirects} of them; where it would go to more, none of the filters is followed, "
        "and it is kept in the inbox."
    ]
