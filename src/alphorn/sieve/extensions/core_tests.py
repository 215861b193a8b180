"""The tests of RFC 5228 §5: of header fields, addresses and size, and those that join tests."""

from alphorn.message import addresses, words
from alphorn.sieve.call import Call
from alphorn.sieve.extensions.mime import chosen_option
from alphorn.sieve.fields import check_names, chosen_entities, chosen_index, lowered
from alphorn.sieve.matching import MANY, counts, make_matcher
from alphorn.sieve.parts import chosen_part, whole
from alphorn.sieve.run import Run
from alphorn.sieve.table import Check, Kind, Positional, Test, Tests

ADDRESS_FIELDS = frozenset(
    "from to cc bcc sender reply-to resent-from resent-to resent-cc resent-bcc resent-sender "
    "resent-reply-to return-path delivered-to envelope-to x-original-to x-envelope-to "
    "x-envelope-from errors-to return-receipt-to disposition-notification-to mail-followup-to "
    "mail-reply-to approved-by list-post x-forwarded-to x-forwarded-for "
    "x-sieve-redirected-from x-original-from x-beenthere x-report-abuse-to x-complaints-to x-admin "
    "abuse-reports-to read-receipt-to x-confirm-reading-to registered-mail-reply-requested-by "
    "return-receipt-requested apparently-to for-approval for-handling for-comment".split()
)
"""Fields that hold addresses (RFC 5228 §5.1)."""


def header(call: Call) -> Check:
    """RFC 5228 §5.7; with :mime RFC 5703 §4.1."""
    names = call.texts(0)
    check_names(call, names)
    match = make_matcher(call, call.texts(1))
    index = chosen_index(call)
    entities = chosen_entities(call)
    option = chosen_option(call)
    get_names = lowered(names)
    constant = names.constant
    if entities is None and index is None:
        if constant is not None and len(constant) == 1:
            name = constant[0].lower()
            return lambda run: match(run, run.values(name))
        if not counts(call):

            def each(run: Run) -> bool:
                values = run.values
                for name in get_names(run):  # noqa: SIM110 - faster than any()
                    if match(run, values(name)):
                        return True
                return False

            return each

    def check(run: Run) -> bool:
        found: list[str] = []
        for name in get_names(run):
            if entities is None:
                values = run.values(name)
                found += values if index is None else index(values)
                continue
            for entity in entities(run):
                raw = run.mail.part_values(entity, name)
                raw = raw if index is None else index(raw)
                found += option(name, raw) if option else map(words.decode, raw)
        return match(run, found)

    return check


def address(call: Call) -> Check:
    """RFC 5228 §5.1; with :mime RFC 5703 §4.2."""
    names = call.texts(0)
    for name in names.items:
        text = name.constant
        if text is not None and text.rstrip(": ").lower() not in ADDRESS_FIELDS:
            call.problem(
                f"the header field '{text[:40]}' is not allowed for the address test", name.at
            )
    match = make_matcher(call, call.texts(1))
    part = chosen_part(call)
    index = chosen_index(call)
    entities = chosen_entities(call)
    get_names = lowered(names)

    def check(run: Run) -> bool:
        found: list[str] = []
        for name in get_names(run):
            if name not in ADDRESS_FIELDS:
                continue
            if entities is None:
                fields = run.mail.addresses(name)
                if index is not None:
                    fields = index(fields)
            else:
                fields = []
                for entity in entities(run):
                    raw = run.mail.part_values(entity, name)
                    raw = raw if index is None else index(raw)
                    fields += map(addresses.mailboxes, raw)
            for field in fields:
                if len(field) > MANY:
                    run.spend(len(field) // MANY)
                if part is whole:
                    found += map(whole, field) if field else ("",)
                    continue
                for mailbox in field:
                    if mailbox.domain and mailbox.local:
                        value = part(mailbox)
                        if value is not None:
                            found.append(value)
        return match(run, found)

    return check


def exists(call: Call) -> Check:
    """RFC 5228 §5.5; with :mime RFC 5703 §4.4."""
    names = call.texts(0)
    check_names(call, names)
    get_names = lowered(names)
    entities = chosen_entities(call)
    if entities is None:
        return lambda run: all(run.values(name) for name in get_names(run))
    chosen = entities

    def check(run: Run) -> bool:
        parts = chosen(run)
        return all(
            any(run.mail.part_values(part, name) for part in parts) for name in get_names(run)
        )

    return check


def size(call: Call) -> Check:
    """RFC 5228 §5.9; neither over nor under its own size."""
    limit = call.number(0)
    if "size" not in call.chosen:
        call.problem("the size test needs :over or :under")
    if call.given("over"):
        return lambda run: run.mail.size > limit
    return lambda run: run.mail.size < limit


def not_(call: Call) -> Check:
    """RFC 5228 §5.8."""
    if len(call.tests) != 1:
        return lambda run: False
    test = call.tests[0]
    return lambda run: not test(run)


def allof(call: Call) -> Check:
    """RFC 5228 §5.2: up to the first that is false."""
    tests = tuple(call.tests)

    def check(run: Run) -> bool:
        for test in tests:  # noqa: SIM110 - faster than all()
            if not test(run):
                return False
        return True

    return check


def anyof(call: Call) -> Check:
    """RFC 5228 §5.3: up to the first that is true."""
    tests = tuple(call.tests)

    def check(run: Run) -> bool:
        for test in tests:  # noqa: SIM110 - faster than any()
            if test(run):
                return True
        return False

    return check


_NAMES = Positional("header names", Kind.TEXTS)
_KEYS = Positional("key list", Kind.TEXTS)

TESTS = (
    Test("true", lambda call: lambda run: True),
    Test("false", lambda call: lambda run: False),
    Test("not", not_, tests=Tests.ONE),
    Test("allof", allof, tests=Tests.MANY),
    Test("anyof", anyof, tests=Tests.MANY),
    Test("header", header, (_NAMES, _KEYS), ("match", "index", "mime", "mime-option")),
    Test(
        "address",
        address,
        (Positional("header list", Kind.TEXTS), _KEYS),
        ("match", "address-part", "index", "mime"),
    ),
    Test("exists", exists, (_NAMES,), ("mime",)),
    Test("size", size, (Positional("size", Kind.NUMBER),)),
)
