"""What the commands of extensions do: actions, variables, flags, edited and enclosed messages."""

from dataclasses import replace

import pytest

from alphorn.message import addresses, header, words
from alphorn.message.parse import parse
from alphorn.sieve.actions import (
    Added,
    Copy,
    Deleted,
    Discard,
    FileInto,
    Keep,
    Notify,
    Redirect,
    Reject,
    Result,
    Tracked,
    Vacation,
)
from alphorn.sieve.compiler import compile_script
from alphorn.sieve.environment import Plain
from alphorn.sieve.script import Script
from tests.sieve.support import MESSAGE, WORLD, do, needed

IMPLICIT = Keep(implicit=True)


def fine(requires: str, script: str, world: Plain = WORLD, message: bytes = MESSAGE) -> Result:
    result = do(needed(requires) + script, message, world)
    assert result.error is None, result.error
    return result


def fails(requires: str, script: str, world: Plain = WORLD) -> str:
    result = do(needed(requires) + script, MESSAGE, world)
    assert result.actions == (IMPLICIT,)
    assert result.error is not None
    return result.error.text


def value(requires: str, script: str, name: str = "v", world: Plain = WORLD) -> str:
    """What a variable holds in the end, told by a mailbox of its name."""
    result = fine(f"variables fileinto {requires}", script + f' fileinto "=${{{name}}}";', world)
    action = result.actions[-1]
    assert isinstance(action, FileInto)
    return action.mailbox[1:]


def changed(requires: str, script: str) -> bytes:
    """What the message becomes."""
    message = fine(requires, script).message
    assert message is not None
    return message.raw


# -- variables -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ('set "v" "a";', "a"),
        ('set "V" "a"; set "v" "${v}b${V}";', "aba"),
        ('set "a" "1"; set "v" "${a";', "${a"),
        ('set "a" "1"; set "v" "${a}{a}${ a}${}";', "1{a}${ a}${}"),
        ('set "a" "$"; set "v" "${a}{a}";', "${a}"),
        ('set "v" "\\${x}";', ""),
        ('set :lower :upperfirst "v" "eLLo";', "Ello"),
        ('set :lowerfirst :upper "v" "ello";', "eLLO"),
        ('set :quotewildcard "v" "a*b?c\\\\";', "a\\*b\\?c\\\\"),
        ('set :length "v" "Grüße";', "5"),
        ('if header :matches "subject" "[*] A *" { set "v" "${1}/${2}/${0}"; }',
         "list/größere matter/[list] A größere matter"),
        ('if address :matches "from" "*@*.*" { set "v" "${1} ${2} ${3} ${4}"; }',
         "otto+news Example NET "),
        ('if string :matches "abc" "a?*" { set "v" "${1}${2}"; } ', "bc"),
        ('if string :matches "aXbXc" "*X*" { set "v" "${1}|${2}"; } ', "a|bXc"),
        ('if string :matches "x" "x" {} if string :matches "q" "x" {} set "v" "${0}";', "x"),
        ('if string :is "q" "q" { set "v" "${0}"; }', ""),
    ],
)  # fmt: skip
def test_variables(script: str, expected: str) -> None:
    assert value("", script) == expected


def test_variables_by_regex_and_for_urls() -> None:
    script = (
        'if header :regex "subject" "\\\\[([a-z]+)\\\\] (A|B) (.*)" { set "v" "${1}-${2}-${3}"; }'
    )
    assert value("regex", script) == "list-A-größere matter"
    assert value("enotify", 'set :encodeurl "v" "a b&ü";') == "a%20b%26%C3%BC"
    assert value("regex", 'set :quoteregex "v" "a.b*";') == "a\\.b\\*"


def test_body_sets_no_match_values() -> None:
    script = 'if string :matches "x" "*" {} if body :matches "*hello*" { set "v" "${0}"; }'
    assert value("body", script) == "x"


def test_a_variable_is_cut_between_characters() -> None:
    limits = replace(compile_script("").limits, variable=5)
    script = 'require ["variables", "fileinto"]; set "v" "aüüü"; fileinto "${v}";'
    assert do(script, limits=limits).actions == (FileInto("aüü"),)


