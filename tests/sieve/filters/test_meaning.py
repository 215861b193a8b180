"""The Sieve does what the model says: both are worked out, the model's side in the plainest way."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.sieve.actions import FileInto, Keep, Result
from alphorn.sieve.actions import Redirect as SentOn
from alphorn.sieve.actions import Reject as Refused
from alphorn.sieve.compiler import compile_script
from alphorn.sieve.environment import Plain
from alphorn.sieve.filters import Filter, write
from alphorn.sieve.filters.model import (
    FIELDS,
    WEEKDAYS,
    Condition,
    CopyTo,
    Delete,
    Field,
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
from alphorn.sieve.interpreter import run
from tests.sieve.filters.making import conditions, filters

ZONE = 120
BEGIN = datetime(2025, 2, 13, 21, 30, tzinfo=UTC)
ADDRESSES = ("ab@x.test", "b*@ab.test", "aB+c@x.test")
PEOPLE = tuple(product(("Anna B", "ab", ""), ADDRESSES))


@dataclass(frozen=True)
class Facts:
    """What a message is made of."""

    author: tuple[str, str]
    to: tuple[tuple[str, str], ...]
    cc: tuple[tuple[str, str], ...]
    subject: str | None
    kind: str | None
    list_id: str | None
    body: str
    attached: bool
    sender: str
    addressee: str
    now: datetime
    spam: float | None

    @property
    def raw(self) -> bytes:
        fields = [
            f"From: {written(self.author)}",
            *(f"To: {', '.join(map(written, self.to))}" for _ in self.to[:1]),
            *(f"Cc: {', '.join(map(written, self.cc))}" for _ in self.cc[:1]),
            *(f"Subject: {self.subject}" for _ in [0] if self.subject is not None),
            *(f"X-Kind: {self.kind}" for _ in [0] if self.kind is not None),
            *(f"List-Id: {self.list_id}" for _ in [0] if self.list_id is not None),
            "MIME-Version: 1.0",
        ]
        text = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{self.body}"
        if self.attached:
            fields.append("Content-Type: multipart/mixed; boundary=b")
            file = "Content-Type: application/x-file\r\nContent-Disposition: Attachment\r\n\r\nab"
            text = f"\r\n--b\r\n{text}\r\n--b\r\n{file}\r\n--b--\r\n"
        return ("\r\n".join(fields) + "\r\n" + text).encode()

    @property
    def world(self) -> Plain:
        return Plain(
            now=self.now.timestamp(),
            zone=ZONE,
            sender=self.sender,
            recipient=self.addressee,
            spam_score=self.spam,
        )


def written(person: tuple[str, str]) -> str:
    name, address = person
    return f"{name} <{address}>" if name else address


TEXTS = st.sampled_from(("ab", "A", "b", "*", "a?b", "aB Äb", "${a}", "\\", "c", "x.test", "a*"))
LINES = st.lists(TEXTS, min_size=1, max_size=3).map(" ".join)
PERSON = st.sampled_from(PEOPLE)
FACTS = st.builds(
    Facts,
    PERSON,
    st.lists(PERSON, max_size=2).map(tuple),
    st.lists(PERSON, max_size=1).map(tuple),
    st.none() | LINES,
    st.none() | LINES,
    st.none() | st.sampled_from(("Ab <ab.x.test>", "<c.x.test>")),
    LINES,
    st.booleans(),
    st.sampled_from((*ADDRESSES, "")),
    st.sampled_from(ADDRESSES),
    st.integers(0, 50).map(lambda hours: BEGIN + timedelta(hours=hours, minutes=hours)),
    st.sampled_from((None, 0.0, 0.5, 0.95)),
)
VALUES = {
    Kind.OCTETS: st.integers(150, 500).map(str),
    Kind.PERCENT: st.sampled_from(("1", "50", "95")),
    Kind.WEEKDAY: st.sampled_from(WEEKDAYS[4:]),
    Kind.TIME: st.sampled_from(("00:00", "01:01", "08:30", "23:30")),
    Kind.DAY: st.sampled_from(("2025-02-13", "2025-02-14", "2025-02-15")),
    Kind.LIST: st.sampled_from(("ab.x.test", "x.test", "a", "c.x")),
    Kind.ADDRESS: st.sampled_from((*ADDRESSES, "@X.test", "b", "a", "anna", "B*")),
}
EXPRESSIONS = st.sampled_from(("a+b", "^a", "b$", "[ab]{2}", "\\*", "a|c"))
PATTERNS = st.sampled_from(("a*", "*b", "?b*", "*\\**", "*", "a\\?b", "*x.test", "\\a\\b*", "**"))


@st.composite
def near(draw: st.DrawFn) -> Condition:
    """A condition that meets such messages now and then."""
    one = draw(conditions(st.just("ab")))
    kind = FIELDS[one.field].kind
    each = VALUES.get(kind, TEXTS)
    if one.how is How.REGEX:
        each = EXPRESSIONS
    elif one.how is How.MATCHES:
        each = PATTERNS
    count = len(one.values)
    values = draw(st.lists(each, min_size=count, max_size=count, unique=one.how is How.BETWEEN))
    return Condition(one.field, one.how, tuple(values), one.header, one.negated)


# -- the model, worked out -------------------------------------------------------------------------


def holds(one: Condition, facts: Facts) -> bool:
    return plainly(one, facts) != one.negated


def plainly(one: Condition, facts: Facts) -> bool:
    local = facts.now + timedelta(minutes=ZONE)
    value = one.values[0] if one.values else ""
    match one.field:
        case Field.SIZE:
            size = len(facts.raw)
            return size > int(value) if one.how is How.OVER else size < int(value)
        case Field.SPAM:
            percent = round((facts.spam or 0) * 100)
            return percent > int(value) if one.how is How.OVER else percent < int(value)
        case Field.ATTACHMENT:
            return facts.attached
        case Field.WEEKDAY:
            return f"{local:%A}".lower() in one.values
        case Field.DATE:
            day = f"{local:%Y-%m-%d}"
            if one.how is How.ON:
                return day in one.values
            return day < value if one.how is How.BEFORE else day > value
        case Field.TIME:
            minute = f"{local:%H:%M}"
            begin, end = one.values
            if begin < end:
                return begin <= minute < end
            return minute >= begin or minute < end
        case Field.LIST:
            found = (facts.list_id or "").rpartition("<")[2].removesuffix(">")
            if one.how is How.CONTAINS:
                return any(each.lower() in (facts.list_id or "").lower() for each in one.values)
            return compared(one, [found] if facts.list_id else [])
        case _:
            return compared(one, values_of(one, facts))


def values_of(one: Condition, facts: Facts) -> list[str]:
    people = {
        "from": (facts.author,),
        "to": facts.to,
        "cc": facts.cc,
        "recipient": (*facts.to, *facts.cc),
    }
    whole = {
        "subject": facts.subject,
        "x-kind": facts.kind,
        "list-id": facts.list_id,
        "from": written(facts.author),
        "to": ", ".join(map(written, facts.to)) or None,
        "cc": ", ".join(map(written, facts.cc)) or None,
    }
    match one.field:
        case Field.SUBJECT | Field.HEADER:
            found = whole[(one.header or "subject").lower()]
            return [] if found is None else [found]
        case Field.BODY:
            return [facts.body]
        case Field.SENDER:
            return [facts.sender]
        case Field.ADDRESSEE:
            return [facts.addressee]
        case Field.DETAIL:
            local = facts.addressee.partition("@")[0]
            return [local.partition("+")[2]] if "+" in local else []
    if one.how is How.CONTAINS:
        return [written(person) for person in people[one.field.value]]
    return [address for _, address in people[one.field.value]]


def compared(one: Condition, found: list[str]) -> bool:
    if one.how is How.EXISTS:
        return bool(found)
    return any(fits(one.how, text.lower(), value.lower()) for text in found for value in one.values)


def fits(how: How, text: str, value: str) -> bool:
    match how:
        case How.IS:
            return text == value
        case How.CONTAINS:
            return value in text
        case How.STARTS:
            return text.startswith(value)
        case How.ENDS:
            return text.endswith(value)
        case How.MATCHES:
            return wildcards(text, value)
        case _:
            return re.search(value, text) is not None


def wildcards(text: str, pattern: str) -> bool:
    """By trying everything."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(wildcards(text[at:], pattern[1:]) for at in range(len(text) + 1))
    if pattern[0] == "\\" and len(pattern) > 1:
        return text[:1] == pattern[1] and wildcards(text[1:], pattern[2:])
    return bool(text) and pattern[0] in ("?", text[0]) and wildcards(text[1:], pattern[1:])


