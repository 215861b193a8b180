import pytest

from alphorn.message.collate import base_subject, fold


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Hello", "Hello"),
        ("Re: Hello", "Hello"),
        ("RE:FW: Fwd: re : Hello", "Hello"),
        ("Re[2]: Hello", "Hello"),
        ("Re [tag]: Hello", "Hello"),
        ("[list] Hello", "Hello"),
        ("[a] [b] Re: [c] Hello", "Hello"),
        ("[list]", "[list]"),
        ("[a] [b]", "[b]"),
        ("[a] Re:", ""),
        ("Re:", ""),
        ("", ""),
        ("Hello (fwd)", "Hello"),
        ("Hello (Fwd)  (FWD) ", "Hello"),
        ("(fwd)", ""),
        ("[fwd: Hello]", "Hello"),
        ("[Fwd: Re: [fwd: Hello (fwd)]]", "Hello"),
        ("[fwd: Hello", "[fwd: Hello"),
        ("  tabs\tand\t\tspaces  ", "tabs and spaces"),
        ("Reply: Hello", "Reply: Hello"),
        ("Re Hello", "Re Hello"),
        ("AW: Hallo", "AW: Hallo"),
        ("[unclosed Re: Hello", "[unclosed Re: Hello"),
    ],
)
def test_base_subject(subject: str, expected: str) -> None:
    assert base_subject(subject) == fold(expected)


def test_base_subject_is_bounded() -> None:
    assert len(base_subject("x" * 100_000)) == 1000
    assert base_subject("[fwd:" * 50_000) == fold("[fwd:" * 200)


def test_fold_compares_without_case() -> None:
    assert fold("Grüße") == fold("GRÜßE") == fold("gru\u0308ße")
    assert fold("ﬁ") == fold("ﬁ")
    assert fold("Ångström") == fold("ångström")
    assert sorted(["b", "A", "a", "B"], key=fold) in (["A", "a", "b", "B"], ["a", "A", "b", "B"])