# -- flags -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "actions"),
    [
        ('setflag "\\\\seen";', (Keep(("\\Seen",), implicit=True),)),
        ('addflag "a b"; addflag ["B", "c"]; removeflag "A";', (Keep(("b", "c"), implicit=True),)),
        ('setflag "a"; keep; setflag "b";', (Keep(("a",)),)),
        ('setflag "a"; keep :flags "b";', (Keep(("b",)),)),
        ('keep :flags ["\\\\Flagged x", "X", "a\\"b", "\\\\Recent"];', (Keep(("\\Flagged", "x")),)),
        ('setflag "a"; fileinto "M"; keep;', (FileInto("M", ("a",)), Keep(("a",)))),
        ('fileinto :flags "a" "M"; fileinto :flags "b" "M";', (FileInto("M", ("b",)),)),
        ('setflag "a"; if hasflag :is ["b", "A"] { discard; }', (Discard(),)),
        ('setflag "a b"; if hasflag :count "eq" "2" { discard; }', (Discard(),)),
        ("keep;", (Keep(),)),
    ],
)
def test_flags(script: str, actions: tuple[object, ...]) -> None:
    assert fine("imap4flags fileinto relational", script).actions == actions


def test_flags_in_variables() -> None:
    script = 'setflag "f" "a b"; addflag "f" "c A"; removeflag "f" "b"; keep :flags "${f}";'
    assert fine("imap4flags variables", script).actions == (Keep(("a", "c")),)
    script = 'setflag "f" "a"; if hasflag ["f", "g"] "a" { discard; }'
    assert fine("imap4flags variables", script).actions == (Discard(),)


# -- mailboxes, lists, refusals --------------------------------------------------------------------


def test_fileinto_says_how() -> None:
    script = 'fileinto :create :specialuse "\\\\Junk" "Junk mail";'
    actions = fine("fileinto mailbox special-use", script).actions
    assert actions == (FileInto("Junk mail", None, True, "\\Junk"),)


def test_redirect_to_a_list() -> None:
    assert fine("extlists", 'redirect :list "friends";').actions == (Redirect("", "friends"),)
    assert "no external list" in fails("extlists", 'redirect :list "nobodies";')


def test_refusals() -> None:
    assert fine("reject", 'reject "no";').actions == (Reject("no"),)
    assert fine("ereject", 'ereject "no";').actions == (Reject("no", True),)
    assert fine("reject", 'discard; reject "no";').actions == (Discard(), Reject("no"))
    for beside in (
        "keep;",
        'redirect "a@x.test";',
        'fileinto "x";',
        'vacation "x";',
        'reject "x";',
    ):
        assert "cannot stand beside" in fails("reject fileinto vacation", f'{beside} reject "no";')
        assert "cannot stand beside" in fails("reject fileinto vacation", f'reject "no"; {beside}')
    stored = replace(WORLD, items={"imap.cause": "FLAG"})
    assert "in a mailbox already" in fails("reject imapsieve", 'reject "no";', stored)
    assert "in a mailbox already" in fails("vacation imapsieve", 'vacation "no";', stored)


# -- answers and notifications ---------------------------------------------------------------------


def test_vacation() -> None:
    script = (
        'vacation :days 3 :subject "Away\r\nnow" :from "Anna <a@x.test>" '
        ':addresses ["b@x.test", "nonsense"] "I am away.";'
    )
    action, kept = fine("vacation", script).actions
    assert isinstance(action, Vacation)
    assert kept == IMPLICIT
    assert (action.text, action.subject, action.sender) == (
        "I am away.",
        "Away now",
        "Anna <a@x.test>",
    )
    assert (action.period, action.addresses, action.mime) == (3 * 86400, ("b@x.test",), False)


def test_vacation_periods_and_keys() -> None:
    def one(arguments: str) -> Vacation:
        action = fine("vacation vacation-seconds", f"vacation {arguments};").actions[0]
        assert isinstance(action, Vacation)
        return action

    assert one('"x"').period == 7 * 86400
    assert one(':days 0 "x"').period == 86400
    assert one(':days 9999 "x"').period == 365 * 86400
    assert one(':seconds 7200 "x"').period == 7200
    assert one(':seconds 1 "x"').period == 60
    assert one('"x"').key == one(':days 2 "x"').key != one('"y"').key
    assert one('"x"').key != one(':subject "s" "x"').key != one(':from "a@x.test" "x"').key
    assert one(':handle "h" "x"').key == one(':handle "h" "y"').key != one(':handle "i" "x"').key
    assert one(':mime "x"').mime
    assert "only once" in fails("vacation", 'vacation "a"; vacation "b";')


