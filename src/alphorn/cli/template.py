"""`alphorn template …`: signatures and auto-replies with fields, for many people at once."""

from argparse import Namespace

from alphorn.base.errors import Refused
from alphorn.cli.arguments import ORGANIZATION, STANDARD_INPUT, read_text, text_given
from alphorn.cli.confirm import YES, confirm
from alphorn.cli.table import JSON, Argument, Command, Context, Json
from alphorn.directory.values import TemplateInfo, TemplateKind
from alphorn.message.template import FIELDS
from alphorn.operations import applying, templates
from alphorn.operations.applying import Outcome
from alphorn.operations.templates import NewTemplate

MAX_FILE = 256 * 1024

_TEMPLATE = Argument("template", help="its number, or its name where only one has it")
_TEXTS = (
    Argument("--subject", metavar="TEXT", help="the subject of an auto-reply"),
    Argument("--text", metavar="TEXT", help="the text; better in a file where it has lines"),
    Argument("--text-file", metavar="FILE", help='a file with the text, "-" for standard input'),
    Argument("--html-file", metavar="FILE", help='a file with HTML, "-" for standard input'),
)
_FIELDS = ", ".join(f"{{{name}}} ({what})" for name, what in FIELDS.items())
_COLUMNS = {
    "id": "Number",
    "name": "Template",
    "kind": "Kind",
    "organization": "Organization",
    "domain": "Domain",
    "automatic": "For new accounts",
    "uses": "In accounts",
}
_APPLIED = {"account": "Account", "result": "Result", "text": "Remark"}
_SAID = {
    Outcome.MADE: "made",
    Outcome.CHANGED: "changed",
    Outcome.SAME: "as they are",
    Outcome.KEPT: "left to their owners",
    Outcome.REMOVED: "removed by their owners",
    Outcome.EMPTY: "with nothing to say",
    Outcome.FAILED: "failed",
}


def _row(info: TemplateInfo) -> dict[str, Json]:
    return {
        "id": info.id,
        "name": info.name,
        "kind": info.kind.value,
        "organization": info.organization,
        "domain": info.domain or None,
        "automatic": info.automatic,
        "uses": info.uses,
        "subject": info.subject,
        "text": info.text,
        "html": info.html,
        "created_at": info.created,
    }


def _show(context: Context, args: Namespace, info: TemplateInfo) -> int:
    context.record(args, _row(info), _COLUMNS)
    return 0


def _list(context: Context, args: Namespace) -> int:
    listed = templates.list_templates(
        context.services.control,
        organization=args.organization,
        domain=args.domain,
        kind=TemplateKind(args.kind) if args.kind else None,
    )
    context.table(
        args,
        [_row(info) for info in listed],
        _COLUMNS,
        "No template yet; say: alphorn template add signature NAME --domain DOMAIN "
        "--text-file FILE",
    )
    return 0


def _show_one(context: Context, args: Namespace) -> int:
    info = templates.show_template(context.services.control, args.template)
    _show(context, args, info)
    _say_texts(context, args, info.subject, info.text, info.html)
    return 0


def _add(context: Context, args: Namespace) -> int:
    text, html = _texts(args)
    new = NewTemplate(
        TemplateKind(args.kind),
        args.name,
        text or "",
        html or "",
        args.subject or "",
        args.organization,
        args.domain,
        args.automatic,
    )
    info = templates.add_template(context.services.control, new)
    _show(context, args, info)
    context.note(f"To apply it, say: alphorn template apply {info.id} --domain DOMAIN --preview")
    return 0


def _change(context: Context, args: Namespace) -> int:
    text, html = _texts(args)
    info = templates.change_template(
        context.services.control,
        args.template,
        name=args.name,
        subject=args.subject,
        text=text,
        html=html,
        automatic=None if args.automatic is None else args.automatic == "yes",
    )
    _show(context, args, info)
    if info.uses:
        context.note(
            f"What it made in {info.uses} accounts stays until it is applied again: "
            f"alphorn template apply {info.id}"
        )
    return 0


def _remove(context: Context, args: Namespace) -> int:
    control = context.services.control
    info = templates.show_template(control, args.template)
    confirm(context, args, info.name, f"This removes the template {info.name}.")
    templates.remove_template(control, str(info.id))
    context.note(f"{info.name} is removed. What it made stays in {info.uses} accounts.")
    return 0


