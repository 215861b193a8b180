"""Lexer and parser: what is read, where mistakes are, and that reading goes on behind them."""

import pytest

from alphorn.sieve.compiler import compile_script
from alphorn.sieve.errors import ScriptError
from alphorn.sieve.lexer import MAX_NUMBER, Kind, tokens
from alphorn.sieve.limits import DEFAULT
from alphorn.sieve.parser import parse
from alphorn.sieve.tree import Number, Strings, Tag
from tests.sieve.support import mistakes


def read(source: str) -> list[tuple[Kind, str, int]]:
    found: list[str] = []
    result = [token[:3] for token in tokens(source, lambda at, text: found.append(text))]
    assert not found
    return result[:-1]


def test_tokens() -> None:
    assert read('if Header :Is "a\\"b" 5K # c\n[/* x */];') == [
        (Kind.NAME, "if", 0),
        (Kind.NAME, "Header", 3),
        (Kind.TAG, "Is", 10),
        (Kind.STRING, 'a"b', 14),
        (Kind.NUMBER, "5K", 21),
        (Kind.SIGN, "[", 28),
        (Kind.SIGN, "]", 36),
        (Kind.SIGN, ";", 37),
    ]


def test_a_multi_line_string_loses_its_dots_and_gets_crlf() -> None:
    source = "text: # why\none\n..two\n.three\n.\n;"
    assert read(source)[0] == (Kind.STRING, "one\r\n.two\r\n.three\r\n", 0)
    assert read(source.replace("\n", "\r\n"))[0][1] == "one\r\n.two\r\n.three\r\n"
    assert read("text:\n.\n")[0][1] == ""


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), ("12", 12), ("2k", 2048), ("1M", 1 << 20), ("3G", 3 << 30)]
)
def test_numbers(text: str, value: int) -> None:
    assert tokens(text, lambda at, words: pytest.fail(words))[0].number == value


@pytest.mark.parametrize(
    ("source", "mistake"),
    [
        (f"if size :over {MAX_NUMBER + 1} {{}}", "1:15 the number is too large"),
        ("if size :over 99999999999G {}", "1:15 the number is too large"),
        ("if size :over 12kb {}", "1:15 “12kb” is no number"),
        ('keep; "x', "1:7 the string that begins here has no quotation mark"),
        ("keep;\n/* x", "2:1 the comment that begins here has no “*/”"),
        ("redirect text:\nx\n", "1:10 the text that begins here"),
        ("keep;\n  § keep;", "2:3 “§” has no meaning"),
        ("keep", "1:1 missing semicolon after the keep command"),
        ("if true { keep }", "1:11 missing semicolon after the keep command"),
        ("if true { keep;", "1:9 the block that begins here has no “}”"),
        ("keep; }", "1:7 this “}” closes no block"),
        ("if anyof (true, true { keep; }", "1:10 the list of tests"),
        ("if anyof (true,) { keep; }", "1:16 a test was expected here, but “)” stands"),
        ('require ["a" "b"];', "1:14 a string or “]” was expected here"),
        ("require [];", "1:10 a list has at least one string"),
        ("; keep;", "1:1 a command was expected here, but “;” stands"),
        ("keep, keep;", "1:5 a semicolon or a block was expected"),
        ('if header "a" ["b",] { keep; }', "1:20 a string or “]” was expected here"),
        ('if header "a" ["b", ","] { keep; }', None),
        ("", None),
        ("keep;# no line end", None),
    ],
)
def test_mistakes(source: str, mistake: str | None) -> None:
    if mistake is None:
        compile_script(source)
    else:
        assert mistakes(source)[0].startswith(mistake)


def test_several_mistakes_are_told_at_once_in_their_order() -> None:
    found = mistakes('keep "x";\nstop\n;\nfileinto "a";\n$ ;\nif tru { kep; }\ndiscard')
    assert [one.split(" ")[0] for one in found] == ["1:1", "4:1", "5:1", "6:4", "6:10", "7:1"]


def test_octets_that_are_no_utf8_have_a_place() -> None:
    with pytest.raises(ScriptError) as caught:
        compile_script(b"keep;\n# \xff\n")
    assert str(caught.value) == "line 2, column 3: the octet FF is no UTF-8"


def test_the_tree() -> None:
    node = parse('if not header :is ["a", "b"] "c" { stop; }', DEFAULT, lambda at, text: None)[0]
    inner = node.tests[0].tests[0]
    assert (node.name, node.tests[0].name, inner.name) == ("if", "not", "header")
    assert isinstance(inner.arguments[0], Tag)
    assert isinstance(inner.arguments[1], Strings)
    assert inner.arguments[1].listed
    assert [word.text for word in inner.arguments[1].words] == ["a", "b"]
    assert node.block is not None
    assert node.block[0].name == "stop"
    assert parse("x 5;", DEFAULT, lambda at, text: None)[0].arguments == [Number(5, 2)]


def test_nesting_is_bounded() -> None:
    deep = "if true { " * 31 + "keep; " + "} " * 31
    compile_script(deep)
    assert "more than 32 blocks" in mistakes("if true { " * 33 + "keep; " + "} " * 33)[0]
    assert "more than 32 tests" in mistakes("if " + "not " * 40 + "true { keep; }")[0]
    assert "more than 32 arguments" in mistakes("keep " + '"x" ' * 40 + ";")[0]
    # However deep, no more than a mistake.
    mistakes("if true { " * 100_000)
    mistakes("if " + "not " * 100_000)
    mistakes("if " + "anyof (" * 100_000)
