"""What keep, fileinto and copies of generated messages have in common: mailbox names and flags."""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from alphorn.sieve.actions import Copy
from alphorn.sieve.errors import RunError
from alphorn.sieve.run import Run
from alphorn.sieve.texts import Text, is_utf8

if TYPE_CHECKING:
    from alphorn.sieve.call import Call

MAX_NAME = 1000
MAX_FLAGS = 100

_SYSTEM = {
    name.lower(): name for name in ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft")
}
_KEYWORD = re.compile(r"[^\x00-\x20\x7f-\U0010ffff(){%*\"\\\]]{1,100}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Flags = Callable[[Run], tuple[str, ...] | None]


def mailbox(text: Text, call: "Call") -> Callable[[Run], str]:
    """The name of a mailbox; a constant one that cannot be is a mistake, another an error."""
    if text.constant is not None:
        name = text.constant
        if (words := _no_mailbox(name)) is not None:
            call.problem(words, text.at)
        return lambda run: name

    def get(run: Run) -> str:
        found = text.get(run)
        if (words := _no_mailbox(found)) is not None:
            raise RunError(words)
        return found

    return get


def _no_mailbox(name: str) -> str | None:
    if not name:
        return "invalid folder name: it is empty"
    if not is_utf8(name):
        return "invalid folder name: it is not UTF-8"
    if len(name) > MAX_NAME or _CONTROL.search(name):
        return "invalid folder name: it is too long or has control characters"
    return None


def flag_list(texts: Iterable[str]) -> tuple[str, ...]:
    """The flags in these strings, each once in any case; system flags written as IMAP does.

    What can be no flag is left out (RFC 5232 §2.1).
    """
    found: dict[str, str] = {}
    for text in texts:
        for flag in text.split():
            low = flag.lower()
            if low.startswith("\\"):
                if low in _SYSTEM:
                    found.setdefault(low, _SYSTEM[low])
            elif _KEYWORD.fullmatch(flag):
                found.setdefault(low, flag)
        if len(found) >= MAX_FLAGS:
            break
    return tuple(found.values())[:MAX_FLAGS]


def chosen_flags(call: "Call") -> Flags:
    """:flags, or else the internal variable where imap4flags is in use (RFC 5232 §5)."""
    given = call.tag_texts("flags")
    if given is None:
        return lambda run: run.flags
    constant = given.constant
    if constant is not None:
        fixed = flag_list(constant)
        return lambda run: fixed
    return lambda run: flag_list(given.get(run))


def special_use(call: "Call") -> Callable[[Run], str]:
    """:specialuse (RFC 8579 §4), "" where it does not stand."""
    given = call.tag_text("specialuse")
    if given is None:
        return lambda run: ""
    if given.constant is not None and not is_special_use(given.constant):
        call.problem(f"“{given.constant[:40]}” cannot be a special use; \\\\Junk is one", given.at)
    return given.get


def is_special_use(text: str) -> bool:
    return text.startswith("\\") and _KEYWORD.fullmatch(text[1:]) is not None


def chosen_copy(call: "Call") -> Callable[[Run], Copy | None]:
    """:fcc and what goes with it (RFC 8580 §3.1)."""
    given = call.tag_text("fcc")
    if given is None:
        for tag in ("create", "flags", "specialuse"):
            if call.given(tag):
                call.problem(f"':{tag}' needs ':fcc' in the {call.noun}", call.places[tag])
        return lambda run: None
    name = mailbox(given, call)
    flags = chosen_flags(call)
    has_flags = call.given("flags")
    use = special_use(call)
    create = call.given("create")
    return lambda run: Copy(name(run), flags(run) if has_flags else None, create, use(run))
