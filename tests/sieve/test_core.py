"""RFC 5228: each command and test, rightly and wrongly used, and the implicit keep."""

import pytest

from alphorn.sieve.actions import Discard, FileInto, Keep, Redirect
from alphorn.sieve.limits import Limits
from tests.sieve.support import MESSAGE, do, holds, mistakes

IMPLICIT = Keep(implicit=True)


@pytest.mark.parametrize(
    ("script", "actions"),
    [
        ("", (IMPLICIT,)),
        ("keep;", (Keep(),)),
        ("keep; keep;", (Keep(),)),
        ("discard;", (Discard(),)),
        ("discard; keep;", (Discard(), Keep())),
        ("stop; discard;", (IMPLICIT,)),
        ("if true { stop; } discard;", (IMPLICIT,)),
        ('redirect "a@x.test";', (Redirect("a@x.test"),)),
        ('redirect " Anna <a@X.test> ";', (Redirect("a@X.test"),)),
        ('redirect "a@x.test"; redirect "a@x.test";', (Redirect("a@x.test"),)),
        ('require "fileinto"; fileinto "Work";', (FileInto("Work"),)),
        ('require "fileinto"; fileinto "A"; fileinto "A";', (FileInto("A"),)),
        ('require "fileinto"; keep; fileinto "inbox";', (Keep(),)),
        ('require "fileinto"; fileinto "A"; fileinto "a";', (FileInto("A"), FileInto("a"))),
        ('require ["fileinto", "copy"]; fileinto :copy "A";', (FileInto("A"), IMPLICIT)),
        ('require "copy"; redirect :copy "a@x.test";', (Redirect("a@x.test"), IMPLICIT)),
        ("if false { keep; } elsif true { discard; } else { stop; }", (Discard(),)),
        ("if false { keep; } elsif false { stop; } else { discard; }", (Discard(),)),
        ("if true { if false { discard; } else { keep; } }", (Keep(),)),
        ("IF TRUE { DISCARD; }", (Discard(),)),
    ],
)
def test_actions(script: str, actions: tuple[object, ...]) -> None:
    result = do(script)
    assert result.error is None
    assert result.actions == actions
    assert result.message is None


@pytest.mark.parametrize(
    ("test", "verdict"),
    [
        ("true", True),
        ("false", False),
        ("not false", True),
        ("allof (true, true)", True),
        ("allof (true, false)", False),
        ("anyof (false, true)", True),
        ("anyof (false, false)", False),
        ('header "subject" "[LIST] a größere matter"', True),
        ('header "subject" "[LIST] a GRÖSSERE matter"', False),
        ('header :comparator "i;octet" "subject" "[LIST] a größere matter"', False),
        ('header :comparator "i;unicode-casemap" "x-number" "12"', True),
        ('header :comparator "i;unicode-casemap" :contains "subject" "GRÖß"', True),
        ('header :contains "subject" "größ"', True),
        ('header :contains ["nothing", "SUBJECT"] ["nothing", "list"]', True),
        ('header :contains "x-empty" ""', True),
        ('header :contains "x-absent" ""', False),
        ('header "x-empty" ""', True),
        ('header :matches "subject" "[*] * matter"', True),
        ('header :matches "subject" "[????] *"', True),
        ('header :matches "subject" "[???] *"', False),
        ('header :matches "subject" "\\\\[*"', True),
        ('header :matches "x-number" "\\\\1?"', True),
        ('header :matches "x-number" "1\\\\?"', False),
        ('header :matches "x-number" "*"', True),
        ('header :matches "x-number" "*1*2*"', True),
        ('header :matches "x-number" "*2*1*"', False),
        ('address "from" "otto+news@example.net"', True),
        ('address :localpart "from" "OTTO+news"', True),
        ('address :domain :is ["to", "cc"] "example.org"', True),
        ('address :all "to" "meier@example.org"', True),
        ('address :contains "to" "Anna"', True),
        ('address :contains "to" "B."', False),
        ('exists ["from", "to"]', True),
        ('exists ["from", "x-absent"]', False),
        ("size :over 100", True),
        ("size :under 100", False),
        (f"size :over {len(MESSAGE)}", False),
        (f"size :under {len(MESSAGE)}", False),
        (f"size :under {len(MESSAGE) + 1}", True),
    ],
)
def test_tests(test: str, verdict: bool) -> None:
    assert holds("", test) is verdict


