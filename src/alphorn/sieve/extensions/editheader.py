"""editheader (RFC 5293): fields added and deleted; later actions see and store the new header.

Received and Auto-Submitted are never deleted (§6), nor is what protects others: what we ourselves
say of the message's origin, and where it has been, by which loops are known. Nor is any of the
latter added: the message may go on to somebody else here, who believes it. Whoever asks for either
is not heard, as §6 has it.
"""

import re

from alphorn.message import header, words, write
from alphorn.sieve.actions import Added, Deleted
from alphorn.sieve.call import Call
from alphorn.sieve.errors import RunError
from alphorn.sieve.fields import chosen_index, is_name
from alphorn.sieve.matching import Matcher, counts, make_matcher
from alphorn.sieve.run import Run
from alphorn.sieve.table import Command, Extension, Kind, Positional, Signal, Step, Tag
from alphorn.sieve.texts import Text

OURS = frozenset(
    (
        "authentication-results",
        "received-spf",
        "return-path",
        "delivered-to",
        "x-alphorn-confidential",
        "x-alphorn-spam",
    )
)
"""What only this service writes; no script adds it."""
PROTECTED = (OURS - {"x-alphorn-spam", "received-spf"}) | {"received", "auto-submitted"}
"""What no script deletes."""

_ENDS = re.compile(r"\s*[\r\n]\s*")


def addheader(call: Call) -> Step:
    """§4: before all others, or with :last behind them."""
    name = call.text(0)
    value = call.text(1)
    last = call.given("last")
    _check_name(call, name)

    def step(run: Run) -> Signal:
        field = name.get(run)
        if not is_name(field):
            raise RunError(f"“{field[:40]}” cannot be the name of a header field")
        if field.lower() in OURS:
            return None
        text = _ENDS.sub(" ", value.get(run)).strip()
        line = write.text_field(field, text)
        _count(run, len(line))
        if last:
            mail = run.mail.with_head(header.append(run.mail.head, line))
        else:
            mail = run.mail.with_head(header.prepend(run.mail.head, line))
        _change(run, mail.head, Added(field, text, last))
        return None

    return step


def deleteheader(call: Call) -> Step:
    """§5: all fields of a name, or those that match, or the one of :index."""
    given = [one for one in call.positional if one is not None]
    name = call.text(0)
    keys = call.positional[1]
    _check_name(call, name)
    match: Matcher | None = None
    if keys is not None:
        match = make_matcher(call, call.texts(1))
        if counts(call):
            call.problem("deleteheader cannot count")
    elif "match-type" in call.chosen or call.given("comparator"):
        call.problem("a match type of deleteheader needs strings to match")
    assert given
    index = chosen_index(call)

    def step(run: Run) -> Signal:
        wanted = name.get(run).lower()
        if wanted in PROTECTED:
            return None
        head = run.mail.head
        run.spend(len(head) // 1024)
        found = [one for one in header.iterate(head) if one.name.decode().lower() == wanted]
        if index is not None:
            found = index(found)
        if match is not None:
            found = [one for one in found if match(run, (words.decode(one.text),))]
        if not found:
            return None
        _count(run, 0)
        pieces: list[bytes] = []
        at = 0
        for one in found:
            pieces.append(head[at : one.start])
            at = one.end
        pieces.append(head[at:])
        _change(run, b"".join(pieces), Deleted(name.get(run), len(found)))
        return None

    return step


def _check_name(call: Call, name: Text) -> None:
    if name.constant is not None and not is_name(name.constant):
        call.problem(f"“{name.constant[:40]}” cannot be the name of a header field", name.at)


def _count(run: Run, octets: int) -> None:
    if len(run.edits) >= run.limits.edits:
        raise RunError(f"the script changes more than {run.limits.edits} header fields")
    if len(run.mail.head) + octets - len(run.original.head) > run.limits.header:
        raise RunError(f"the script adds more than {run.limits.header} octets to the header")


def _change(run: Run, head: bytes, edit: Added | Deleted) -> None:
    # Part offsets move with the header; a part that is looked at is found anew.
    moved = len(head) - len(run.mail.head)
    run.mail = run.mail.with_head(head)
    run.edits.append(edit)
    if run.part is not None and moved:
        run.part = run.mail.entity(run.part_number)


EDITHEADER = Extension(
    "editheader",
    "RFC 5293",
    commands=(
        Command("addheader", addheader, (Positional("field name"), Positional("value"))),
        Command(
            "deleteheader",
            deleteheader,
            (Positional("field name"), Positional("value patterns", Kind.TEXTS)),
            ("match",),
            optional_last=1,
        ),
    ),
    tags=(
        Tag("last", ("addheader",)),
        Tag("index", ("deleteheader",), Kind.NUMBER),
        Tag("last", ("deleteheader",), needs="index"),
    ),
)
