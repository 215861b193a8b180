"""`alphorn spam …`: what is learned of spam, why a message is where it is, and reports."""

from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator
from pathlib import Path

from alphorn.base.errors import NotFound, Refused
from alphorn.base.numbers import MAX_NUMBER, NumberSet
from alphorn.cli.table import JSON, Argument, Command, Context, Json, cell
from alphorn.directory.values import AccountInfo
from alphorn.importer import mailfiles
from alphorn.message import spam_field
from alphorn.operations import quarantine, reputation
from alphorn.operations.study import message_key, raws
from alphorn.store.api import INBOX, Account, Book

REPORTED_SHOWN = 100
_STATUS = {
    "spam": "Messages learned as spam",
    "ham": "Messages learned as wanted",
    "tokens": "Words and signs known of them",
}
_INSTALLATION = {
    "waiting": "Lessons that wait",
    "votes": "Words that one account alone has taught",
    "teachers": "Accounts that teach",
}
_ACCOUNT = {
    "correspondents": "Known correspondents",
    "corrections": "Corrected categories",
    "blocked": "Blocked after a report",
}
_REASON = {"score": "Score", "code": "Reason", "text": "In words"}
_HELD = {"uid": "UID", "held_at": "Since (UTC)", "octets": "Octets", "subject": "Subject"}
_VOICES = {
    "name": "Name",
    "kind": "Kind",
    "weight": "Weight",
    "reporters": "Reported by",
    "defenders": "Defended by",
    "last_at": "Last (UTC)",
}
_MANY = 1_000_000


def _report(context: Context, args: Namespace) -> int:
    account = _account(context, args.account)
    mail = context.services.store.account(account.id)
    mailbox = mail.mailbox(args.mailbox)
    done = context.services.reports.report(account.id, mailbox.id, args.uid)
    if args.json:
        context.json(
            {
                "subject": done.subject,
                "against": [name.name for name in done.names],
                "operator_told": done.told,
            }
        )
        return 0
    context.say(f"Reported and put into quarantine: {cell('', done.subject)}")
    for name in done.names:
        context.say(f"  {cell('', name.name)} counts against later mail now")
    if not done.told:
        context.note("No report was sent: nobody is set as postmaster, or there were too many.")
    return 0


def _learn(context: Context, args: Namespace) -> int:
    if args.spam == args.ham:
        raise Refused("Say what the messages are: --spam or --ham.", code="usage")
    account_id = None if args.account is None else _account(context, args.account).id
    found = mailfiles.messages(args.path)
    done = context.services.learning.train(found, args.spam, account_id)
    if args.json:
        context.json({"learned": done.learned, "known": done.known})
        return 0
    what = "spam" if args.spam else "wanted"
    known = f"; {done.known} were known as that already" if done.known else ""
    context.say(f"{done.learned} messages are learned as {what}{known}.")
    return 0


def _status(context: Context, args: Namespace) -> int:
    if args.account is not None:
        account = _account(context, args.account)
        context.record(args, _of_account(context, account), _STATUS | _ACCOUNT)
        return 0
    parts = context.services.learning.parts
    parts.model.refresh()
    spam, ham = parts.model.counts().totals()
    status = parts.lessons.status()
    row: dict[str, Json] = {
        "spam": spam,
        "ham": ham,
        "waiting": status.waiting,
        "votes": status.votes,
        "teachers": status.teachers,
    }
    columns = {key: heading for key, heading in _STATUS.items() if key != "tokens"}
    context.record(args, row, columns | _INSTALLATION)
    return 0


def _of_account(context: Context, account: AccountInfo) -> dict[str, Json]:
    mail = context.services.store.account(account.id)
    learned = mail.learned()
    return {
        "account": account.address,
        "spam": learned.spam,
        "ham": learned.ham,
        "tokens": learned.tokens,
        "correspondents": len(mail.entries(Book.CORRESPONDENT, _MANY)),
        "corrections": len(mail.entries(Book.CATEGORY, _MANY)),
        "blocked": len(mail.entries(Book.BLOCKED, _MANY)),
    }


def _why(context: Context, args: Namespace) -> int:
    account = _account(context, args.account)
    mail = context.services.store.account(account.id)
    raw = _message(mail, args.mailbox, args.uid)
    told = spam_field.read(raw)
    judged = mail.judgements([message_key(raw)]).get(message_key(raw))
    if args.json:
        context.json(_why_row(told) | {"learned_as_spam": judged.spam if judged else None})
        return 0
    if judged is not None:
        kind = "spam" if judged.spam else "wanted"
        whose = "" if judged.by_person else ", for it was answered or its sender is known"
        context.say(f"It is learned as {kind}{whose}.")
    if told is None:
        context.say("It was not scored when it came.")
        return 0
    category = f", category {cell('', told.category)}" if told.category else ""
    context.say(f"Score {told.score:g} of {told.threshold:g}: {cell('', told.verdict)}{category}")
    rows: list[dict[str, Json]] = [
        {"score": f"{one.score:+g}", "code": one.code, "text": one.text} for one in told.reasons
    ]
    context.table(args, rows, _REASON, "Nothing speaks for or against it.")
    return 0


def _why_row(told: spam_field.SpamField | None) -> dict[str, Json]:
    if told is None:
        return {"score": None}
    return {
        "score": told.score,
        "threshold": told.threshold,
        "verdict": told.verdict,
        "category": told.category,
        "reasons": [
            {"code": one.code, "score": one.score, "text": one.text} for one in told.reasons
        ],
    }


