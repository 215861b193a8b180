"""Regular expressions: what they match, against an oracle; and that none can be made slow."""

import random
import re
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.sieve.regex.automaton import Automaton, Budget
from alphorn.sieve.regex.matcher import Regex, TooMuch, Wrong, compile_expression
from tests.sieve.support import do
from tests.support.cost import cost, promised

WORK = 50_000
SECONDS = 0.05


def regex(pattern: str, flags: int = re.ASCII) -> Regex:
    return Regex(pattern, flags, 500)


@pytest.mark.parametrize(
    ("pattern", "text", "groups"),
    [
        ("the (.*) jumps off the (.*)", "the cat jumps off the table", ("cat", "table")),
        ("(a|ab)(c|bcd)", "xabcd", None),
        ("a?(ab)?", "ab", ("ab",)),
        ("^(.*)@([^@]+)$", "a@b@c", ("a@b", "c")),
        ("([a-z]+)([0-9]*)", "..ab12", ("ab", "12")),
        ("(a)|(b)", "b", ("", "b")),
        ("(x*)y", "aay", ("",)),
        ("[[:digit:]]{2,3}", "a1234", ()),
        ("[]a]+", "b]a", ()),
        ("[^]a]+", "]ab", ()),
        ("[a\\]b]", "\\", None),
        ("[[:alpha:]ß1]+", ".aß1.", ()),
        ("[^[:alpha:]]+", "ab12", ()),
        ("a{2}", "aaa", ()),
        ("a{,2}", "a{,2}", ()),
        ("\\.\\*", "x.*", ()),
        ("\\d+\\s\\w", "x 12 a", ()),
        ("^$", "", ()),
        ("", "abc", ()),
        ("()", "abc", ("",)),
        ("(^|,)x(,|$)", "y,x", (",", "")),
    ],
)
def test_groups(pattern: str, text: str, groups: tuple[str, ...] | None) -> None:
    found = regex(pattern).groups(text, Budget(WORK))
    if groups is not None:
        assert found is not None
        assert found[1:] == groups


@pytest.mark.parametrize(
    ("pattern", "text", "whole"),
    [("(a|ab)(c|bcd)", "abcd", "abcd"), ("a|ab|abc", "xabc", "abc"), ("x*", "aax", "")],
)
def test_the_leftmost_and_longest_match(pattern: str, text: str, whole: str) -> None:
    found = regex(pattern).groups(text, Budget(WORK))
    assert found is not None
    assert found[0] == whole


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(", "“(” without a “)”"),
        (")", "“)” without a “(”"),
        ("[a", "“[” without a “]”"),
        ("[", "“[” without a “]”"),
        ("[b-a]", "begins above its end"),
        ("[[:letter:]]", "no class of characters called “letter”"),
        ("[[.a.]]", "collating elements"),
        ("[a-[:digit:]]", "a range cannot end"),
        ("*a", "nothing that “*” could repeat"),
        ("a|*", "nothing that “*” could repeat"),
        ("a{3,2}", "begins above its end"),
        ("a{999}", "more than 255 times"),
        ("\\", "nothing behind the last"),
        ("(a)\\1", "not a part of extended"),
        ("\\bx", "not a part of extended"),
        ("(((a{99}){99}){99}){99}", "too large"),
        ("(" * 60 + ")" * 60, "more than 50 parentheses"),
        ("a" * 5000, "longer than 4096"),
    ],
)
def test_what_is_no_expression(pattern: str, words: str) -> None:
    with pytest.raises(Wrong, match=re.escape(words)):
        regex(pattern)


def expressions(depth: int, random_: random.Random) -> str:
    chance = random_.random()
    if depth == 0 or chance < 0.4:
        return random_.choice(["a", "b", ".", "[ab]", "[^a]"])
    inner = expressions(depth - 1, random_)
    if chance < 0.6:
        return inner + expressions(depth - 1, random_)
    if chance < 0.75:
        return f"({inner}|{expressions(depth - 1, random_)})"
    if chance < 0.95:
        return f"({inner})" + random_.choice(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}"])
    return random_.choice(["^" + inner, inner + "$"])