def test_copies_of_what_is_sent() -> None:
    script = 'vacation :fcc "Sent" :create :flags "\\\\Seen" :specialuse "\\\\Sent" "x";'
    action = fine("vacation fcc mailbox imap4flags special-use", script).actions[0]
    assert isinstance(action, Vacation)
    assert action.copy == Copy("Sent", ("\\Seen",), True, "\\Sent")
    action = fine("enotify fcc", 'notify :fcc "Sent" "mailto:a@x.test";').actions[0]
    assert isinstance(action, Notify)
    assert action.copy == Copy("Sent")


def test_notify() -> None:
    script = (
        'notify :from "a@x.test" :importance "1" :options ["k=v", "l="] :message "Hi" '
        '"mailto:b@x.test?subject=x";'
    )
    assert fine("enotify", script).actions == (
        Notify("mailto:b@x.test?subject=x", "Hi", "a@x.test", 1, (("k", "v"), ("l", ""))),
        IMPLICIT,
    )
    assert "no way to notify" in fails("enotify variables", 'set "u" "tel:1"; notify "${u}";')


# -- duplicate -------------------------------------------------------------------------------------


def test_duplicates_are_asked_for_and_remembered_later() -> None:
    first = fine("duplicate", "if duplicate { discard; }")
    assert first.actions == (IMPLICIT,)
    (tracked,) = first.tracked
    assert tracked.period == 7 * 86400
    again = replace(WORLD, remembered=frozenset((tracked.key,)))
    second = fine("duplicate", "if duplicate { discard; }", again)
    assert (second.actions, second.tracked) == ((Discard(),), ())
    third = fine("duplicate", "if duplicate :last :seconds 60 { discard; }", again)
    assert third.tracked == (Tracked(tracked.key, 60, True),)


def test_duplicates_are_told_apart() -> None:
    def key(arguments: str) -> str:
        (tracked,) = fine("duplicate", f"if duplicate {arguments} {{ }}").tracked
        return tracked.key

    keys = [
        key(':header "x-number"'),
        key(':uniqueid "13"'),
        key(':handle "h" :uniqueid "13"'),
        key(':handle "h1" :uniqueid "3"'),
        key(""),
    ]
    assert len(set(keys)) == 5
    assert key(':uniqueid "12"') == keys[0]
    # Within one run the answer stays.
    result = fine("duplicate", "if duplicate { } if duplicate { discard; }")
    assert result.actions == (IMPLICIT,)
    assert do('require ["duplicate", "ihave"]; if duplicate { } error "x";').tracked == ()


# -- include, ihave --------------------------------------------------------------------------------


def including(**scripts: str) -> Plain:
    return replace(
        WORLD,
        scripts={
            ("global" if name.startswith("g_") else "personal", name): compile_script(text)
            for name, text in scripts.items()
        },
    )


def test_include() -> None:
    world = including(a="discard; stop;", b='require "include"; return; discard;', g_c="keep;")
    assert fine("include", 'include "b"; include "a"; keep;', world).actions == (Discard(),)
    assert fine("include", 'include "b";', world).actions == (IMPLICIT,)
    assert fine("include", 'include :global "g_c";', world).actions == (Keep(),)
    assert fine("include", "return; discard;", world).actions == (IMPLICIT,)
    assert fine("include", 'include :optional "none";', world).actions == (IMPLICIT,)
    assert "no personal script “g_c”" in fails("include", 'include "g_c";', world)


def test_include_shares_only_globals() -> None:
    inner = (
        'require ["include", "variables"]; global "g"; set "l" "inner"; '
        'set "g" "${g}+${l}${1}"; if string :matches "x" "*" {}'
    )
    script = (
        'global "g"; set "g" "G"; set "l" "outer"; if string :matches "m" "*" {} '
        'include "a"; include :once "a"; set "v" "${g}${global.g}${l}${1}";'
    )
    assert value("include", script, world=including(a=inner)) == "G+innerG+innerouterm"


def test_include_is_bounded() -> None:
    again = 'require "include"; include "a";'
    assert "includes itself" in fails("include", 'include "a";', including(a=again))
    chain = {f"s{n}": f'require "include"; include "s{n + 1}";' for n in range(20)}
    assert "more than 10 scripts" in fails("include", 'include "s0";', including(**chain))