def _quarantine(context: Context, args: Namespace) -> int:
    account = _account(context, args.account)
    rows: list[dict[str, Json]] = [
        {"uid": one.uid, "held_at": one.held_at, "octets": one.octets, "subject": one.subject}
        for one in quarantine.held(context.services.store.account(account.id))
    ]
    context.table(args, rows, _HELD, "Nothing is in the quarantine.")
    return 0


def _restore(context: Context, args: Namespace) -> int:
    account = _account(context, args.account)
    subject = quarantine.restore(
        context.services.learning, account.id, args.uid, account.organization_id, args.mailbox
    )
    context.note(f"Back in {args.mailbox}, and learned as wanted: {cell('', subject)}")
    return 0


def _reported(context: Context, args: Namespace) -> int:
    parts = context.services.learning.parts
    rows: list[dict[str, Json]] = [
        {
            "name": name.name,
            "kind": name.kind.value,
            "weight": reputation.weight(voices),
            "reporters": voices.reporters,
            "organizations": voices.organizations,
            "defenders": voices.defenders,
            "last_at": voices.last,
        }
        for name, voices in parts.reported.listed(args.limit, now=parts.clock())
    ]
    context.table(args, rows, _VOICES, "Nothing is reported.")
    return 0


def _forgive(context: Context, args: Namespace) -> int:
    parts = context.services.learning.parts
    wanted = args.name.lower()
    names = [
        name
        for name, _ in parts.reported.listed(_MANY, now=parts.clock())
        if name.name.lower() == wanted
    ]
    if not names:
        raise NotFound(f"Nobody reported {args.name}.", code="not-reported")
    for name in names:
        parts.reported.forget(name)
    context.note(f"{args.name} counts no longer against mail.")
    return 0


def _account(context: Context, address: str) -> AccountInfo:
    found = context.services.view.account_by_address(address)
    if found is None:
        raise NotFound(f"There is no account {address}.", code="no-such-account")
    return found


def _message(mail: Account, mailbox: str, uid: int) -> bytes:
    found: Iterator[tuple[int, bytes]] = raws(mail, mail.mailbox(mailbox).id, NumberSet.of((uid,)))
    for _, raw in found:
        return raw
    raise NotFound(f"There is no message {uid} in {mailbox}.", code="no-such-message")


def _uid(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:11]) <= MAX_NUMBER:
        raise ArgumentTypeError("is to be the UID of a message")
    return int(text)


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:8]) <= _MANY:
        raise ArgumentTypeError(f"is to be a number between 1 and {_MANY}")
    return int(text)


_ADDRESS = Argument("account", help="the account's own address")
_UID = Argument("uid", type=_uid, metavar="UID", help="the number of the message in its mailbox")
_MAILBOX = Argument(
    "--mailbox", metavar="NAME", default=INBOX, help=f"where the message is (else {INBOX})"
)
COMMANDS = (
    Command(
        "spam why",
        "tell why a message was taken for spam or not",
        _why,
        (_ADDRESS, _UID, _MAILBOX, JSON),
    ),
    Command(
        "spam learn",
        "learn messages as spam or as wanted",
        _learn,
        (
            Argument(
                "path",
                nargs="+",
                type=Path,
                metavar="PATH",
                help="messages, mboxes, Maildirs, or folders of these",
            ),
            Argument("--spam", action="store_true", help="they are spam"),
            Argument("--ham", action="store_true", help="they are wanted"),
            Argument(
                "--account", metavar="ADDRESS", help="for this account only (else for everybody)"
            ),
            JSON,
        ),
        "The same message counts once, however often it is learned. What it is learned as can be "
        "changed by learning it the other way.",
    ),
    Command(
        "spam status",
        "show how much is learned",
        _status,
        (Argument("--account", metavar="ADDRESS", help="by this account"), JSON),
    ),
    Command(
        "spam report",
        "report a message as phishing, as its owner could",
        _report,
        (_ADDRESS, _UID, _MAILBOX, JSON),
        "The message goes into the quarantine of its account. Its sender, if proven, and the hosts "
        "of its links count against later mail to everybody; the postmaster gets a report.",
    ),
    Command(
        "spam quarantine",
        "list what an account reported",
        _quarantine,
        (_ADDRESS, JSON),
        f"Reported messages are kept for {quarantine.KEEP_DAYS} days.",
    ),
    Command(
        "spam restore",
        "bring a reported message back",
        _restore,
        (
            _ADDRESS,
            Argument("uid", type=_uid, metavar="UID", help="as `alphorn spam quarantine` shows it"),
            Argument(
                "--mailbox", metavar="NAME", default=INBOX, help=f"where to put it (else {INBOX})"
            ),
        ),
        "It is learned as wanted, and counts no longer against its sender and the hosts of its "
        "links.",
    ),
    Command(
        "spam reported",
        "list the senders and hosts that were reported",
        _reported,
        (
            Argument(
                "--limit",
                type=_limit,
                default=REPORTED_SHOWN,
                metavar="NUMBER",
                help=f"at most so many, the latest first (else {REPORTED_SHOWN})",
            ),
            JSON,
        ),
    ),
    Command(
        "spam forgive",
        "let a reported sender or host no longer count against mail",
        _forgive,
        (Argument("name", metavar="NAME", help="as `alphorn spam reported` shows it"),),
    ),
)
