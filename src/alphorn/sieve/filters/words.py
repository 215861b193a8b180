"""Conditions and actions as lines of words, for command lines, logs and answers to people.

    from contains "@acme.test" or "@acme.example"      move "Work/Acme"
    not header X-Kind exists                           redirect "bert@example.org" without copy
    time between 22:00 and 06:00                       reject "We want no such mail."

A text may stand without quotation marks where it has no “ or ” in it; in them it is written as in
JSON. What is written here is read back as the same.
"""

import json
import re

from alphorn.sieve.filters.errors import FilterError
from alphorn.sieve.filters.model import (
    FIELDS,
    FLAGGED,
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

_TEXTS = (Kind.TEXT, Kind.ADDRESS, Kind.LIST)
_WORD = re.compile(r"\S+")
_OR = re.compile(r"\s+or\s+|\s*,\s*(?:or\s+)?", re.IGNORECASE)
_OR_BARE = re.compile(r"\s+or\s+", re.IGNORECASE)
_SIZE = re.compile(r"([0-9]{1,12})\s*(?:([kmg])(?:i?b)?|b|octets)?", re.IGNORECASE)
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}
_HOWS = {how.value: how for how in How} | {
    "starts with": How.STARTS,
    "begins with": How.STARTS,
    "ends with": How.ENDS,
}
_WITHOUT_COPY = "without copy"
_FOR_GOOD = "for good"


# -- to words --------------------------------------------------------------------------------------


def filter_words(one: Filter) -> str:
    """All of a filter but its name."""
    actions = "; ".join(map(action_words, one.actions))
    if one.match is Match.EVERY:
        return f"every message: {actions}"
    join = " and " if one.match is Match.ALL else ", or "
    return f"if {join.join(map(condition_words, one.conditions))}: {actions}"


def condition_words(one: Condition) -> str:
    words = ["not"] if one.negated else []
    words.append(one.field.value)
    if one.field is Field.HEADER:
        words.append(one.header)
    words.append(one.how.value)
    if one.values:
        join = " and " if one.how is How.BETWEEN else " or "
        plain = FIELDS[one.field].kind not in _TEXTS
        words.append(join.join(one.values if plain else map(_quoted, one.values)))
    return " ".join(words)


def action_words(one: Action) -> str:
    match one:
        case Move(mailbox, create):
            return f"move {_quoted(mailbox)}" + ("" if create else " if it exists")
        case CopyTo(mailbox, create):
            return f"copy {_quoted(mailbox)}" + ("" if create else " if it exists")
        case Flag(flag):
            return "flag" if flag == FLAGGED else f"flag {flag}"
        case MarkRead():
            return "mark read"
        case Redirect(address, keep):
            return f"redirect {_quoted(address)}" + ("" if keep else f" {_WITHOUT_COPY}")
        case Reject(text):
            return f"reject {_quoted(text)}"
        case Delete(for_good):
            return f"delete {_FOR_GOOD}" if for_good else "delete"
        case Stop():
            return "stop"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# -- from words ------------------------------------------------------------------------------------


def condition(text: str) -> Condition:
    """Raises `FilterError`; `check.checked` is still to come."""
    word, rest = _first(text)
    negated = word.lower() == "not"
    if negated:
        word, rest = _first(rest)
    if word.lower() == "has" and rest.lower() == "attachment":
        return Condition(Field.ATTACHMENT, How.EXISTS, negated=negated)
    field = _field(word)
    header = ""
    if field is Field.HEADER:
        header, rest = _first(rest)
    how, rest, again = _how(field, rest)
    return Condition(field, how, _values(field, how, rest), header, negated != again)


def _field(word: str) -> Field:
    try:
        return Field(word.lower())
    except ValueError:
        known = ", ".join(field.value for field in Field)
        words = f"“{word[:40]}” is nothing that a condition looks at; there is {known}"
        raise FilterError(("field",), words) from None


