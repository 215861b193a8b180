"""Whatever is compiled, and whatever it runs on: a script, its mistakes, a message that is kept."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.sieve.actions import Keep, Result
from alphorn.sieve.compiler import compile_script
from alphorn.sieve.errors import Problem, ScriptError
from alphorn.sieve.extensions import STANDARD
from alphorn.sieve.interpreter import run
from alphorn.sieve.lexer import Kind, tokens
from alphorn.sieve.mail import Mail
from tests.sieve.support import MESSAGE, WORLD
from tests.sieve.test_extensions import HOLD, WRONG
from tests.support.cost import cost

ALL = "require [{}];".format(
    ", ".join(f'"{name}"' for name in STANDARD.capabilities if name != "ihave")
)
WORDS = [
    *STANDARD.commands,
    *STANDARD.tests,
    *(f":{tag}" for tags in STANDARD.tags.values() for tag in tags),
    *("if", "elsif", "else", "{", "}", "(", ")", "[", "]", ",", ";", ";", "{", "}", "5", "9k"),
    *('"x"', '"subject"', '["a", "b"]', '"${a.b}"', '"${x}"', '"${1}"', '"gt"', '"(a*)*"', '"*"'),
    *(
        '"a@x.test"',
        '"mailto:a@x.test"',
        "text:\nx\n.\n",
        "/* x */",
        "# x\n",
        '"\\"',
        "§",
        '"date"',
    ),
]
SEEDS = [script for _, script, _ in WRONG] + [f"if {test} {{ keep; }}" for _, test, _ in HOLD]


def whole(source: str | bytes, message: bytes = MESSAGE) -> None:
    """The invariant."""
    try:
        script = compile_script(source)
    except ScriptError as error:
        problems = error.problems
    else:
        check(run(script, message, WORLD))
        return
    assert 0 < len(problems) <= 50
    text = source if isinstance(source, str) else source.decode("utf-8", "replace")
    lines = text.split("\n")
    for problem in problems:
        assert problem.text
        assert 0 <= problem.line <= len(lines)
        assert problem.line == 0 or 1 <= problem.column <= len(lines[problem.line - 1]) + 1


def check(result: Result) -> None:
    assert len(result.actions) <= 33
    if result.error is not None:
        assert isinstance(result.error, Problem)
        assert result.actions == (Keep(implicit=True),)
        assert (result.message, result.edits, result.tracked) == (None, (), ())


@given(st.text(max_size=200))
def test_any_text(source: str) -> None:
    whole(source)


@given(st.binary(max_size=200))
def test_any_octets(source: bytes) -> None:
    whole(source)


@given(st.text(max_size=200))
def test_tokens_cover_the_text_in_order(source: str) -> None:
    found = tokens(source, lambda at, words: None)
    assert found[-1].kind is Kind.END
    places = [token.at for token in found]
    assert places == sorted(places)
    assert len(found) <= len(source) + 2


@settings(max_examples=400)
@given(st.lists(st.sampled_from(WORDS), max_size=25))
def test_words_of_the_language(words: list[str]) -> None:
    whole(ALL + "\n" + " ".join(words))
    whole('require "ihave";\n' + " ".join(words))


@settings(max_examples=300)
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False))
def test_damaged_scripts(seed: str, chance: random.Random) -> None:
    source = ALL + seed
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(ALL), len(source) + 1)
        piece = chance.choice([*WORDS, "", '"', "{", "\\", "${", "\0", "\udc80"[:0]])
        source = source[:at] + piece + source[at + chance.randint(0, 3) :]
    whole(source)


EVERYTHING = (
    'require ["body", "date", "mime", "foreverypart", "variables", "editheader", "replace",'
    ' "envelope", "index", "extracttext", "regex", "subaddress", "fileinto", "enclose",'
    ' "duplicate"];'
    'if body :matches "*x*" { keep; } if body :content "" :contains "a" { keep; }'
    'if body :raw :regex "(a|b)*c" { keep; } if date :index 1 "date" "std11" "x" { keep; }'
    'if address :detail ["from", "to"] "x" { keep; } if header :matches "subject" "*?*" { keep; }'
    'foreverypart { extracttext "t"; if header :mime :param "name" "content-type" "x" { keep; }'
    ' if exists :mime :anychild "content-type" { set "a" "${a}${t}"; } }'
    'if duplicate { keep; } addheader "X-A" "${a}"; deleteheader :matches "subject" "*";'
    'if header :contains "from" "a" { enclose "${1}"; } else { replace "${a}"; } fileinto "a";'
)


@settings(max_examples=200)
@given(st.binary(max_size=300), st.randoms(use_true_random=False))
def test_any_message(octets: bytes, chance: random.Random) -> None:
    script = compile_script(EVERYTHING)
    at = chance.randrange(len(MESSAGE))
    for message in (octets, MESSAGE[:at] + octets + MESSAGE[at:], MESSAGE[:at]):
        result = run(script, Mail(message), WORLD)
        assert result.error is None or result.actions == (Keep(implicit=True),)


def test_large_scripts_and_messages_are_bounded() -> None:
    """Up to the limit of a script's size and beyond; each takes less than a second or so."""
    whole("keep;" * 100_000)
    whole("keep;" * 50_000)
    whole('if header "a" "b" { } ' * 10_000)
    whole('"' * 200_000)
    whole("text:\n" + "." * 200_000)
    whole("/*" * 100_000)
    whole("[" * 100_000)
    whole("${" * 100_000)
    whole('require "variables"; set "a" "' + "${a" * 80_000 + '";')
    whole('require "encoded-character"; redirect "' + "${hex:" + "4 " * 80_000 + '";')
    whole('require "encoded-character"; redirect "' + "${hex:4" * 30_000 + '";')
    boundary = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    whole(EVERYTHING, boundary + b"--b\r\n" * 50_000)
    whole(EVERYTHING, b"Subject: " + b"x" * 5_000_000)
    whole(EVERYTHING, b"From: a@b\r\n" * 100_000)


