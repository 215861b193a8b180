"""What is no filter: which field is wrong, and what of a text filters cannot say, and where."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.sieve.errors import ScriptError
from alphorn.sieve.filters import limits, read
from alphorn.sieve.filters.advice import advice
from alphorn.sieve.filters.check import checked
from alphorn.sieve.filters.errors import FilterError, NotInModel
from alphorn.sieve.filters.model import (
    Action,
    Condition,
    CopyTo,
    Delete,
    Field,
    Filter,
    Flag,
    How,
    Match,
    Move,
    Redirect,
    Reject,
    Stop,
)
from alphorn.sieve.filters.plain import from_plain
from alphorn.sieve.filters.words import action, condition

FINE = Condition(Field.SUBJECT, How.CONTAINS, ("x",))
STOP = (Stop(),)


def one(*conditions: Condition, actions: tuple[Action, ...] = STOP, name: str = "x") -> Filter:
    return Filter(name, Match.ALL, conditions or (FINE,), actions)


def asks(field: Field, how: How, *values: str, header: str = "") -> Filter:
    return one(FINE, Condition(field, how, values, header))


def does(*actions: Action) -> Filter:
    return one(actions=actions)


REDIRECTS = tuple(Redirect(f"a{number}@x.test") for number in range(5))


@pytest.mark.parametrize(
    ("made", "place", "words"),
    [
        (one(name=" "), "name", "needs a name"),
        (one(name="x" * 201), "name", "at most 200"),
        (one(name="\ud800"), "name", "no text"),
        (Filter("x", Match.ALL, (), STOP), "conditions", "needs conditions"),
        (Filter("x", Match.EVERY, (FINE,), STOP), "conditions", "has no conditions"),
        (one(*[FINE] * 51), "conditions", "at most 50"),
        (asks(Field.SIZE, How.IS, "5"), "condition 2, how", "there is over, under"),
        (asks(Field.HEADER, How.IS, "5"), "condition 2, header", "name of a header field"),
        (asks(Field.HEADER, How.IS, "5", header="a:"), "condition 2, header", "“a:” cannot be"),
        (asks(Field.HEADER, How.EXISTS, header="x" * 101), "condition 2, header", "cannot be"),
        (asks(Field.BODY, How.IS, "5", header="a"), "condition 2, header", "only a condition"),
        (asks(Field.BODY, How.CONTAINS), "condition 2, values", "takes 1 to 100 values, not 0"),
        (asks(Field.BODY, How.IS, *["x"] * 101), "condition 2, values", "not 101"),
        (asks(Field.TO, How.EXISTS, "x"), "condition 2, values", "takes 0 values, not 1"),
        (asks(Field.SIZE, How.OVER, "1", "2"), "condition 2, values", "takes 1 values, not 2"),
        (asks(Field.BODY, How.CONTAINS, "a", ""), "condition 2, value 2", "empty"),
        (asks(Field.BODY, How.IS, "x" * 1001), "condition 2, value 1", "at most 1000"),
        (asks(Field.BODY, How.IS, "\0"), "condition 2, value 1", "control characters"),
        (asks(Field.BODY, How.IS, "\udc80"), "condition 2, value 1", "control characters"),
        (asks(Field.SUBJECT, How.REGEX, "a", "("), "condition 2, value 2", "expression is wrong"),
        (asks(Field.SIZE, How.OVER, "5M"), "condition 2, value 1", "not a size in octets"),
        (asks(Field.SIZE, How.OVER, str(2**31)), "condition 2, value 1", "is between 0 and"),
        (asks(Field.SPAM, How.OVER, "101"), "condition 2, value 1", "between 1 and 100"),
        (asks(Field.DATE, How.ON, "2025-02-30"), "condition 2, value 1", "no day"),
        (asks(Field.WEEKDAY, How.IS, "Freitag"), "condition 2, value 1", "none of sunday"),
        (asks(Field.TIME, How.BETWEEN, "8:00", "09:00"), "condition 2, value 1", "no time"),
        (asks(Field.TIME, How.BETWEEN, "09:00", "09:00"), "condition 2, values", "nothing"),
        (asks(Field.LIST, How.IS, "<a>"), "condition 2, value 1", "without < and >"),
        (does(), "actions", "something to do"),
        (does(*map(CopyTo, "abcdefghijklmnopqrstu")), "actions", "at most 20"),
        (does(Move("")), "action 1, mailbox", "empty"),
        (does(Move("a\nb")), "action 1, mailbox", "control"),
        (does(Stop(), Move("x" * 1001)), "action 2, mailbox", "at most 1000"),
        (does(Flag("\\Deleted")), "action 1, flag", "only \\Flagged"),
        (does(Flag("a b")), "action 1, flag", "nor a keyword"),
        (does(Redirect("nobody")), "action 1, address", "no address"),
        (does(Redirect("x" * 2000)), "action 1, address", "too long"),
        (does(Reject(" \n")), "action 1, text", "needs a text"),
        (does(Reject("x" * 4001)), "action 1, text", "at most 4000"),
        (does(Reject("no"), CopyTo("x")), "actions", "kept or sent on as well"),
        (does(Move("x"), Move("y")), "actions", "one place only"),
        (does(Move("x"), Delete()), "actions", "one place only"),
        (does(*REDIRECTS), "actions", "at most 4"),
    ],
)
def test_what_is_wrong_and_where(made: Filter, place: str, words: str) -> None:
    with pytest.raises(FilterError) as caught:
        checked([one(), made])
    assert str(caught.value).startswith(f"filter 2, {place}: ")
    assert words in str(caught.value)
    assert caught.value.path[:2] == ("filters", 1)


def test_there_are_not_too_many() -> None:
    assert len(checked([one()] * limits.MAX_FILTERS)) == limits.MAX_FILTERS
    with pytest.raises(FilterError, match="at most 200 filters"):
        checked([one()] * (limits.MAX_FILTERS + 1))


ACT = "{ stop; }"


NEEDS = (("variables", "${"), ("variables", "set "), ("variables", '"v"'), ("ihave", "ihave"))


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("keep;", "1:1 filters are one “if” after the other, without “keep” between"),
        (f"if true {ACT}\nelsif true {ACT}", "2:1 a filter has no “elsif”"),
        (f"if true {ACT} else {ACT}", "1:19 a filter has no “else”"),
        ("if true { }", "1:1 a filter needs something to do"),
        (f"if false {ACT}", "1:1 “if false” is a filter that is switched off"),
        (f"if not true {ACT}", "1:8 filters have no condition “true”"),
        (f"if not not size :over 1 {ACT}", "1:4 a condition is negated once"),
        (f"if not anyof (size :over 1) {ACT}", "1:8 the conditions of a filter have no “anyof”"),
        (f"if true {ACT} # mine\nif true {ACT}", "1:19 filters have no comments"),
        ("if true {\n /* mine */ stop; }", "2:2 filters have no comments"),
        (f"if true {ACT}\n# Filter: none", "2:1 filters have no comments"),
        (f'if header ["a", "b"] "c" {ACT}', "1:4 a condition looks at one header field"),
        (f'if header :count "gt" "a" "1" {ACT}', "1:11 filters do not know :count in “header”"),
        (f'if header :comparator "i;octet" "a" "b" {ACT}', "1:4 filters compare without regard"),
        (f'if header :mime "a" "b" {ACT}', "1:4 of the parts of a message"),
        (f'if address "sender" "b" {ACT}', "1:4 addresses are compared in From, in To"),
        (f'if address :domain "from" "b" {ACT}', "1:12 filters do not know :domain"),
        (f'if address :contains "from" "b" {ACT}', "1:4 “contains” looks at names too"),
        (f'if exists ["a", "b"] {ACT}', "1:4 a condition looks at one header field"),
        (f'if envelope "auth" "a" {ACT}', "1:4 of the envelope"),
        (f'if currentdate "hour" "08" {ACT}', "1:4 of the date, conditions know"),
        (f'if currentdate :value "ge" "date" "2025-01-01" {ACT}', "1:4 of the date"),
        (f'if currentdate "weekday" "7" {ACT}', "1:4 the days of the week are 0"),
        (f'if currentdate :zone "+0100" "date" "x" {ACT}', "1:16 filters do not know :zone"),
        (f'if spamtest :percent "5" {ACT}', "1:4 this is compared by"),
        ("if true { if true { stop; } }", "1:11 filters have no action “if”"),
        ("if true { stop; keep; }", "1:17 nothing behind a “stop” is done"),
        ('if true { keep; addflag "x"; }', "1:17 flags hold for what is filed behind them"),
        ('if true { keep :flags "x"; }', "1:16 filters do not know :flags"),
        ('if true { setflag "x"; }', "1:11 filters have no action “setflag”"),
        ('if true { addflag "v" "x"; }', "1:11 filters put flags onto the message"),
        ('if true { reject "x"; }', "1:11 behind “reject” a filter needs “stop”"),
        ('if true { ereject "x"; stop; }', "1:11 filters have no action “ereject”"),
        ('if true { fileinto :specialuse "\\\\Junk" "Junk"; }', "1:11 by its use, filters know"),
        ('if true { fileinto "a"; fileinto "b"; }', "1:1 actions: a message is moved to one"),
        ('if header "subject" "${x}" { stop; }', "1:21 with “variables”, “${” has a meaning"),
        (f'if ihave "x" {ACT}', "1:9 filters know what there is"),
        ('set "a" "b";', "1:1 filters are one “if” after the other, without “set”"),
        (f'if header :regex "subject" "x" {ACT} stop;', "1:42 filters are one “if”"),
        (f'if currentdate :value "ge" "time" "08:00:00" {ACT}', "1:4 of the date"),
        (
            'if anyof (currentdate :value "ge" "time" "08:00:00", '
            'currentdate :value "lt" "time" "09:00:00") { stop; }',
            "1:4 within a day times are joined by “allof”",
        ),
        (
            'if allof (currentdate :value "ge" "time" "08:00:00", '
            'currentdate :value "ge" "time" "09:00:00") { stop; }',
            "1:4 a time lies between two",
        ),
    ],
)
def test_what_filters_cannot_say(text: str, mistake: str) -> None:
    needs = (
        "mime date relational envelope spamtestplus fileinto imap4flags reject ereject special-use "
        "regex"
    ).split()
    needs += [need for need, sign in NEEDS if sign in text]
    with pytest.raises(NotInModel) as caught:
        read("".join(f'require "{need}"; ' for need in needs) + "\n" + text)
    found = [f"{each.line - 1}:{each.column} {each.text}" for each in caught.value.problems]
    if "ihave" in text:
        assert found[0].endswith("they do not ask by “ihave”")
    else:
        assert found[0].startswith(mistake), found
        assert len(found) == 1


def test_all_is_told_at_once_and_what_is_no_sieve_first() -> None:
    with pytest.raises(NotInModel) as caught:
        read("keep;\nif true { keep; }\ndiscard;\n# x\n")
    assert [each.line for each in caught.value.problems] == [1, 3, 4]
    with pytest.raises(ScriptError, match="unknown command") as other:
        read("keep;\nkeeep;")
    assert not isinstance(other.value, NotInModel)


def test_a_heading_may_be_anything_and_names_may_be_missing() -> None:
    text = "# mine\n/* too */\nif true { stop; }\n# Filter: b\nif true { keep; }\n"
    assert [each.name for each in read(text)] == ["Filter 1", "b"]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("from ends with @acme.test", Condition(Field.FROM, How.ENDS, ("@acme.test",))),
        ("Subject is not x or y", Condition(Field.SUBJECT, How.IS, ("x", "y"), negated=True)),
        ('subject contains "a or b", "c"', Condition(Field.SUBJECT, How.CONTAINS, ("a or b", "c"))),
        ("not header X-A exists", Condition(Field.HEADER, How.EXISTS, (), "X-A", True)),
        ("header X-A not matches a*b", Condition(Field.HEADER, How.MATCHES, ("a*b",), "X-A", True)),
        ("size over 5 MiB", Condition(Field.SIZE, How.OVER, ("5242880",))),
        ("has attachment", Condition(Field.ATTACHMENT, How.EXISTS)),
        ("not attachment", Condition(Field.ATTACHMENT, How.EXISTS, negated=True)),
        ("weekday is saturday or sunday", Condition(Field.WEEKDAY, How.IS, ("saturday", "sunday"))),
        ("time between 22:00 and 06:00", Condition(Field.TIME, How.BETWEEN, ("22:00", "06:00"))),
        ("time between 22:00-06:00", Condition(Field.TIME, How.BETWEEN, ("22:00", "06:00"))),
        ("spam over 80%", Condition(Field.SPAM, How.OVER, ("80",))),
    ],
)
def test_conditions_in_words(words: str, wanted: Condition) -> None:
    assert condition(words) == wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("move Work / Acme", Move("Work / Acme")),
        ('move "a" if it exists', Move("a", create=False)),
        ("redirect a@b.test without copy", Redirect("a@b.test", keep=False)),
        ("delete for good", Delete(for_good=True)),
        ("mark as read", "read"),
    ],
)
def test_actions_in_words(words: str, wanted: object) -> None:
    found = action(words)
    assert found == wanted or type(found).__name__ == "MarkRead"


@pytest.mark.parametrize(
    "words",
    ["", "not", "form is x", "from", "from like x", "from exists x", 'subject is "a" b', 'to is "a',
     'to is "a" or', "size over five", "header"],
)  # fmt: skip
def test_no_condition(words: str) -> None:
    with pytest.raises(FilterError):
        condition(words)


@pytest.mark.parametrize("words", ["", "stop it", "mark", "move", 'move "a" b', "delete it", "fly"])
def test_no_action(words: str) -> None:
    with pytest.raises(FilterError):
        action(words)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (5, "an object was expected"),
        ({"name": "x", "colour": 1}, "“colour” is unknown; there is"),
        ({"actions": []}, "name: this is missing"),
        ({"name": 5}, "name: a text was expected"),
        ({"name": "x", "on": 1}, "on: this is true or false"),
        ({"name": "x", "match": "some"}, "match: “some” is unknown; there is all, any, every"),
        ({"name": "x", "conditions": {}}, "conditions: a list was expected"),
        ({"name": "x", "conditions": [{"field": "nose"}]}, "condition 1, field: “nose” is unknown"),
        ({"name": "x", "conditions": [{"field": "to", "how": "is", "values": [5]}]},
         "condition 1, value 1: this is no text"),
        ({"name": "x", "actions": [{"do": "fly"}]}, "action 1, do: there is move"),
        ({"name": "x", "actions": [{"do": ["x"]}]}, "action 1, do: there is move"),
        ({"name": "x", "actions": [{"do": "move"}]}, "action 1, mailbox: this is missing"),
        ({"name": "x", "actions": [{"do": "stop", "x": 1}]}, "action 1: “x” is unknown"),
    ],
)  # fmt: skip
def test_no_json_of_a_filter(value: object, words: str) -> None:
    with pytest.raises(FilterError) as caught:
        from_plain(value)
    assert str(caught.value).startswith(words)


def test_advice() -> None:
    every = Filter("all", Match.EVERY, (), (Move("x"), Stop()))
    move, flag = does(Move("x")), does(Flag())
    assert advice([one(), flag, move, every]) == ()
    assert "No filter behind filter 1 (all) ever runs" in advice([every, one()])[0]
    assert advice([every, Filter("off", Match.ALL, (FINE,), STOP, on=False)]) == ()
    assert "Put the one that refuses first" in advice([move, does(Reject("no"))])[0]
    assert advice([does(Reject("no")), move]) == ()
    assert "Put the one that flags first" in advice([move, flag])[0]
    assert "send on to 5 addresses" in advice([does(each) for each in REDIRECTS])[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(("to", "is", "move", "all", "x")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("name", "match", "conditions", "actions", "field", "how", "do", "values")
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
WORD = st.sampled_from(
    (*(one.value for one in Field), *(one.value for one in How), "not", "or", "and", '"', '"a"',
     ",", "move", "redirect", "delete", "5M", "08:00", "x@y.test", "  ", "\\", "\ud800", "\n")
)  # fmt: skip


@given(JSON, st.lists(WORD, max_size=6).map(" ".join))
@settings(max_examples=150)
def test_whatever_is_given(value: object, words: str) -> None:
    """A filter, a condition, an action; or it is said what is wrong."""
    with suppress(FilterError):
        checked([from_plain(value)])
    with suppress(FilterError):
        checked([one(condition(words))])
    with suppress(FilterError):
        checked([does(action(words))])
