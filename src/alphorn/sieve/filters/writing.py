"""Filters as Sieve that a person can read, of standard extensions only.

Each filter is one `if` with its name in the line above. One that is switched off stands within
`if false`, where it never runs. `variables` is never required, so that `${` has no meaning in any
value (RFC 5229 §3).
"""

from collections.abc import Sequence

from alphorn.sieve.filters import limits, patterns
from alphorn.sieve.filters.check import checked
from alphorn.sieve.filters.errors import FilterError
from alphorn.sieve.filters.layout import HEADING, OFF, title
from alphorn.sieve.filters.model import (
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
    MarkRead,
    Match,
    Move,
    Redirect,
    Reject,
    Stop,
)

WIDTH = 96
_INDENT = "    "

ADDRESS_FIELDS = {
    Field.FROM: ("from",),
    Field.TO: ("to",),
    Field.CC: ("cc",),
    Field.RECIPIENT: ("to", "cc"),
}
ENVELOPE = {
    Field.SENDER: (":all", "from"),
    Field.ADDRESSEE: (":all", "to"),
    Field.DETAIL: (":detail", "to"),
}
ATTACHMENT = 'header :mime :anychild :type :is "content-disposition" "attachment"'
UNICODE = "i;unicode-casemap"
NUMERIC = "i;ascii-numeric"
TRASH = ("\\Trash", "Trash")
_UNITS = ((2**30, "G"), (2**20, "M"), (2**10, "K"))


def write(filters: Sequence[Filter]) -> str:
    """The text, with LF; "" for no filters. Raises `FilterError`."""
    kept = checked(filters)
    if not kept:
        return ""
    writer = _Writer()
    blocks = [writer.filter(one) for one in kept]
    heading = "\n".join(HEADING)
    if writer.needs:
        names = ", ".join(map(quoted, sorted(writer.needs)))
        heading += "\n\n" + _fitted("", f"require [{names}];", f"require [{_broken(names)}];")
    text = heading + "\n\n" + "\n\n".join(blocks) + "\n"
    if len(text.encode()) > limits.MAX_OCTETS:
        words = f"together they are larger than {limits.MAX_OCTETS} octets; leave some values out"
        raise FilterError(("filters",), words)
    return text


