"""Filter → Sieve → filter is the identity, whatever is in names and values."""

import random
import re
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import example, given, settings

from alphorn.sieve.compiler import compile_script
from alphorn.sieve.errors import ScriptError
from alphorn.sieve.filters import Filter, read, write
from alphorn.sieve.filters.check import checked, checked_condition
from alphorn.sieve.filters.errors import FilterError
from alphorn.sieve.filters.model import Condition, Field, How, Match, Move, Stop
from alphorn.sieve.filters.plain import from_plain, to_plain
from alphorn.sieve.filters.reading import read_placed
from alphorn.sieve.filters.words import action, action_words, condition, condition_words
from alphorn.sieve.lexer import Kind, tokens
from tests.sieve.filters.making import ANY_TEXT, VALUES, lists
from tests.sieve.test_fuzz import WORDS

STANDARD = {
    "body", "comparator-i;ascii-numeric", "comparator-i;unicode-casemap", "copy", "date",
    "envelope", "fileinto", "imap4flags", "mailbox", "mime", "regex", "reject", "relational",
    "spamtestplus", "special-use", "subaddress",
}  # fmt: skip


@given(lists())
@settings(max_examples=80)
def test_there_and_back(made: list[Filter]) -> None:
    kept = checked(made)
    assert checked(kept) == kept
    text = write(made)
    assert read(text) == kept
    assert write(kept) == text
    assert set(compile_script(text).capabilities) <= STANDARD
    for seed in range(2):
        other = laid_out_anew(text, seed)
        assert read(other) == kept, other
    assert read(text.replace("\n", "\r\n")) == kept
    check_words(kept)
    check_lines(text)


@given(ANY_TEXT, VALUES)
@settings(max_examples=150)
@example("*/ }\n stop; #", "\\")
@example(" x# ", "${a}")
@example("C#\\u{a}\\", 'x"; stop; #')
@example("\r\n\ufeff", "text:\r\n.\r\n")
def test_nothing_breaks_out_of_its_place(name: str, value: str) -> None:
    """Whatever is in a name or a value, the same tokens stand around it."""
    one = Condition(Field.HEADER, How.STARTS, (value or "x",), "X-Kind")
    text = write([Filter(name if name.strip() else "x", Match.ALL, (one,), (Stop(),))])
    found = [(token.kind, token.text) for token in tokens(text, lambda at, words: None)]
    plain = write([Filter("x", Match.ALL, (Condition(Field.SIZE, How.OVER, ("1",)),), (Stop(),))])
    other = [(token.kind, token.text) for token in tokens(plain, lambda at, words: None)]
    assert found[-5:] == other[-5:]
    assert [text for kind, text in found if kind is Kind.STRING][-2] == "X-Kind"
    assert sum(kind is Kind.NAME for kind, _ in found) == (3 if value.isascii() else 4)


def laid_out_anew(text: str, seed: int) -> str:
    """Between the tokens other white space, lists around single strings, tags in capitals."""
    chance = random.Random(seed)
    found = tokens(text, lambda at, words: None)
    pieces = []
    for token, after in pairwise(found):
        piece = text[token.at : after.at]
        if "#" in piece and token.kind is not Kind.STRING:
            pieces.append(piece)  # a comment, with its line end
            continue
        bare = piece.rstrip()
        if token.kind in (Kind.TAG, Kind.NAME) and chance.random() < 0.5:
            bare = bare.upper()
        pieces.append(bare + chance.choice((" ", "\n", "\t \r\n", "  ")))
    return text[: found[0].at] + "".join(pieces)


def check_words(kept: tuple[Filter, ...]) -> None:
    for one in kept:
        assert from_plain(to_plain(one)) == one
        for each in one.conditions:
            assert condition(condition_words(each)) == each
        for deed in one.actions:
            assert action(action_words(deed)) == deed


def check_lines(text: str) -> None:
    lines = text.split("\n")
    last = 0
    for placed in read_placed(text):
        assert last < placed.line <= placed.last <= len(lines)
        assert lines[placed.line - 1].startswith("if ")
        last = placed.last
        assert lines[last - 1].startswith("}")


def test_reading_never_breaks() -> None:
    """Whatever is read gives filters or says where it is wrong; what it gives can be written."""
    chance = random.Random(5)
    read_well = 0
    for _ in range(800):
        pieces = re.split(r"(\s+|[\[\](){},;])", chance.choice(SEEDS))
        for _ in range(chance.randint(0, 3)):
            at = chance.randrange(len(pieces))
            pieces[at] = chance.choice((*WORDS, "", *pieces))
        text = "".join(pieces)
        try:
            found = read(text)
        except ScriptError as error:
            problems = error.problems
        else:
            read_well += 1
            assert read(write(found)) == found
            continue
        assert problems
        assert all(problem.text for problem in problems)
        assert all(0 <= problem.line <= text.count("\n") + 1 for problem in problems)
    assert read_well > 30