@dataclass
class Outcome:
    """Where a message comes to be, with which flags; "" is where it would be without filters."""

    boxes: dict[tuple[str, str], tuple[str, ...]]
    sent_on: set[str]
    refused: str = ""
    fails: bool = False


def followed(made: list[Filter], facts: Facts) -> Outcome:
    found = Outcome({}, set())
    flags: tuple[str, ...] = ()
    keeps = True
    for one in made:
        if not one.on or not acts(one, facts):
            continue
        deeds = sorted(one.actions, key=lambda deed: not isinstance(deed, Flag | MarkRead))
        for deed in deeds:
            match deed:
                case Flag(flag):
                    system = {"\\seen": "\\Seen", "\\flagged": "\\Flagged"}
                    flags = with_flag(flags, system.get(flag.lower(), flag))
                case MarkRead():
                    flags = with_flag(flags, "\\Seen")
                case Move(mailbox) | CopyTo(mailbox):
                    inbox = mailbox.upper() == "INBOX"
                    found.boxes["INBOX" if inbox else mailbox, ""] = flags
                    keeps = keeps and not isinstance(deed, Move)
                case Delete(for_good):
                    keeps = False
                    if not for_good:
                        found.boxes["Trash", "\\Trash"] = flags
                case Redirect(address, keep):
                    found.sent_on.add(address)
                    keeps = keeps and keep
                case Reject(text):
                    keeps = False
                    found.fails = bool(found.boxes or found.sent_on)
                    found.refused = re.sub(r"\r\n?|\n", "\r\n", text)
        if any(isinstance(deed, Stop | Reject) for deed in deeds):
            break
    if keeps:
        found.boxes["", ""] = flags
    found.fails = found.fails or len(found.sent_on) > 4
    return found


