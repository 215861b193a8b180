"""Tests of Sieve as conditions."""

from collections.abc import Callable
from dataclasses import replace

from alphorn.sieve.filters.check import checked_condition
from alphorn.sieve.filters.errors import FilterError
from alphorn.sieve.filters.model import WEEKDAYS, Condition, Field, How, Match
from alphorn.sieve.filters.tree import Given, Unsaid, given
from alphorn.sieve.filters.writing import ADDRESS_FIELDS, NUMERIC, UNICODE
from alphorn.sieve.tree import Node

_HOWS = {
    "is": How.IS,
    "contains": How.CONTAINS,
    "matches": How.MATCHES,
    "regex": How.REGEX,
}
_MATCH = {**dict.fromkeys(_HOWS, False), "comparator": True}
_RELATION = {"is": False, "value": True, "comparator": True}
_MIME = {"mime": False, "anychild": False, "type": False}
_BY_NAMES = {frozenset(names): name for name, names in ADDRESS_FIELDS.items()}


def match(node: Node) -> tuple[Match, tuple[Condition, ...]]:
    """The test of an “if”."""
    if node.name == "true":
        return Match.EVERY, ()
    if node.name in ("allof", "anyof") and not _is_time(node):
        how = Match.ALL if node.name == "allof" else Match.ANY
        return how, tuple(map(condition, node.tests))
    return Match.ALL, (condition(node),)


def condition(node: Node) -> Condition:
    if node.name == "not":
        inner = condition(node.tests[0])
        if inner.negated:
            raise Unsaid(node.at, "a condition is negated once")
        return replace(inner, negated=True)
    if node.name in ("allof", "anyof"):
        if not _is_time(node):
            raise Unsaid(node.at, f"the conditions of a filter have no “{node.name}” within them")
        found = _time(node)
    else:
        read = _READERS.get(node.name)
        if read is None:
            raise Unsaid(node.at, f"filters have no condition “{node.name}”")
        found = read(node)
    try:
        return checked_condition(found)
    except FilterError as error:
        raise Unsaid(node.at, error.text) from None


# -- one test each ---------------------------------------------------------------------------------


def _header(node: Node) -> Condition:
    test = given(node, _MATCH | _MIME)
    names = test.texts(0)
    if _MIME.keys() & test.tags.keys():
        said = (tuple(map(str.lower, names)), tuple(map(str.lower, test.texts(1))))
        if (
            not test.tags.keys() >= _MIME.keys()
            or said != (("content-disposition",), ("attachment",))
            or _how(test) is not How.IS
        ):
            raise test.refuse("of the parts of a message, filters ask only for attachments")
        return Condition(Field.ATTACHMENT, How.EXISTS)
    if len(names) == 1:
        return _text(test, Field.HEADER, 1, names[0])
    if _field(names) is Field.RECIPIENT and _how(test) is How.CONTAINS:
        return _text(test, Field.RECIPIENT, 1)
    raise test.refuse("a condition looks at one header field; say “anyof” with one for each")


def _address(node: Node) -> Condition:
    test = given(node, _MATCH | {"all": False})
    field = _field(test.texts(0))
    if field is None:
        raise test.refuse("addresses are compared in From, in To, in Cc, or in To and Cc")
    if _how(test) is How.CONTAINS:
        words = "“contains” looks at names too; say header :contains instead of address :contains"
        raise test.refuse(words)
    return _text(test, field, 1)


def _envelope(node: Node) -> Condition:
    test = given(node, _MATCH | {"all": False, "detail": False})
    names = tuple(map(str.lower, test.texts(0)))
    if names == ("to",):
        return _text(test, Field.DETAIL if "detail" in test.tags else Field.ADDRESSEE, 1)
    if names == ("from",) and "detail" not in test.tags:
        return _text(test, Field.SENDER, 1)
    raise test.refuse(
        "of the envelope, a condition looks at “to” with or without :detail or “from”"
    )


def _body(node: Node) -> Condition:
    return _text(given(node, _MATCH | {"text": False}), Field.BODY, 0)


