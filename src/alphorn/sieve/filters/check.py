"""Filters checked, and put into the one form in which each thing is said.

    actions         flags first, then copies and redirects, then where it goes, `Stop` last
    conditions      a header field that is a field of its own is that; a pattern that says no more
                    than how a value begins or ends says that; line ends in values are LF

What is given is of the right types. Everything raises `FilterError`; checking twice changes
nothing.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from alphorn.sieve.comparators import ASCII_CASEMAP
from alphorn.sieve.fields import is_name
from alphorn.sieve.filters import limits, patterns
from alphorn.sieve.filters.errors import FilterError
from alphorn.sieve.filters.model import (
    FIELDS,
    FLAGGED,
    INBOX,
    WEEKDAYS,
    Action,
    Condition,
    CopyTo,
    Delete,
    Field,
    Filter,
    Flag,
    How,
    Kind,
    MarkRead,
    Match,
    Move,
    Redirect,
    Reject,
    Stop,
)
from alphorn.sieve.limits import DEFAULT
from alphorn.sieve.recipients import normalized
from alphorn.sieve.regex.matcher import Wrong, compile_expression
from alphorn.sieve.storing import flag_list
from alphorn.sieve.texts import is_utf8

_T = TypeVar("_T")

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LINE_END = re.compile(r"\r\n?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_IN_BRACKETS = re.compile(r"(<?)([^<>]+)(>?)")
_LIST_HOWS = {
    ("<", ">"): How.IS,
    ("<", ""): How.STARTS,
    ("", ">"): How.ENDS,
    ("", ""): How.CONTAINS,
}
_RANKS: dict[type[Action], int] = {
    Flag: 0, MarkRead: 0, CopyTo: 1, Redirect: 2, Move: 3, Delete: 3, Reject: 3, Stop: 4,
}  # fmt: skip


def checked(filters: Sequence[Filter]) -> tuple[Filter, ...]:
    """All of them; `writing.write` checks how large they are together."""
    if len(filters) > limits.MAX_FILTERS:
        raise FilterError(("filters",), f"there are at most {limits.MAX_FILTERS} filters")
    return _each("filters", filters, checked_filter)


def checked_filter(one: Filter) -> Filter:
    name = one.name
    if not name.strip():
        raise FilterError(("name",), "a filter needs a name")
    if len(name) > limits.MAX_NAME:
        raise FilterError(("name",), f"a name has at most {limits.MAX_NAME} characters")
    if not is_utf8(name):
        raise FilterError(("name",), "this is no text")
    if (one.match is Match.EVERY) != (not one.conditions):
        words = (
            "a filter for every message has no conditions"
            if one.conditions
            else "a filter needs conditions, or is for every message"
        )
        raise FilterError(("conditions",), words)
    if len(one.conditions) > limits.MAX_CONDITIONS:
        words = f"a filter has at most {limits.MAX_CONDITIONS} conditions"
        raise FilterError(("conditions",), words)
    conditions = _each("conditions", one.conditions, checked_condition)
    if len(one.actions) > limits.MAX_ACTIONS:
        raise FilterError(("actions",), f"a filter does at most {limits.MAX_ACTIONS} things")
    actions = _together(_each("actions", one.actions, checked_action))
    return replace(one, conditions=conditions, actions=actions)


def _each(name: str, values: Sequence[_T], check: Callable[[_T], _T]) -> tuple[_T, ...]:
    found = []
    for index, value in enumerate(values):
        try:
            found.append(check(value))
        except FilterError as error:
            raise error.below(name, index) from None
    return tuple(found)


# -- conditions ------------------------------------------------------------------------------------


def checked_condition(one: Condition) -> Condition:
    row = FIELDS[one.field]
    if one.how not in row.hows:
        known = ", ".join(how.value for how in row.hows)
        words = f"“{one.field.value}” cannot be asked so; there is {known}"
        raise FilterError(("how",), words)
    if one.field is Field.HEADER:
        if not is_name(one.header) or len(one.header) > limits.MAX_HEADER_NAME:
            words = f"“{one.header[:40]}” cannot be the name of a header field"
            raise FilterError(("header",), words)
    elif one.header:
        raise FilterError(("header",), "only a condition about a header field names one")
    least, most = 1, limits.MAX_VALUES
    if one.how is How.EXISTS:
        least = most = 0
    elif one.how is How.BETWEEN:
        least = most = 2
    elif one.how in (How.OVER, How.UNDER, How.BEFORE, How.AFTER):
        most = 1
    if not least <= len(one.values) <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        words = f"“{one.how.value}” takes {wanted} values, not {len(one.values)}"
        raise FilterError(("values",), words)
    values = _each("values", one.values, lambda value: _value(value, row.kind, one.how))
    if one.how is How.BETWEEN and values[0] == values[1]:
        raise FilterError(("values",), "between a time and the same there is nothing")
    return _plainest(replace(one, values=values))


def _value(value: str, kind: Kind, how: How) -> str:
    value = _LINE_END.sub("\n", value) if "\r" in value else value
    if len(value) > limits.MAX_VALUE:
        raise FilterError((), f"a value has at most {limits.MAX_VALUE} characters")
    if not is_utf8(value) or _CONTROL.search(value):
        raise FilterError((), "there are control characters in it")
    if not value and how is not How.IS:
        raise FilterError((), "this is empty")
    low = value.lower()
    match kind:
        case Kind.OCTETS:
            return _number(value, 0, limits.MAX_SIZE, "a size in octets")
        case Kind.PERCENT:
            return _number(value, 1, 100, "a percentage")
        case Kind.WEEKDAY:
            if low not in WEEKDAYS:
                raise FilterError((), f"“{value[:20]}” is none of {', '.join(WEEKDAYS)}")
            return low
        case Kind.TIME:
            if not _TIME.fullmatch(value):
                raise FilterError((), f"“{value[:20]}” is no time such as 08:30")
        case Kind.DAY:
            if not _is_day(value):
                raise FilterError((), f"“{value[:20]}” is no day such as 2030-12-31")
        case Kind.LIST:
            if not value or "<" in value or ">" in value:
                raise FilterError((), "the identifier of a list stands here without < and >")
        case _:
            if how is How.REGEX:
                _check_expression(value)
    return value


def _number(value: str, least: int, most: int, what: str) -> str:
    if not value.isascii() or not value.isdigit() or len(value) > 20:
        raise FilterError((), f"“{value[:20]}” is not {what}")
    if not least <= int(value) <= most:
        raise FilterError((), f"{what} is between {least} and {most}")
    return str(int(value))


def _is_day(value: str) -> bool:
    if not _DAY.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _check_expression(value: str) -> None:
    try:
        compile_expression(value.replace("\n", "\r\n"), ASCII_CASEMAP.flags, DEFAULT.regex)
    except Wrong as error:
        raise FilterError((), f"the regular expression is wrong: {error}") from None


def _plainest(one: Condition) -> Condition:
    """The same said with a field of its own, and with the plainest way to compare."""
    if one.how is How.MATCHES:
        how, values = patterns.told(one.values)
        one = replace(one, how=how, values=values)
    if one.field is not Field.HEADER:
        return one
    name = one.header.lower()
    if name == "subject":
        return replace(one, field=Field.SUBJECT, header="")
    if name in ("from", "to", "cc") and one.how in (How.CONTAINS, How.EXISTS):
        return replace(one, field=Field(name), header="")
    if name == "list-id":
        if one.how is How.EXISTS:
            return replace(one, field=Field.LIST, header="")
        if one.how is How.CONTAINS:
            return _of_list(one)
    return one


def _of_list(one: Condition) -> Condition:
    found = [_IN_BRACKETS.fullmatch(value) for value in one.values]
    hows = {_LIST_HOWS[match[1], match[3]] for match in found if match}
    if len(hows) != 1 or not all(found):
        return one
    values = tuple(match[2] for match in found if match)
    return replace(one, field=Field.LIST, how=hows.pop(), values=values, header="")


# -- actions ---------------------------------------------------------------------------------------


def checked_action(one: Action) -> Action:
    match one:
        case Move(mailbox, create):
            mailbox = _mailbox(mailbox)
            return Move(mailbox, create or mailbox == INBOX)
        case CopyTo(mailbox, create):
            mailbox = _mailbox(mailbox)
            return CopyTo(mailbox, create or mailbox == INBOX)
        case Flag(flag):
            return _flag(flag)
        case Redirect(address, keep):
            return Redirect(_address(address), keep)
        case Reject(text):
            return Reject(_text(text))
        case _:
            return one


def _mailbox(name: str) -> str:
    if not name:
        raise FilterError(("mailbox",), "the name of the mailbox is empty")
    if len(name) > limits.MAX_MAILBOX:
        words = f"the name of a mailbox has at most {limits.MAX_MAILBOX} characters"
        raise FilterError(("mailbox",), words)
    if not is_utf8(name) or _CONTROL.search(name) or "\n" in name or "\t" in name:
        raise FilterError(("mailbox",), "there are control characters in the name of the mailbox")
    return INBOX if name.upper() == INBOX else name


def _flag(flag: str) -> Action:
    found = flag_list((flag,))
    if found == ("\\Seen",):
        return MarkRead()
    if len(found) != 1 or found[0].lower() != flag.lower():
        raise FilterError(("flag",), f"“{flag[:40]}” is neither {FLAGGED} nor a keyword")
    if flag.startswith("\\") and found[0] != FLAGGED:
        raise FilterError(("flag",), f"of the flags with a backslash there is only {FLAGGED}")
    return Flag(found[0])


def _address(address: str) -> str:
    if len(address) > limits.MAX_VALUE:
        raise FilterError(("address",), "this is too long for an address")
    try:
        found = normalized(address)
    except ValueError as error:
        raise FilterError(("address",), f"“{address[:80]}” is no address: {error}") from None
    if not is_utf8(found) or _CONTROL.search(found):
        raise FilterError(("address",), "there are control characters in it")
    return found


def _text(text: str) -> str:
    text = _LINE_END.sub("\n", text)
    if not text.strip():
        raise FilterError(("text",), "a refusal needs a text for the sender")
    if len(text) > limits.MAX_TEXT:
        words = f"the text of a refusal has at most {limits.MAX_TEXT} characters"
        raise FilterError(("text",), words)
    if not is_utf8(text) or _CONTROL.search(text):
        raise FilterError(("text",), "there are control characters in it")
    return text


def _together(actions: Sequence[Action]) -> tuple[Action, ...]:
    """In their order, each once, if they go together."""
    once = sorted(dict.fromkeys(actions), key=lambda one: _RANKS[type(one)])
    if not once:
        raise FilterError(("actions",), "a filter needs something to do")
    if any(isinstance(one, Reject) for one in once):
        once = [one for one in once if not isinstance(one, Stop)]
        if len(once) > 1:
            raise FilterError(("actions",), "what is refused cannot be kept or sent on as well")
    if sum(isinstance(one, Move | Delete) for one in once) > 1:
        words = "a message is moved to one place only, or deleted; copy it to the others"
        raise FilterError(("actions",), words)
    if sum(isinstance(one, Redirect) for one in once) > limits.MAX_REDIRECTS:
        words = f"a filter sends on to at most {limits.MAX_REDIRECTS} addresses"
        raise FilterError(("actions",), words)
    return tuple(once)