def test_both_ways_agree_with_an_oracle() -> None:
    """Python's own matcher is the oracle for short texts."""
    random_ = random.Random(4)
    for _ in range(2500):
        pattern = expressions(4, random_)
        text = "".join(random_.choice("abc") for _ in range(random_.randint(0, 8)))
        try:
            ours = regex(pattern)
        except Wrong:
            continue
        found = re.search(pattern, text, re.DOTALL)
        automaton = Automaton(ours.positions, ours.flags).search(text, Budget(10**6))
        assert automaton == ours.search(text, Budget(WORK)) == (found is not None), (pattern, text)
        groups = ours.groups(text, Budget(10**6))
        assert (groups is None) == (found is None), (pattern, text)
        if groups is None or found is None:
            continue
        # Leftmost as the oracle's, and the longest of those that begin there.
        begin = found.start()
        ends = [
            end
            for end in range(begin, len(text) + 1)
            if re.compile(pattern, re.DOTALL).fullmatch(text, begin, end)
            and (end == len(text) or "$" not in pattern)
        ]
        if "$" not in pattern:
            assert groups[0] == text[begin : max(ends)], (pattern, text)
        slow = ours._groups(
            Automaton(ours.positions, ours.flags, armed=False),
            text,
            begin + 1,
            begin + len(groups[0]) + 1,
            Budget(10**6),
        )
        assert all(one in groups[0] for one in slow), (pattern, text)


EVIL = [
    ("(a+)+$", "a" * 50_000 + "b"),
    ("(a|a)*$", "a" * 50_000 + "b"),
    ("(a|aa)+$", "a" * 50_000 + "b"),
    ("(.*)(.*)(.*)(.*)(.*)(.*)x", "a" * 20_000),
    ("(a?){200}a{200}", "a" * 200),
    ("(a|b)*a(a|b){20}c", "ab" * 20_000),
    ("([a-z]+)*@", "a" * 50_000),
    ("(x+x+)+y", "x" * 50_000),
    (".*.*.*=.*", "x" * 50_000),
    ("[a-z]{1,255}[a-z]{1,200}!", "x" * 20_000),
    ("((a{0,20}){0,20})b", "a" * 20_000),
    ("(a*)*(a*)*(a*)*b", "a" * 50_000),
    ("^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 50_000),
    ("(.|.)*.{1,200}x", "".join(chr(0x4E00 + n % 9000) for n in range(20_000))),
]


@pytest.mark.parametrize(("pattern", "text"), EVIL)
@pytest.mark.parametrize("flags", [re.ASCII, re.ASCII | re.IGNORECASE])
@promised
def test_evil_expressions_take_no_time(pattern: str, text: str, flags: int, slack: float) -> None:
    ours = regex(pattern, flags)

    def look(method: Callable[[str, Budget], object]) -> None:
        ours._forward = ours._spans = None
        try:
            method(text, Budget(WORK))
        except TooMuch:
            pass

    for method in (ours.search, ours.groups):
        assert cost(partial(look, method), SECONDS * slack) < SECONDS * slack


@pytest.mark.parametrize("pattern", ["a?" * 500, "(a|b)?" * 200, "(a{0,22}){0,22}", "x" * 500])
@promised
def test_compiling_takes_no_time(pattern: str, slack: float) -> None:
    def read() -> None:
        try:
            regex(pattern)
        except Wrong:
            pass

    assert cost(read, 2 * SECONDS * slack) < 2 * SECONDS * slack


@given(
    st.text(alphabet="ab()[]{}*+?|^$\\.,-:0123dé\n", max_size=30), st.text("abé1\n", max_size=30)
)
def test_anything_is_an_expression_or_wrong(pattern: str, text: str) -> None:
    try:
        ours = compile_expression(pattern, re.IGNORECASE, 500)
    except Wrong:
        return
    found = ours.groups(text, Budget(10**6))
    assert ours.search(text, Budget(10**6)) == (found is not None)
    if found is not None:
        assert found[0] in text
        assert len(found) == ours.count + 1


def test_a_script_whose_expression_takes_too_long_keeps_the_message() -> None:
    script = (
        'require ["regex", "variables"]; set "a" "' + "a" * 250 + '"; set "b" "${a}${a}${a}${a}";'
        ' if string :regex "${b}" "(a?){240}a{240}$" { discard; }'
    )
    result = do(script)
    assert result.error is not None
    assert "takes too long" in result.error.text
    assert result.implicit_keep