def _how(field: Field, rest: str) -> tuple[How, str, bool]:
    """How it is compared, what stands behind, and whether a “not” stands before or after it."""
    hows = FIELDS[field].hows
    negated = rest.lower().startswith("not ") or rest.lower() == "not"
    rest = rest[4:].strip() if negated else rest
    if not rest and hows == (How.EXISTS,):
        return How.EXISTS, "", negated
    low = rest.lower()
    for name in sorted(_HOWS, key=len, reverse=True):
        if low != name and not low.startswith(f"{name} "):
            continue
        rest = rest[len(name) :].strip()
        if name == "is" and rest.lower().startswith("not "):
            return How.IS, rest[4:].strip(), not negated
        return _HOWS[name], rest, negated
    known = ", ".join(how.value for how in hows)
    words = f"behind “{field.value}” is to stand how it is compared: {known}"
    raise FilterError(("how",), words)


def _values(field: Field, how: How, rest: str) -> tuple[str, ...]:
    if how is How.EXISTS:
        if rest:
            raise FilterError(("values",), "behind “exists” nothing follows")
        return ()
    kind = FIELDS[field].kind
    if how is How.BETWEEN:
        return tuple(re.split(r"\s+(?:and|to)\s+|\s*-\s*|\s+", rest))
    if kind in _TEXTS:
        if rest.startswith('"'):
            return _quoted_values(rest)
        return tuple(_OR_BARE.split(rest)) if rest else ()
    if kind is Kind.OCTETS:
        return (_octets(rest),)
    if kind is Kind.PERCENT:
        return (rest.removesuffix("%").strip(),)
    return tuple(one for one in re.split(r"\s*,\s*|\s+or\s+|\s+", rest) if one and one != "or")


def _quoted_values(rest: str) -> tuple[str, ...]:
    found = []
    at = 0
    while True:
        value, at = _unquoted(rest, at)
        found.append(value)
        if at == len(rest):
            return tuple(found)
        match = _OR.match(rest, at)
        if match is None or match.end() == len(rest):
            raise FilterError(("values",), f"behind {_quoted(value)} is to stand “or”, or nothing")
        at = match.end()


def _unquoted(text: str, at: int) -> tuple[str, int]:
    """The string in quotation marks that begins there, and where it ends."""
    try:
        value, end = _DECODER.raw_decode(text, at)
    except ValueError:
        value, end = None, at
    if not isinstance(value, str):
        words = 'a text in quotation marks is written as in JSON, with \\" and \\\\ in it'
        raise FilterError(("values",), words)
    return value, end


_DECODER = json.JSONDecoder(strict=False)


def _octets(text: str) -> str:
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise FilterError(("values",), f"“{text[:20]}” is no size such as 500K or 5M")
    return str(int(match[1]) * _UNITS[(match[2] or "").lower()])


def action(text: str) -> Action:
    """Raises `FilterError`; `check.checked` is still to come."""
    word, rest = _first(text.strip())
    match word.lower():
        case "move" | "copy" as verb:
            create = not rest.lower().endswith(" if it exists")
            name = _one(rest if create else rest[: -len(" if it exists")], "a mailbox")
            return Move(name, create) if verb == "move" else CopyTo(name, create)
        case "flag":
            return Flag(rest) if rest else Flag()
        case "mark" if rest.lower() in ("read", "as read"):
            return MarkRead()
        case "redirect":
            low = rest.lower()
            keep = not low.endswith(f" {_WITHOUT_COPY}")
            return Redirect(_one(rest if keep else rest[: -len(_WITHOUT_COPY)], "an address"), keep)
        case "reject":
            return Reject(_one(rest, "a text"))
        case "delete" if rest.lower() in ("", _FOR_GOOD):
            return Delete(bool(rest))
        case "stop" if not rest:
            return Stop()
    words = (
        f"“{text[:40]}” is nothing that a filter does; there is move MAILBOX, copy MAILBOX, flag, "
        f"flag KEYWORD, mark read, redirect ADDRESS, redirect ADDRESS {_WITHOUT_COPY}, "
        f"reject TEXT, delete, delete {_FOR_GOOD} and stop"
    )
    raise FilterError((), words)


def _one(rest: str, what: str) -> str:
    rest = rest.strip()
    if not rest:
        raise FilterError((), f"{what} is missing")
    if not rest.startswith('"'):
        return rest
    value, end = _unquoted(rest, 0)
    if end != len(rest):
        raise FilterError((), f"behind {_quoted(value)} nothing follows")
    return value


def _first(text: str) -> tuple[str, str]:
    text = text.strip()
    match = _WORD.match(text)
    if match is None:
        raise FilterError((), "something is missing here")
    return match[0], text[match.end() :].strip()