def acts(one: Filter, facts: Facts) -> bool:
    held = [holds(each, facts) for each in one.conditions]
    return any(held) if one.match is Match.ANY else all(held)


def with_flag(flags: tuple[str, ...], flag: str) -> tuple[str, ...]:
    return flags if flag.lower() in map(str.lower, flags) else (*flags, flag)


# -- both ------------------------------------------------------------------------------------------


def as_outcome(result: Result) -> Outcome:
    found = Outcome({}, set())
    for action in result.actions:
        match action:
            case Keep(flags, implicit):
                found.boxes["" if implicit else "INBOX", ""] = flags or ()
            case FileInto(mailbox, flags):
                name = "INBOX" if mailbox.upper() == "INBOX" else mailbox
                found.boxes[name, action.special_use] = flags or ()
            case SentOn(address):
                found.sent_on.add(address)
            case Refused(text):
                found.refused = text
    return found


@given(st.lists(filters(near()), min_size=1, max_size=3), st.lists(FACTS, min_size=4, max_size=4))
@settings(max_examples=60)
def test_what_filters_do(made: list[Filter], messages: list[Facts]) -> None:
    script = compile_script(write(made))
    for facts in messages:
        result = run(script, facts.raw, facts.world)
        wanted = followed(made, facts)
        assert (result.error is not None) == wanted.fails, result.error
        if not wanted.fails:
            assert as_outcome(result) == wanted


@given(st.lists(near(), min_size=12, max_size=12), st.lists(FACTS, min_size=2, max_size=2))
@settings(max_examples=40)
def test_what_conditions_ask(asked: list[Condition], messages: list[Facts]) -> None:
    for one in asked:
        script = compile_script(write([Filter("x", Match.ANY, (one,), (Delete(for_good=True),))]))
        for facts in messages:
            result = run(script, facts.raw, facts.world)
            assert result.error is None
            assert result.implicit_keep != holds(one, facts), (one, facts)