@pytest.mark.parametrize(
    ("test", "verdict"),
    [
        ('envelope "from" "otto+news@example.net"', True),
        ('envelope :domain "to" "example.org"', True),
        ('envelope :localpart ["from", "to"] "anna+shop"', True),
        ('envelope "auth" "otto"', True),
        ('envelope :contains "orig_to" ""', False),
    ],
)
def test_envelope(test: str, verdict: bool) -> None:
    assert holds("envelope", test) is verdict


@pytest.mark.parametrize(
    ("script", "mistake"),
    [
        ('keep "x";', "1:1 the keep command requires 0 positional arguments, but 1 is specified"),
        ("keep true;", "1:6 the keep command accepts no sub-tests"),
        ("keep { stop; }", "1:1 the keep command takes no block"),
        ('keep :flags "x";', "1:6 the tagged argument ':flags' of the keep command needs require"),
        ("keep :nothing;", "1:6 unknown tagged argument ':nothing' for the keep command"),
        ("stop 5;", "1:1 the stop command requires 0"),
        ("redirect;", "1:1 the redirect command requires 1 positional argument (address), but 0"),
        ('redirect ["a@x.test"];', "1:10 the redirect command expects a string as argument 1"),
        ('redirect "a";', "1:10 cannot redirect to “a”: no “@”"),
        ('redirect "a@x.test, b@x.test";', "1:10 cannot redirect"),
        ('fileinto "x";', '1:1 the fileinto command needs require "fileinto"'),
        ('require "fileinto"; fileinto "";', "1:30 invalid folder name"),
        ('require "nothing";', "1:9 the extension “nothing” is not supported"),
        (
            'require "fileintoo";',
            "1:9 the extension “fileintoo” is not supported; is “fileinto” meant?",
        ),
        ('keep; require "fileinto";', "1:7 require belongs at the top"),
        ("kep;", "1:1 unknown command 'kep'; is “keep” meant?"),
        ("if tru { }", "1:4 unknown test 'tru'; is “true” meant?"),
        ("if keep { }", "1:4 cannot use command 'keep' as a test"),
        ("true;", "1:1 cannot use test 'true' as a command"),
        ("if true;", "1:1 if has no block"),
        ("if { keep; }", "1:1 if takes one test"),
        ("if (true, true) { }", "1:1 if takes one test"),
        ('if "x" true { }', "1:4 if takes no arguments"),
        ("else { keep; }", "1:1 else without an if before it"),
        ("if true { } else { } elsif true { }", "1:22 elsif after else"),
        ("if true { } else if true { }", "1:18 else takes no test; is “elsif” meant?"),
        ("if not { }", "1:4 the not test takes one test"),
        ("if allof true { }", "1:4 the allof test takes tests in parentheses"),
        ('if header "a" { }', "1:4 the header test requires 2 positional arguments"),
        (
            'if header 5 "a" { }',
            "1:11 the header test expects a string list as argument 1 (header names)",
        ),
        ('if header "a b" "c" { }', "1:11 “a b” cannot be the name of a header field"),
        ('if header "a" :is "c" { }', "1:15 unexpected tagged argument ':is'"),
        ('if header :is :contains "a" "c" { }', "1:15 ':contains' and ':is' cannot both stand"),
        ('if header :is :is "a" "c" { }', "1:15 ':is' stands twice"),
        ('if header :all "a" "c" { }', "1:11 unknown tagged argument ':all' for the header test"),
        ('if header contains "a" "c" { }', "1:11 missing colon ':' before the contains tag"),
        ('if header :comparator "i;x" "a" "c" { }', "1:23 there is no comparator “i;x”"),
        ('if header :comparator 5 "a" "c" { }', "1:11 ':comparator' in the header test must be"),
        ('if address "subject" "c" { }', "1:12 the header field 'subject' is not allowed"),
        ("if size 5 { }", "1:4 the size test needs :over or :under"),
        ("if size :over :under 5 { }", "1:15 ':under' and ':over' cannot both stand"),
        ('require "envelope"; if envelope "sender" "a" { }', "1:33 the envelope has no part"),
        ('redirect "a@x.test" keep;', "1:21 missing semicolon after the redirect command"),
    ],
)
def test_wrong_use(script: str, mistake: str) -> None:
    assert any(one.startswith(mistake) for one in mistakes(script))