SEEDS = (
    'require ["fileinto", "imap4flags", "copy", "mailbox", "date", "relational", "envelope"];\n'
    "# Filter: one\n"
    'if anyof (header :contains "subject" ["a", "b"], not address :is ["to", "cc"] "a@x.test",\n'
    'allof (currentdate :value "ge" "time" "08:00:00", currentdate :value "lt" "time" "09:00:00"))'
    ' { addflag "\\\\Flagged"; fileinto :copy :create "Work"; redirect :copy "b@x.test"; stop; }\n'
    '# Filter: two\nif false { if size :over 1M { fileinto "Big"; } }\n',
    'require ["reject", "body", "mime", "spamtestplus", "relational", "special-use", "fileinto",\n'
    '"comparator-i;ascii-numeric", "subaddress", "envelope", "mailbox"];\n'
    'if allof (body :text :contains "x", exists "list-id", envelope :detail :matches "to" "shop*") '
    '{ reject "no"; stop; }\nif true { discard; }\n'
    'if spamtest :percent :value "gt" :comparator "i;ascii-numeric" "80" '
    '{ fileinto :specialuse "\\\\Trash" :create "Trash"; }\n'
    'if header :mime :anychild :type :is "content-disposition" "attachment" { keep; stop; }\n',
)


@pytest.mark.parametrize(
    ("given_", "plainer"),
    [
        ((Field.HEADER, How.CONTAINS, ("x",), "SUBJECT"), (Field.SUBJECT, How.CONTAINS, ("x",))),
        ((Field.HEADER, How.CONTAINS, ("x",), "From"), (Field.FROM, How.CONTAINS, ("x",))),
        ((Field.HEADER, How.IS, ("x",), "From"), (Field.HEADER, How.IS, ("x",), "From")),
        ((Field.HEADER, How.EXISTS, (), "cc"), (Field.CC, How.EXISTS)),
        ((Field.HEADER, How.EXISTS, (), "List-ID"), (Field.LIST, How.EXISTS)),
        ((Field.HEADER, How.CONTAINS, ("<a>", "<b>"), "list-id"), (Field.LIST, How.IS, ("a", "b"))),
        ((Field.HEADER, How.CONTAINS, ("a>",), "list-id"), (Field.LIST, How.ENDS, ("a",))),
        ((Field.BODY, How.MATCHES, ("a\\*b*",)), (Field.BODY, How.STARTS, ("a*b",))),
        ((Field.BODY, How.MATCHES, ("*a", "*\\\\")), (Field.BODY, How.ENDS, ("a", "\\"))),
        ((Field.BODY, How.MATCHES, ("*a", "b*")), (Field.BODY, How.MATCHES, ("*a", "b*"))),
        ((Field.BODY, How.MATCHES, ("*",)), (Field.BODY, How.MATCHES, ("*",))),
        ((Field.SUBJECT, How.IS, ("a\r\nb\rc",)), (Field.SUBJECT, How.IS, ("a\nb\nc",))),
        ((Field.SIZE, How.OVER, ("0010",)), (Field.SIZE, How.OVER, ("10",))),
        ((Field.WEEKDAY, How.IS, ("Monday",)), (Field.WEEKDAY, How.IS, ("monday",))),
    ],
)
def test_each_thing_is_said_in_one_way(
    given_: tuple[object, ...], plainer: tuple[object, ...]
) -> None:
    assert checked_condition(Condition(*given_)) == Condition(*plainer)  # type: ignore[arg-type]


def test_nothing_at_all() -> None:
    assert write(()) == ""
    assert read("") == ()
    assert read(" \n# nothing\n") == ()


def test_together_they_are_bounded() -> None:
    long = tuple(f"{number:04d}" + "x" * 900 for number in range(100))
    one = Filter("x", Match.ALL, (Condition(Field.SUBJECT, How.IS, long),), (Move("Work"),))
    assert read(write([one])) == (one,)
    with pytest.raises(FilterError, match="together they are larger"):
        write([one] * 3)


def test_the_page_for_people() -> None:
    """The Sieve in docs/filters.md is what is written of it, but for the heading."""
    page = (Path(__file__).parents[3] / "docs" / "filters.md").read_text()
    begin = page.index("    require [")
    text = dedent(page[begin : page.index("It may be laid out otherwise")]).strip() + "\n"
    assert write(read(text)).partition("\n\n")[2] == text
