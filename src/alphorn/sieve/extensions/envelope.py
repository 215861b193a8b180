"""envelope (RFC 5228 §5.4): what was said in SMTP. A path that is none matches nothing."""

import re

from alphorn.message import addresses
from alphorn.message.mailbox import Mailbox
from alphorn.sieve.call import Call
from alphorn.sieve.matching import make_matcher
from alphorn.sieve.parts import chosen_part
from alphorn.sieve.run import Run
from alphorn.sieve.table import Check, Extension, Kind, Positional, Test

PARTS = frozenset(("from", "to", "auth", "orig_to"))

_HOST = r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
_ROUTE = re.compile(rf"{_HOST}(?:,{_HOST})*:")


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
    """A reverse or forward path (RFC 5321 §4.1.2), its source route dropped; None where it is none."""
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1]
    if text.startswith("@"):
        route = _ROUTE.match(text)
        if route is None:
            return None
        text = text[route.end() :]
    if "<" in text or ">" in text:
        return None
    try:
        return addresses.parse_one(text)
    except ValueError:
        return None


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
