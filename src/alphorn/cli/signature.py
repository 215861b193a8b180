"""`alphorn signature …`: what the owner of an account has to put below what he writes."""

from argparse import Namespace

from alphorn.base.errors import Refused
from alphorn.cli.account import ADDRESS
from alphorn.cli.arguments import read_text, text_given
from alphorn.cli.table import JSON, Argument, Command, Context, Json, cell
from alphorn.message.signature import MAX_HTML, MAX_TEXT, Signature
from alphorn.operations import signatures

_NAME = Argument("name", help="the name of the signature, or its id")
_CONTENT = (
    Argument("--text", metavar="TEXT", help="what it says"),
    Argument("--text-file", metavar="FILE", help='the same from a file, "-" for standard input'),
    Argument("--html-file", metavar="FILE", help='the same in HTML, from a file ("" for none)'),
)
_COLUMNS = {"name": "Signature", "text": "Text", "html": "HTML"}


def _row(one: Signature) -> dict[str, Json]:
    return {"id": one.id, "name": one.name, "text": one.text, "html": one.html}


def _list(context: Context, args: Namespace) -> int:
    found = signatures.list_signatures(context.services.control, args.address)
    rows = [_row(one) for one in found]
    if not args.json:
        rows = [row | {"text": " | ".join(one.text.split("\n")), "html": bool(one.html)}
                for row, one in zip(rows, found, strict=True)]  # fmt: skip
    context.table(args, rows, _COLUMNS, f"{args.address} has no signatures.")
    return 0


def _show(context: Context, args: Namespace) -> int:
    one = signatures.show_signature(context.services.control, args.address, args.name)
    if args.json:
        context.json(_row(one))
        return 0
    for line in (one.html or one.text if args.html else one.text).splitlines():
        context.say(cell("", line) if line else "")
    return 0


def _add(context: Context, args: Namespace) -> int:
    text, html = _texts(args)
    if text is None:
        raise Refused("Say what stands in it: --text or --text-file.", code="usage")
    control = context.services.control
    made = signatures.add_signature(control, args.address, args.name, text, html or "")
    context.record(args, _row(made), {"name": "Signature", "id": "Id"})
    return 0


def _change(context: Context, args: Namespace) -> int:
    text, html = _texts(args)
    changed = signatures.change_signature(
        context.services.control,
        args.address,
        args.name,
        new_name=args.new_name,
        text=text,
        html=html,
    )
    context.record(args, _row(changed), {"name": "Signature", "id": "Id"})
    return 0


def _remove(context: Context, args: Namespace) -> int:
    gone = signatures.remove_signature(context.services.control, args.address, args.name)
    context.note(f"{cell('', gone.name)} is gone.")
    return 0


def _texts(args: Namespace) -> tuple[str | None, str | None]:
    """Text and HTML, None for what was not given. Raises Refused."""
    html = args.html_file and read_text(args.html_file, MAX_HTML)
    return text_given(args.text, args.text_file, MAX_TEXT), html


COMMANDS = (
    Command("signature list", "list the signatures of an account", _list, (ADDRESS, JSON)),
    Command(
        "signature show",
        "show a signature",
        _show,
        (ADDRESS, _NAME, Argument("--html", action="store_true", help="its HTML"), JSON),
    ),
    Command("signature add", "make a signature", _add, (ADDRESS, _NAME, *_CONTENT, JSON)),
    Command(
        "signature change",
        "change a signature; what is not given stays",
        _change,
        (
            ADDRESS,
            _NAME,
            Argument("--new-name", metavar="NAME", help="what it is called from now on"),
            *_CONTENT,
            JSON,
        ),
    ),
    Command("signature remove", "remove a signature", _remove, (ADDRESS, _NAME)),
)