def test_an_error_within_an_included_script_says_where() -> None:
    inner = 'require "ihave";\n error "broken";'
    text = fails("include", 'include "a";', including(a=inner))
    assert text == "in the script “a”, line 2, column 2: broken"


def test_ihave_puts_mistakes_off_until_they_are_met() -> None:
    script = 'if ihave "nothing" { nothing :strange "x" { } } else { discard; }'
    assert fine("ihave", script).actions == (Discard(),)
    assert fine("ihave", 'if not ihave "fileinto" { error "x"; } fileinto "A";').actions == (
        FileInto("A"),
    )
    assert "unknown command" in fails("ihave", "if true { nothing; }")
    assert "unknown test" in fails("ihave", "if nothing { }")
    assert "needs require" in fails("ihave", 'fileinto "A";')


# -- edited messages -------------------------------------------------------------------------------


def test_fields_are_added() -> None:
    result = fine("editheader", 'addheader "X-A" "eins zwei"; addheader :last "X-B" "grün"; keep;')
    assert result.message is not None
    raw = result.message.raw
    end = header.header_end(MESSAGE) - 2
    assert raw.startswith(b"X-A: eins zwei\r\n" + MESSAGE[:end] + b"X-B: ")
    assert raw.endswith(MESSAGE[end:])
    assert words.decode(header.get(raw, "x-b") or "") == "grün"
    assert result.edits == (Added("X-A", "eins zwei"), Added("X-B", "grün", True))
    assert result.actions == (Keep(message=result.message),)


def test_fields_cannot_be_smuggled() -> None:
    result = fine("editheader", 'addheader "X-A" "a\r\n\r\nbody\r\nX-B: c";')
    assert result.message is not None
    assert header.get(result.message.raw, "X-A") == "a body X-B: c"
    assert result.message.raw.endswith(MESSAGE)
    text = fails("editheader variables", 'set "n" "A: b\r\nX"; addheader "${n}" "x";')
    assert "cannot be the name" in text


@pytest.mark.parametrize(
    "name", ["X-Alphorn-Confidential", "x-alphorn-spam", "Delivered-To", "Authentication-Results"]
)
def test_nobody_speaks_for_this_service(name: str) -> None:
    result = fine("editheader", f'addheader "{name}" "x"; addheader :last "{name}" "x";')
    assert (result.message, result.edits) == (None, ())
    result = fine("editheader variables", f'set "n" "{name}"; addheader "${{n}}" "x";')
    assert result.message is None
    raw = changed("enclose", f'enclose :headers ["{name} : x", "X-Why: this"] "Look out.";')
    assert header.get_all(raw, name) == header.get_all(MESSAGE, name)
    assert header.get(raw, "x-why") == "this"


@pytest.mark.parametrize(
    ("script", "gone"),
    [
        ('deleteheader "x-number";', 1),
        ('deleteheader :contains "x-number" "1";', 1),
        ('deleteheader :contains "x-number" "9";', 0),
        ('deleteheader :index 1 "cc";', 1),
        ('deleteheader :index 2 "cc";', 0),
        ('deleteheader "received";', 0),
        ('deleteheader "Auto-Submitted";', 0),
        ('deleteheader :index 1 :last :matches "subject" "*";', 1),
    ],
)
def test_fields_are_deleted(script: str, gone: int) -> None:
    result = fine("editheader", script)
    before = len(list(header.iterate(MESSAGE)))
    after = MESSAGE if result.message is None else result.message.raw
    assert len(list(header.iterate(after))) == before - gone
    assert parse(after).children, "the body stays"
    assert sum(edit.count for edit in result.edits if isinstance(edit, Deleted)) == gone


def test_later_tests_and_actions_see_the_new_header_and_earlier_ones_the_old() -> None:
    script = (
        'fileinto "old"; deleteheader "subject"; addheader "Subject" "new"; '
        'if header "subject" "new" { fileinto "new"; }'
    )
    old, new = fine("editheader fileinto", script).actions
    assert isinstance(old, FileInto)
    assert isinstance(new, FileInto)
    assert old.message is None
    assert new.message is not None
    assert header.get_all(new.message.raw, "subject") == ["new"]


# -- parts -----------------------------------------------------------------------------------------


