"""Remembered verdicts on passwords."""

from alphorn.operations.verdicts import Verdicts


def test_remembers_right_and_wrong_for_a_while() -> None:
    verdicts = Verdicts(keep=100)
    right = verdicts.name("anna@example.test", b"key", "password")
    wrong = verdicts.name("anna@example.test", b"key", "other")
    assert verdicts.get(right, 0) is None
    verdicts.put(right, True, 0)
    verdicts.put(wrong, False, 0)
    assert (verdicts.get(right, 99), verdicts.get(wrong, 99)) == (True, False)
    assert (verdicts.get(right, 100), verdicts.get(wrong, 100)) == (None, None)


def test_every_part_counts() -> None:
    verdicts = Verdicts()
    names = {
        verdicts.name("a", b"k", "p"),
        verdicts.name("b", b"k", "p"),
        verdicts.name("a", b"l", "p"),
        verdicts.name("a", b"k", "q"),
        verdicts.name("ak", b"", "p"),
        verdicts.name("a", b"kp", ""),
        Verdicts().name("a", b"k", "p"),
    }
    assert len(names) == 7


def test_bounded() -> None:
    verdicts = Verdicts(most=10)
    kept = verdicts.name("anna", b"", "right")
    verdicts.put(kept, True, 0)
    for number in range(100):
        verdicts.put(verdicts.name("anna", b"", str(number)), False, 0)
        assert verdicts.get(kept, 1) is True
    assert len(verdicts) == 10