def quoted(text: str) -> str:
    """A string of Sieve (RFC 5228 §2.4.2)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _broken(names: str) -> str:
    return f"\n{_INDENT}" + names.replace(", ", f",\n{_INDENT}") + "\n"


def _fitted(indent: str, short: str, long: str) -> str:
    return indent + (short if len(indent) + len(short) <= WIDTH else long)


class _Writer:
    """`needs` are the extensions that what is written requires."""

    def __init__(self) -> None:
        self.needs: set[str] = set()

    def filter(self, one: Filter) -> str:
        indent = "" if one.on else _INDENT
        lines = [f"{indent}if {self.match(one, indent)} {{"]
        lines += [f"{indent}{_INDENT}{self.action(action)}" for action in one.actions]
        if isinstance(one.actions[-1], Reject):  # what stands behind it would contradict it
            lines.append(f"{indent}{_INDENT}stop;")
        lines.append(f"{indent}}}")
        if not one.on:
            lines = [OFF, "if false {", *lines, "}"]
        return "\n".join((title(one.name), *lines))

    def match(self, one: Filter, indent: str) -> str:
        if one.match is Match.EVERY:
            return "true"
        if one.match is Match.ALL and len(one.conditions) == 1:
            return self.condition(one.conditions[0], indent)
        inner = indent + _INDENT
        tests = [inner + self.condition(each, inner) for each in one.conditions]
        name = "allof" if one.match is Match.ALL else "anyof"
        return f"{name} (\n" + ",\n".join(tests) + f"\n{indent})"

    # -- tests -------------------------------------------------------------------------------------

    def condition(self, one: Condition, indent: str) -> str:
        test = self.test(one, indent)
        return f"not {test}" if one.negated else test

    def test(self, one: Condition, indent: str) -> str:
        match one.field:
            case Field.SIZE:
                return f"size :{one.how.value} {_size(int(one.values[0]))}"
            case Field.ATTACHMENT:
                self.needs.add("mime")
                return ATTACHMENT
            case Field.LIST:
                return self.list_test(one, indent)
            case Field.DATE:
                return self.date_test(one, indent)
            case Field.WEEKDAY:
                self.needs.add("date")
                days = [str(WEEKDAYS.index(value)) for value in one.values]
                return self.keys('currentdate :is "weekday"', days, indent)
            case Field.TIME:
                return self.time_test(one)
            case Field.SPAM:
                self.needs |= {"spamtestplus", "relational", f"comparator-{NUMERIC}"}
                relation = "gt" if one.how is How.OVER else "lt"
                return (
                    f'spamtest :percent :value "{relation}" :comparator "{NUMERIC}" '
                    f'"{one.values[0]}"'
                )
            case Field.BODY:
                self.needs.add("body")
                return self.text_test("body :text", "", one, indent)
            case Field.SENDER | Field.ADDRESSEE | Field.DETAIL:
                part, name = ENVELOPE[one.field]
                self.needs |= {"envelope", "subaddress"} if part == ":detail" else {"envelope"}
                return self.text_test(f"envelope {part}", f' "{name}"', one, indent)
            case Field.SUBJECT | Field.HEADER:
                return self.field_test("header", (one.header or "subject",), one, indent)
            case _:
                test = "header" if one.how is How.CONTAINS else "address"
                return self.field_test(test, ADDRESS_FIELDS[one.field], one, indent)

    def field_test(self, test: str, names: Sequence[str], one: Condition, indent: str) -> str:
        written = _strings(names)
        if one.how is How.EXISTS:
            return f"exists {written}"
        return self.text_test(test, f" {written}", one, indent)

    def text_test(self, test: str, names: str, one: Condition, indent: str) -> str:
        values: Sequence[str] = one.values
        how = one.how.value
        if one.how is How.STARTS:
            how, values = "matches", [patterns.beginning(value) for value in values]
        elif one.how is How.ENDS:
            how, values = "matches", [patterns.ending(value) for value in values]
        elif one.how is How.REGEX:
            self.needs.add("regex")
        comparator = ""
        if not all(map(str.isascii, values)):
            self.needs.add(f"comparator-{UNICODE}")
            comparator = f' :comparator "{UNICODE}"'
        return self.keys(f"{test} :{how}{comparator}{names}", values, indent)

    def list_test(self, one: Condition, indent: str) -> str:
        if one.how is How.EXISTS:
            return 'exists "list-id"'
        begin = "<" if one.how in (How.IS, How.STARTS) else ""
        end = ">" if one.how in (How.IS, How.ENDS) else ""
        values = [f"{begin}{value}{end}" for value in one.values]
        within = Condition(Field.HEADER, How.CONTAINS, tuple(values))
        return self.text_test("header", ' "list-id"', within, indent)

    def date_test(self, one: Condition, indent: str) -> str:
        self.needs.add("date")
        if one.how is How.ON:
            return self.keys('currentdate :is "date"', one.values, indent)
        self.needs.add("relational")
        relation = "lt" if one.how is How.BEFORE else "gt"
        return f'currentdate :value "{relation}" "date" "{one.values[0]}"'

    def time_test(self, one: Condition) -> str:
        self.needs |= {"date", "relational"}
        begin, end = one.values
        join = "allof" if begin < end else "anyof"
        return (
            f'{join} (currentdate :value "ge" "time" "{begin}:00", '
            f'currentdate :value "lt" "time" "{end}:00")'
        )

    def keys(self, test: str, values: Sequence[str], indent: str) -> str:
        written = list(map(quoted, values))
        if len(written) == 1:
            return f"{test} {written[0]}"
        short = f"{test} [{', '.join(written)}]"
        if len(indent) + len(short) <= WIDTH:
            return short
        inner = f"\n{indent}{_INDENT}"
        return f"{test} [{inner}" + f",{inner}".join(written) + f"\n{indent}]"

    # -- actions -----------------------------------------------------------------------------------

    def action(self, one: Action) -> str:
        match one:
            case Move(mailbox) if mailbox == INBOX:
                return "keep;"
            case Move(mailbox, create):
                return self.fileinto("", create, mailbox)
            case CopyTo(mailbox, create):
                self.needs.add("copy")
                return self.fileinto(" :copy", create, mailbox)
            case Flag(flag):
                self.needs.add("imap4flags")
                return f"addflag {quoted(flag)};"
            case MarkRead():
                self.needs.add("imap4flags")
                return 'addflag "\\\\Seen";'
            case Redirect(address, keep):
                if keep:
                    self.needs.add("copy")
                return f"redirect{' :copy' if keep else ''} {quoted(address)};"
            case Reject(text):
                self.needs.add("reject")
                return f"reject {quoted(text)};"
            case Delete(for_good=True):
                return "discard;"
            case Delete():
                self.needs.add("special-use")
                use, name = TRASH
                return self.fileinto(f" :specialuse {quoted(use)}", True, name)
            case Stop():
                return "stop;"

    def fileinto(self, tags: str, create: bool, mailbox: str) -> str:
        self.needs.add("fileinto")
        if create:
            self.needs.add("mailbox")
        return f"fileinto{tags}{' :create' if create else ''} {quoted(mailbox)};"


def _strings(texts: Sequence[str]) -> str:
    written = ", ".join(map(quoted, texts))
    return written if len(texts) == 1 else f"[{written}]"


def _size(octets: int) -> str:
    for factor, unit in _UNITS:
        if octets and octets % factor == 0:
            return f"{octets // factor}{unit}"
    return str(octets)