def test_every_part_is_gone_through() -> None:
    script = (
        'foreverypart { if header :mime :matches :contenttype "content-type" "*" '
        '{ set "v" "${v} ${1}"; } }'
    )
    found = value("foreverypart mime", script)
    assert found == " multipart/mixed text/plain text/html image/png"


def test_loops_within_loops_and_breaks() -> None:
    script = (
        'foreverypart :name "o" { set "v" "${v}("; foreverypart { set "v" "${v}x"; '
        'if header :mime :subtype "content-type" "html" { break; } } set "v" "${v})"; }'
    )
    assert value("foreverypart mime", script) == "(xx)()()()"
    script = (
        'foreverypart :name "o" { foreverypart { set "v" "${v}x"; '
        'if header :mime :subtype "content-type" "html" { break :name "o"; } } }'
    )
    assert value("foreverypart mime", script) == "xx"


def test_the_text_of_a_part() -> None:
    script = (
        'foreverypart { extracttext :first 5 :upper "v"; '
        'if string :contains "${v}" "G" { break; } }'
    )
    assert value("foreverypart extracttext", script) == "GRÜSSE"
    script = 'foreverypart { if header :mime :subtype "content-type" "png" { extracttext "v"; } }'
    assert value("foreverypart extracttext mime", script) == ""


def test_a_part_is_replaced() -> None:
    script = (
        'foreverypart { if header :mime :subtype "content-type" ["png", "html"] '
        '{ replace "taken out\nhere"; } }'
    )
    raw = changed("foreverypart mime replace", script)
    root = parse(raw)
    kinds = [part.media.name for part in root.children]
    assert kinds == ["text/plain", "text/plain", "text/plain"]
    last = root.children[2]
    assert raw[last.body : last.end] == b"taken out\r\nhere\r\n"
    assert b"cat.png" not in raw
    assert header.get(raw, "subject") == header.get(MESSAGE, "subject")


def test_a_message_is_replaced() -> None:
    script = 'replace :subject "Grüße" :from "a@x.test" "all new"; keep;'
    (kept,) = fine("replace", script).actions
    assert isinstance(kept, Keep)
    assert kept.message is not None
    raw = kept.message.raw
    assert raw.endswith(b"\r\n\r\nall new\r\n")
    assert header.get_all(raw, "from") == ["a@x.test"]
    assert header.get_all(raw, "mime-version") == ["1.0"]
    assert header.get(raw, "content-type") == "text/plain; charset=us-ascii"
    raw = changed("replace", 'replace :mime "Content-Type: text/html\n\n<p>x</p>";')
    assert header.get(raw, "content-type") == "text/html"


def test_a_message_is_enclosed() -> None:
    script = 'enclose :subject "Warning" :headers ["X-Why: this"] "Look out.";'
    raw = changed("enclose", script)
    root = parse(raw)
    assert root.media.name == "multipart/mixed"
    text, inner = root.children
    assert raw[text.body : text.end] == b"Look out.\r\n"
    assert raw[inner.body : inner.end] == MESSAGE
    assert header.get(raw, "subject") == "Warning"
    assert header.get(raw, "x-why") == "this"
    assert [one.address for one in addresses.mailboxes(header.get(raw, "from") or "")] == [
        "otto+news@Example.NET"
    ]
    assert "is no header field" in fails("enclose", 'enclose :headers "x" "y";')


def test_addheader_within_a_loop_keeps_its_place() -> None:
    script = (
        'foreverypart { addheader "X-Seen" "1"; '
        'if header :mime :contenttype "content-type" "image/png" { set "v" "found"; } }'
    )
    assert value("foreverypart mime editheader", script) == "found"


def test_an_included_script_with_mistakes_keeps_the_message() -> None:
    class Lazy(Plain):
        __slots__ = ()

        def script(self, name: str, location: str) -> Script | None:
            return compile_script("kep;")

    words = fails("include", 'include "a";', Lazy())
    assert words.startswith(
        "the included script “a” has mistakes: line 1, column 1: unknown command"
    )


def test_changed_messages_share_their_bodies() -> None:
    script = "".join(f'addheader "X-A" "{n}"; fileinto "{n}";' for n in range(20))
    found = [
        one.message
        for one in fine("editheader fileinto", script).actions
        if isinstance(one, FileInto)
    ]
    assert len({id(one.body) for one in found if one is not None}) == 1
    assert len({one.head for one in found if one is not None}) == 20