def _preview(context: Context, args: Namespace) -> int:
    filled = templates.preview_template(context.services.control, args.template, args.account)
    if args.json:
        context.json(
            {
                "subject": filled.subject,
                "text": filled.text,
                "html": filled.html,
                "empty": list(filled.empty),
            }
        )
    _say_texts(context, args, filled.subject, filled.text, filled.html)
    if filled.empty:
        context.note(f"Not known of this person: {', '.join(filled.empty)}.")
    return 0


def _apply(context: Context, args: Namespace) -> int:
    done = applying.apply_template(
        context.services.control,
        args.template,
        accounts=args.account or (),
        domain=args.domain,
        anew=args.anew,
        dry=args.preview,
    )
    context.table(
        args,
        [{"account": one.account, "result": one.outcome.value, "text": one.text} for one in done],
        _APPLIED,
        "There is no account yet.",
    )
    counted = applying.count(done)
    said = ", ".join(f"{counted[one]} {words}" for one, words in _SAID.items() if counted[one])
    if said:
        context.note(f"{said}.")
    if args.preview:
        context.note("Nothing was changed; without --preview it is done.")
    return 1 if counted[Outcome.FAILED] else 0


def _say_texts(context: Context, args: Namespace, subject: str, text: str, html: str) -> None:
    if args.json:
        return
    for heading, said in (("Subject", subject), ("Text", text), ("HTML", html)):
        if said:
            context.say(f"\n--- {heading}\n{said}")


def _texts(args: Namespace) -> tuple[str | None, str | None]:
    """Text and HTML as they were given, None where they were not. Raises Refused."""
    if args.text_file == args.html_file == STANDARD_INPUT:
        raise Refused("Only one of the two can come from standard input.", code="usage")
    text = text_given(args.text, args.text_file, MAX_FILE)
    return text, None if args.html_file is None else read_text(args.html_file, MAX_FILE)


COMMANDS = (
    Command(
        "template list",
        "list the templates",
        _list,
        (
            ORGANIZATION,
            Argument("--domain", metavar="NAME", help="only those for accounts of this domain"),
            Argument(
                "--kind", choices=[kind.value for kind in TemplateKind], help="only those of a kind"
            ),
            JSON,
        ),
    ),
    Command("template show", "show one template", _show_one, (_TEMPLATE, JSON)),
    Command(
        "template add",
        "add a template",
        _add,
        (
            Argument("kind", choices=[kind.value for kind in TemplateKind], help="what it makes"),
            Argument("name", help="what it and what it makes is called"),
            *_TEXTS,
            Argument("--organization", metavar="NAME", help="for all domains of an organization"),
            Argument("--domain", metavar="NAME", help="for the accounts of one domain"),
            Argument(
                "--automatic", action="store_true", help="new accounts get it when they are made"
            ),
            JSON,
        ),
        f"Add a template. Its fields are {_FIELDS}; {{{{ and }}}} stand for braces. A line with "
        "fields that are all empty vanishes.",
    ),
    Command(
        "template change",
        "change a template",
        _change,
        (
            _TEMPLATE,
            Argument("--name", metavar="NAME", help="another name"),
            *_TEXTS,
            Argument(
                "--automatic", choices=("yes", "no"), help="whether new accounts get it by itself"
            ),
            JSON,
        ),
        "Change what is named. What the template has made stays until it is applied again.",
    ),
    Command(
        "template remove",
        "remove a template; what it made stays",
        _remove,
        (_TEMPLATE, YES),
    ),
    Command(
        "template preview",
        "show what a template says of an account",
        _preview,
        (_TEMPLATE, Argument("account", help="its own address"), JSON),
    ),
    Command(
        "template apply",
        "apply a template to accounts, or to all of a domain",
        _apply,
        (
            _TEMPLATE,
            Argument(
                "--account",
                action="append",
                metavar="ADDRESS",
                help="to this account (may be said several times)",
            ),
            Argument("--domain", metavar="NAME", help="to all accounts of a domain"),
            Argument(
                "--anew",
                action="store_true",
                help="also where its owner has changed or removed what it made",
            ),
            Argument("--preview", action="store_true", help="only say what would be done"),
            JSON,
        ),
        "Apply a template, as often as you like: what it made before follows it; what the owner of "
        "an account has changed or removed since, and what he made himself, is left alone and "
        "said. An auto-reply is made, not activated.",
    ),
)