def test_a_message_without_header_or_body() -> None:
    for raw in (b"", b"\r\n", b"x", b"\r\n\r\nbody"):
        assert do('if header "a" "b" { discard; }', raw).actions == (IMPLICIT,)
        assert do('require "body"; if body :raw "" { discard; }', raw).error is None


def test_a_runtime_error_keeps_the_message_and_has_a_place() -> None:
    script = 'require ["variables", "fileinto"];\nset "a" "b";\nif true {\n  redirect "${a}";\n}'
    result = do(script)
    assert result.actions == (IMPLICIT,)
    assert result.error is not None
    assert str(result.error) == "line 4, column 3: cannot redirect to “b”: no “@”"


def test_nothing_of_a_script_that_fails_is_done() -> None:
    result = do('require "ihave"; redirect "a@x.test"; discard; error "no";')
    assert result.actions == (IMPLICIT,)
    assert str(result.error) == "line 1, column 48: no"


@pytest.mark.parametrize(
    ("limits", "script", "words"),
    [
        (
            Limits(redirects=2),
            'redirect "a@x.t"; redirect "b@x.t"; redirect "c@x.t";',
            "redirect actions",
        ),
        (Limits(actions=1), 'redirect "a@x.t"; keep;', "total number of actions"),
        (Limits(steps=3), "keep; keep; keep; keep;", "more than 3 steps"),
        (
            Limits(text=10),
            'require "variables"; set "a" "123456"; set "b" "${a}${a}";',
            "grew to more than 10",
        ),
        (
            Limits(notifications=1),
            'require "enotify"; notify "mailto:a@x.test"; notify "mailto:b@x.test";',
            "notify actions exceeds policy limit (1)",
        ),
        (
            Limits(edits=1),
            'require "editheader"; addheader "X-A" "1"; addheader "X-A" "2";',
            "more than 1 header fields",
        ),
        (
            Limits(header=20),
            'require "editheader"; addheader "X-A" "1234567890"; addheader "X-A" "1234567890";',
            "more than 20 octets",
        ),
        (Limits(message=10), 'require "replace"; replace "12345678901";', "more than 10 octets"),
    ],
)
def test_limits(limits: Limits, script: str, words: str) -> None:
    result = do(script, limits=limits)
    assert result.actions == (IMPLICIT,)
    assert result.error is not None
    assert words in result.error.text


def test_limits_of_a_script() -> None:
    assert mistakes("keep;" * 10, Limits(script=10)) == ["0:0 the script is larger than 10 octets"]
    assert len(mistakes("kep;" * 500)) == 50
    many = "".join(f'set "v{n}" "";' for n in range(3))
    assert (
        "more than 2 variables" in mistakes('require "variables";' + many, Limits(variables=2))[0]
    )


def test_a_limit_of_redirects_is_four() -> None:
    script = "".join(f'redirect "a{n}@x.test";' for n in range(4))
    assert len(do(script).actions) == 4
    assert do(script + 'redirect "a4@x.test";').error is not None
