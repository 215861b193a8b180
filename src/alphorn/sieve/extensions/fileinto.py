"""fileinto (RFC 5228 §4.1), copy (RFC 3894), and mailboxes (RFC 5490)."""

from alphorn.sieve.actions import FileInto
from alphorn.sieve.call import Call
from alphorn.sieve.run import Run
from alphorn.sieve.storing import chosen_flags, mailbox, special_use
from alphorn.sieve.table import Check, Command, Extension, Kind, Positional, Signal, Step, Tag, Test


def fileinto(call: Call) -> Step:
    name = mailbox(call.text(0), call)
    flags = chosen_flags(call)
    create = call.given("create")
    use = special_use(call)
    copies = call.given("copy")

    def step(run: Run) -> Signal:
        line = run.line(call.at)
        run.do(FileInto(name(run), flags(run), create, use(run), run.message, line))
        if not copies:
            run.keeps = False
        return None

    return step


def mailboxexists(call: Call) -> Check:
    """Whether all of them exist (RFC 5490 §3.1)."""
    names = call.texts(0)
    return lambda run: all(run.environment.mailbox_exists(name) for name in names.get(run))


FILEINTO = Extension(
    "fileinto",
    "RFC 5228 §4.1",
    commands=(Command("fileinto", fileinto, (Positional("mailbox"),)),),
)
COPY = Extension("copy", "RFC 3894", tags=(Tag("copy", ("fileinto", "redirect")),))
MAILBOX = Extension(
    "mailbox",
    "RFC 5490 §3",
    tests=(Test("mailboxexists", mailboxexists, (Positional("mailboxes", Kind.TEXTS),)),),
    tags=(Tag("create", ("fileinto", "vacation", "notify")),),
)
