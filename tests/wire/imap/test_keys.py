"""Search keys become queries when the session says what numbers mean."""

from alphorn.base import query
from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.wire.imap import keys
from alphorn.wire.imap.sets import SequenceSet

SEEN = query.Flagged(Flag.SEEN)


def resolve(numbers: SequenceSet, uid: bool) -> NumberSet:
    """Message n of five has UID 10 n."""
    if uid:
        return numbers.resolve(50)
    return NumberSet.of(10 * n for n in numbers.resolve(5))


def test_numbers_become_uids() -> None:
    both = keys.AllOf(
        (
            keys.Numbers(SequenceSet(((2, 0),)), uid=False),
            keys.Numbers(SequenceSet(((2, 0),)), uid=True),
        )
    )
    assert keys.to_query(both, resolve) == query.And(
        (query.Uids(NumberSet.of([20, 30, 40, 50])), query.Uids(NumberSet(((2, 50),))))
    )


def test_recent_is_what_the_session_says() -> None:
    recent = NumberSet.of([50])
    assert keys.to_query(keys.NEW, resolve, recent) == query.And(
        (query.Uids(recent), query.Not(SEEN))
    )
    assert keys.to_query(keys.OLD, resolve) == query.Not(query.Uids(NumberSet()))


def test_modseq_is_found_at_any_depth() -> None:
    modseq = keys.Matches(query.ModSeq(5))
    assert keys.uses_modseq(keys.NotKey(keys.AnyOf((keys.Matches(SEEN), keys.AllOf((modseq,))))))
    assert not keys.uses_modseq(keys.AnyOf((keys.Matches(SEEN), keys.Recent())))