def _exists(node: Node) -> Condition:
    test = given(node, {})
    names = test.texts(0)
    if len(names) != 1:
        raise test.refuse("a condition looks at one header field; say “allof” with one for each")
    return Condition(Field.HEADER, How.EXISTS, header=names[0])


def _size(node: Node) -> Condition:
    test = given(node, {"over": False, "under": False})
    how = How.OVER if "over" in test.tags else How.UNDER
    return Condition(Field.SIZE, how, (str(test.positional[0]),))


def _currentdate(node: Node) -> Condition:
    test = given(node, _RELATION)
    part, values = test.text(0).lower(), test.texts(1)
    relation = _relation(test)
    if part == "weekday" and relation == "":
        days = [WEEKDAYS[int(value)] for value in values if value in tuple("0123456")]
        if len(days) == len(values):
            return Condition(Field.WEEKDAY, How.IS, tuple(days))
        raise test.refuse("the days of the week are 0 for Sunday to 6 for Saturday")
    if part == "date" and (how := _DATES.get(relation)) is not None:
        return Condition(Field.DATE, how, values)
    raise test.refuse("of the date, conditions know its day and weekday, and two times of the day")


_DATES = {"": How.ON, "lt": How.BEFORE, "gt": How.AFTER}


def _spamtest(node: Node) -> Condition:
    test = given(node, _RELATION | {"percent": False})
    relation = _relation(test, NUMERIC)
    how = {"gt": How.OVER, "lt": How.UNDER}.get(relation)
    if how is None or "percent" not in test.tags or len(test.texts(0)) != 1:
        words = f'spam is compared with :percent, :value "gt" or "lt", and “{NUMERIC}”'
        raise test.refuse(words)
    return Condition(Field.SPAM, how, test.texts(0))


_READERS: dict[str, Callable[[Node], Condition]] = {
    "header": _header,
    "address": _address,
    "envelope": _envelope,
    "body": _body,
    "exists": _exists,
    "size": _size,
    "currentdate": _currentdate,
    "spamtest": _spamtest,
}


# -- what they have in common ----------------------------------------------------------------------


def _text(test: Given, field: Field, index: int, header: str = "") -> Condition:
    return Condition(field, _how(test), test.texts(index), header)


def _how(test: Given) -> How:
    if test.tags.get("comparator", UNICODE) not in (UNICODE, "i;ascii-casemap"):
        raise test.refuse("filters compare without regard to case, and not as another comparator")
    return next((how for tag, how in _HOWS.items() if tag in test.tags), How.IS)


def _field(names: tuple[str, ...]) -> Field | None:
    return _BY_NAMES.get(frozenset(map(str.lower, names)))


def _relation(test: Given, comparator: str = "i;ascii-casemap") -> str:
    """That of :value, "" for :is."""
    if test.tags.get("comparator", "i;ascii-casemap") != comparator:
        raise test.refuse(f"this is compared by “{comparator}”")
    return test.tags.get("value", "").lower()


def _is_time(node: Node) -> bool:
    """Whether two tests are about the time of day: one condition of ours."""
    return len(node.tests) == 2 and all(
        test.name == "currentdate" and given(test, _RELATION).text(0).lower() == "time"
        for test in node.tests
    )


def _time(node: Node) -> Condition:
    """From a time on and before another."""
    bounds = {}
    for each in node.tests:
        test = given(each, _RELATION)
        values = test.texts(1)
        if len(values) != 1 or not values[0].endswith(":00"):
            raise test.refuse("a time is one, such as 08:30:00")
        bounds[_relation(test)] = values[0].removesuffix(":00")
    if bounds.keys() != {"ge", "lt"}:
        raise Unsaid(node.at, 'a time lies between two: :value "ge" the one and "lt" the other')
    values = (bounds["ge"], bounds["lt"])
    if (node.name == "allof") != (values[0] < values[1]):
        words = "within a day times are joined by “allof”, over midnight by “anyof”"
        raise Unsaid(node.at, words)
    return Condition(Field.TIME, How.BETWEEN, values)
