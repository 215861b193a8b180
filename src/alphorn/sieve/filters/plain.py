"""Filters as JSON has them: objects, lists, texts and truth values.

    {"name": "Invoices", "on": true, "match": "any",
     "conditions": [{"field": "subject", "how": "contains", "values": ["invoice"]},
                    {"field": "header", "header": "X-Kind", "how": "exists", "negated": true}],
     "actions": [{"do": "flag", "flag": "\\\\Flagged"}, {"do": "move", "mailbox": "Work"}]}

What is false or empty by itself may be left out. What is read is of the right types, and no more:
`check.checked` does the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from enum import Enum
from typing import TypeVar

from alphorn.sieve.filters.errors import FilterError
from alphorn.sieve.filters.model import (
    Action,
    Condition,
    CopyTo,
    Delete,
    Field,
    Filter,
    Flag,
    How,
    MarkRead,
    Match,
    Move,
    Redirect,
    Reject,
    Stop,
)

Plain = str | int | float | bool | None | Sequence["Plain"] | Mapping[str, "Plain"]
_T = TypeVar("_T")
_E = TypeVar("_E", bound=Enum)

ACTIONS: Mapping[str, type[Action]] = {
    "move": Move,
    "copy": CopyTo,
    "flag": Flag,
    "mark-read": MarkRead,
    "redirect": Redirect,
    "reject": Reject,
    "delete": Delete,
    "stop": Stop,
}
_NAMES = {kind: name for name, kind in ACTIONS.items()}
_MANY = 10_000
"""Entries of a list that are looked at at all."""


def to_plain(one: Filter) -> dict[str, Plain]:
    return {
        "name": one.name,
        "on": one.on,
        "match": one.match.value,
        "conditions": [_condition_to(each) for each in one.conditions],
        "actions": [_action_to(each) for each in one.actions],
    }


def _condition_to(one: Condition) -> dict[str, Plain]:
    found: dict[str, Plain] = {"field": one.field.value, "how": one.how.value}
    if one.header:
        found["header"] = one.header
    if one.values:
        found["values"] = list(one.values)
    if one.negated:
        found["negated"] = True
    return found


def _action_to(one: Action) -> dict[str, Plain]:
    values = {field.name: getattr(one, field.name) for field in fields(one)}
    return {"do": _NAMES[type(one)]} | values


def from_plain(value: object) -> Filter:
    """Raises `FilterError`."""
    found = _object(value, {"name", "on", "match", "conditions", "actions"})
    conditions = _each(found, "conditions", _condition_from)
    match = Match.ALL if conditions else Match.EVERY
    if "match" in found:
        match = _choice(found, "match", Match)
    actions = _each(found, "actions", _action_from)
    return Filter(_text(found, "name"), match, conditions, actions, _truth(found, "on", True))


def _condition_from(value: object) -> Condition:
    found = _object(value, {"field", "how", "header", "values", "negated"})
    values = _list(found, "values")
    for index, each in enumerate(values):
        if not isinstance(each, str):
            raise FilterError(("values", index), "this is no text")
    return Condition(
        _choice(found, "field", Field),
        _choice(found, "how", How),
        tuple(each for each in values if isinstance(each, str)),
        _text(found, "header", ""),
        _truth(found, "negated", False),
    )


def _action_from(value: object) -> Action:
    name = value.get("do") if isinstance(value, Mapping) else None
    kind = ACTIONS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise FilterError(("do",), f"there is {', '.join(ACTIONS)}")
    rows = fields(kind)
    found = _object(value, {"do", *(row.name for row in rows)})
    values: dict[str, str | bool] = {}
    for row in rows:
        if isinstance(row.default, bool):
            values[row.name] = _truth(found, row.name, row.default)
        else:
            default = row.default if row.default is not MISSING else None
            values[row.name] = _text(found, row.name, default)
    return kind(**values)  # type: ignore[arg-type]


# -- one value -------------------------------------------------------------------------------------


def _object(value: object, known: set[str]) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise FilterError((), "an object was expected here")
    for name in value:
        if name not in known:
            words = f"“{str(name)[:40]}” is unknown; there is {', '.join(sorted(known))}"
            raise FilterError((), words)
    return value


def _each(found: Mapping[str, object], name: str, read: Callable[[object], _T]) -> tuple[_T, ...]:
    values = []
    for index, value in enumerate(_list(found, name)):
        try:
            values.append(read(value))
        except FilterError as error:
            raise error.below(name, index) from None
    return tuple(values)


def _list(found: Mapping[str, object], name: str) -> Sequence[object]:
    value = found.get(name, [])
    if not isinstance(value, list | tuple):
        raise FilterError((name,), "a list was expected here")
    if len(value) > _MANY:
        raise FilterError((name,), "this list is too long")
    return value


def _text(found: Mapping[str, object], name: str, default: str | None = None) -> str:
    value = found.get(name, default)
    if value is None:
        raise FilterError((name,), "this is missing")
    if not isinstance(value, str):
        raise FilterError((name,), "a text was expected here")
    return value


def _truth(found: Mapping[str, object], name: str, default: bool) -> bool:
    value = found.get(name, default)
    if not isinstance(value, bool):
        raise FilterError((name,), "this is true or false")
    return value


def _choice(found: Mapping[str, object], name: str, kind: type[_E]) -> _E:
    value = _text(found, name)
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(str(one.value) for one in kind)
        raise FilterError((name,), f"“{value[:40]}” is unknown; there is {known}") from None
