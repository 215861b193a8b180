"""envelope (RFC 5228 §5.4): what was said in SMTP. A path that is none matches nothing."""

import re

from alphorn.message.mailbox import ATEXT, Mailbox
from alphorn.sieve.call import Call
from alphorn.sieve.matching import make_matcher
from alphorn.sieve.parts import chosen_part
from alphorn.sieve.run import Run
from alphorn.sieve.table import Check, Extension, Kind, Positional, Test

PARTS = frozenset(("from", "to", "auth", "orig_to"))

_HOST = r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
_ROUTE = re.compile(rf"{_HOST}(?:,{_HOST})*:")

# Dots wherever they stand, odd hyphens and underlines in a domain: such mail is to be filed too.
_PATH = re.compile(
    rf'(?:(?P<dotted>[{ATEXT}.]+)|"(?P<quoted>(?:[^"\\\x00-\x1f\x7f]|\\[ -~])*)")'
    r"(?:@(?P<domain>[A-Za-z0-9_\u0080-\U0010ffff-][A-Za-z0-9._\u0080-\U0010ffff-]*"
    r"|\[[0-9A-Za-z:.]+\]))?"
)
_PAIR = re.compile(r"\\(.)")


def envelope(call: Call) -> Check:
    names = call.texts(0)
    for name in names.items:
        if name.constant is not None and name.constant.lower() not in PARTS:
            call.problem(
                f"the envelope has no part “{name.constant[:40]}”; there are from, to and auth",
                name.at,
            )
    match = make_matcher(call, call.texts(1))
    part = chosen_part(call)

    def check(run: Run) -> bool:
        found: list[str] = []
        for name in names.get(run):
            name = name.lower()
            value = run.environment.envelope(name) if name in PARTS else None
            if value is None:
                continue
            if name == "auth":
                found.append(value)
            elif value in ("", "<>"):
                found.append("")
            elif (mailbox := parse_path(value)) is not None:
                chosen = part(mailbox)
                if chosen is not None:
                    found.append(chosen)
        return match(run, found)

    return check


def parse_path(text: str) -> Mailbox | None:
    """A path (RFC 5321 §4.1.2) without its source route; None where it is none."""
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1]
    if text.startswith("@"):
        route = _ROUTE.match(text)
        if route is None:
            return None
        text = text[route.end() :]
    match = _PATH.fullmatch(text)
    if match is None:
        return None
    local = match["dotted"]
    if local is None:
        local = _PAIR.sub(r"\1", match["quoted"])
    return Mailbox("", local, match["domain"] or "")


ENVELOPE = Extension(
    "envelope",
    "RFC 5228 §5.4",
    tests=(
        Test(
            "envelope",
            envelope,
            (Positional("envelope parts", Kind.TEXTS), Positional("key list", Kind.TEXTS)),
            ("match", "address-part"),
        ),
    ),
)
