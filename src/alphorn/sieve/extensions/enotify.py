"""enotify (RFC 5435) with the method mailto (RFC 5436)."""

import re
from collections.abc import Callable

from alphorn.sieve.actions import Notify
from alphorn.sieve.call import Call
from alphorn.sieve.errors import RunError
from alphorn.sieve.extensions.variables import modifier_tags
from alphorn.sieve.mailto import parse_mailto
from alphorn.sieve.matching import make_matcher
from alphorn.sieve.recipients import parse_address
from alphorn.sieve.run import Run
from alphorn.sieve.storing import chosen_copy
from alphorn.sieve.table import Check, Command, Extension, Kind, Positional, Signal, Step, Tag, Test
from alphorn.sieve.texts import Text

METHODS = ("mailto",)
"""For ManageSieve's NOTIFY capability (RFC 5804 §1.7)."""

Problem = Callable[[str], str | None]
"""What says in words what is wrong with a text, None where nothing is."""

_OPTION = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)=([^\r\n\0]*)")
_IMPORTANCE = {"1": 1, "2": 2, "3": 3}


def notify(call: Call) -> Step:
    """RFC 5435 §3."""
    method = call.text(0)
    sender = call.tag_text("from")
    importance = call.tag_text("importance")
    options = call.tag_texts("options")
    message = call.tag_text("message")
    copy = chosen_copy(call)
    if call.scope.limits.notifications == 0:
        call.problem("local policy prohibits the use of a notify action")
    _check(call, method, _method_problem)
    if sender is not None:
        _check(call, sender, _sender_problem)
    if importance is not None and importance.constant not in (None, *_IMPORTANCE):
        call.problem("':importance' takes one of “1”, “2” and “3”", importance.at)
    for option in options.items if options is not None else ():
        _check(call, option, _option_problem)

    def step(run: Run) -> Signal:
        uri = _valid(method.get(run), _method_problem)
        author = _valid(sender.get(run), _sender_problem) if sender is not None else ""
        level = _IMPORTANCE.get(importance.get(run) if importance is not None else "2")
        if level is None:
            raise RunError("the importance of a notification is one of 1, 2 and 3")
        pairs = []
        for option in options.get(run) if options is not None else ():
            name, _, value = _valid(option, _option_problem).partition("=")
            pairs.append((name.lower(), value))
        text = message.get(run) if message is not None else ""
        line = run.line(call.at)
        run.do(Notify(uri, text, author, level, tuple(pairs), copy(run), line))
        return None

    return step


def _check(call: Call, text: Text, problem: Problem) -> None:
    if text.constant is not None and (words := problem(text.constant)) is not None:
        call.problem(words, text.at)


def _valid(text: str, problem: Problem) -> str:
    if (words := problem(text)) is not None:
        raise RunError(words)
    return text


def _method_problem(uri: str) -> str | None:
    scheme, colon, _ = uri.partition(":")
    if not colon or scheme.lower() not in METHODS:
        return f"there is no way to notify by “{uri[:40]}”; mailto is supported"
    try:
        parse_mailto(uri)
    except ValueError as error:
        return f"“{uri[:80]}” is no mailto address: {error}"
    return None


def _sender_problem(text: str) -> str | None:
    try:
        parse_address(text)
    except ValueError as error:
        return f"cannot notify from “{text[:80]}”: {error}"
    return None


def _option_problem(text: str) -> str | None:
    if _OPTION.fullmatch(text) is None:
        return f"“{text[:40]}” is no option; one looks like “name=value”"
    return None


def valid_notify_method(call: Call) -> Check:
    """RFC 5435 §4: whether all of them could be used."""
    uris = call.texts(0)
    return lambda run: all(_method_problem(uri) is None for uri in uris.get(run))


def notify_method_capability(call: Call) -> Check:
    """RFC 5435 §5; of mail nobody knows whether it is read ("online" is "maybe")."""
    uri = call.text(0)
    capability = call.text(1)
    match = make_matcher(call, call.texts(2))

    def check(run: Run) -> bool:
        if _method_problem(uri.get(run)) is not None:
            return False
        known = {"online": "maybe", "fcc": "yes"}.get(capability.get(run).lower())
        return known is not None and match(run, (known,))

    return check


ENOTIFY = Extension(
    "enotify",
    "RFC 5435",
    commands=(Command("notify", notify, (Positional("method"),)),),
    tests=(
        Test("valid_notify_method", valid_notify_method, (Positional("methods", Kind.TEXTS),)),
        Test(
            "notify_method_capability",
            notify_method_capability,
            (
                Positional("method"),
                Positional("capability"),
                Positional("key list", Kind.TEXTS),
            ),
            ("match",),
        ),
    ),
    tags=(
        Tag("from", ("notify",), Kind.TEXT),
        Tag("importance", ("notify",), Kind.TEXT),
        Tag("options", ("notify",), Kind.TEXTS),
        Tag("message", ("notify",), Kind.TEXT),
        *modifier_tags("encodeurl"),
    ),
)
