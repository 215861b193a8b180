"""mboxmetadata and servermetadata (RFC 5490 §4, §5), special-use (RFC 8579)."""

from alphorn.sieve.call import Call
from alphorn.sieve.matching import make_matcher
from alphorn.sieve.run import Run
from alphorn.sieve.storing import is_special_use
from alphorn.sieve.table import Check, Extension, Kind, Positional, Tag, Test


def metadata(call: Call) -> Check:
    mailbox = call.text(0)
    entry = call.text(1)
    match = make_matcher(call, call.texts(2))

    def check(run: Run) -> bool:
        value = run.environment.metadata(mailbox.get(run), entry.get(run))
        return value is not None and match(run, (value,))

    return check


def metadataexists(call: Call) -> Check:
    """Whether all of the annotations exist."""
    mailbox = call.text(0)
    entries = call.texts(1)

    def check(run: Run) -> bool:
        name = mailbox.get(run)
        get = run.environment.metadata
        return all(get(name, entry) is not None for entry in entries.get(run))

    return check


def servermetadata(call: Call) -> Check:
    entry = call.text(0)
    match = make_matcher(call, call.texts(1))

    def check(run: Run) -> bool:
        value = run.environment.metadata(None, entry.get(run))
        return value is not None and match(run, (value,))

    return check


def servermetadataexists(call: Call) -> Check:
    entries = call.texts(0)

    def check(run: Run) -> bool:
        get = run.environment.metadata
        return all(get(None, entry) is not None for entry in entries.get(run))

    return check


def specialuse_exists(call: Call) -> Check:
    """Whether there is a mailbox for all of these uses (RFC 8579 §3)."""
    mailbox = call.optional_text(0)
    uses = call.texts(1)
    for use in uses.items:
        if use.constant is not None and not is_special_use(use.constant):
            call.problem(f"“{use.constant[:40]}” cannot be a special use; \\\\Junk is one", use.at)

    def check(run: Run) -> bool:
        name = mailbox.get(run) if mailbox is not None else None
        if name is not None and not run.environment.mailbox_exists(name):
            return False
        return all(run.environment.special_use_exists(use, name) for use in uses.get(run))

    return check


_KEYS = Positional("key list", Kind.TEXTS)
MBOXMETADATA = Extension(
    "mboxmetadata",
    "RFC 5490 §4",
    tests=(
        Test(
            "metadata",
            metadata,
            (Positional("mailbox"), Positional("annotation"), _KEYS),
            ("match",),
        ),
        Test(
            "metadataexists",
            metadataexists,
            (Positional("mailbox"), Positional("annotations", Kind.TEXTS)),
        ),
    ),
)
SERVERMETADATA = Extension(
    "servermetadata",
    "RFC 5490 §5",
    tests=(
        Test("servermetadata", servermetadata, (Positional("annotation"), _KEYS), ("match",)),
        Test(
            "servermetadataexists",
            servermetadataexists,
            (Positional("annotations", Kind.TEXTS),),
        ),
    ),
)
SPECIAL_USE = Extension(
    "special-use",
    "RFC 8579",
    tests=(
        Test(
            "specialuse_exists",
            specialuse_exists,
            (Positional("mailbox"), Positional("special uses", Kind.TEXTS)),
            optional=1,
        ),
    ),
    tags=(Tag("specialuse", ("fileinto", "vacation", "notify"), Kind.TEXT),),
)