COSTLY = [
    'require ["variables", "enotify"]; set "a" "{big}"; {many:set :encodeurl "b" "${{a}}";}',
    'require "variables"; set "a" "{big}"; {many:if string :matches "${{a}}" "*{big}b" {{ }}}',
    'require "variables"; set "a" "{big}"; {many:if string :matches "x" "?${{a}}{n}" {{ }}}',
    'require ["variables", "regex"]; set "a" "{big}"; '
    '{many:if string :regex "${{a}}" "([a-z]|a){{1,200}}*.{{1,40}}x" {{ }}}',
    'require ["variables", "regex"]; set "a" "a?"; '
    '{many:if string :regex "aaa" "(${{a}}{n}){{0,200}}" {{ }}}',
    'require "body"; {many:if body :contains "zz{n}" {{ }}}',
    'require "editheader"; {many:deleteheader :matches "x-a" "*?*{n}*";}',
    'require ["foreverypart", "mime"]; foreverypart {{ foreverypart {{ foreverypart {{ '
    'if header :mime :anychild "x" "y" {{ }} }} }} }}',
]


@pytest.mark.parametrize("template", COSTLY)
def test_no_script_takes_long(template: str) -> None:
    """As much work as fits into a script, on a message made for it."""
    begin, _, rest = template.partition("{many:")
    one, _, end = rest.rpartition("}")
    source = begin.format(big="a" * 4000) if rest else template.format()
    if rest:
        many = min(10_000, (200_000 - len(source)) // max(len(one.format(big="a" * 4000, n=0)), 1))
        source += "".join(one.format(big="a" * 4000, n=number) for number in range(max(many, 1)))
    message = (
        b"X-A: b\r\n" * 2000
        + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + b"--b\r\nContent-Type: text/html\r\n\r\n<p>z z</p>\r\n" * 900
        + b"z " * 500_000
    )
    assert end.strip() == ""
    script = compile_script(source)
    assert cost(lambda: check(run(script, message, WORLD)), 10, 2) < 10
