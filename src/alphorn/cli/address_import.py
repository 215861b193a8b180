"""`alphorn address import` and `template`: many accounts from a table."""

from argparse import Namespace

from alphorn.base.sheet import MAX_OCTETS
from alphorn.cli.arguments import read_file
from alphorn.cli.table import JSON, Argument, Command, Context
from alphorn.operations import bulk
from alphorn.operations.bulk import Fate

_COLUMNS = {
    "row": "Row",
    "address": "Address",
    "redirect_to": "Leads to",
    "delete": "Deleted then",
    "result": "Result",
    "text": "Remark",
}


def _import(context: Context, args: Namespace) -> int:
    octets = read_file(args.file, MAX_OCTETS)
    control = context.services.control
    if args.preview:
        done = bulk.preview(control, args.domain, octets)
    else:
        done = bulk.import_accounts(control, args.domain, octets)
    context.table(
        args,
        [
            {
                "row": row.line,
                "address": row.address,
                "redirect_to": row.redirect_to,
                "delete": row.delete,
                "result": row.fate.value,
                "text": row.text,
            }
            for row in done.rows
        ],
        _COLUMNS,
        "The file has no row below its header.",
    )
    counts = ", ".join(f"{done.count(fate)} {fate.value}" for fate in Fate if done.count(fate))
    left = "" if done.left is None else f"; {done.left} more may be made today"
    context.note(f"{counts or 'nothing'}{left}")
    if args.preview:
        context.note("Nothing was changed; without --preview they are made.")
    return 1 if done.count(Fate.WRONG) else 0


def _template(context: Context, args: Namespace) -> int:
    context.out.write(bulk.TEMPLATE.decode())
    return 0


COMMANDS = (
    Command(
        "address import",
        "make accounts from a table",
        _import,
        (
            Argument("domain", help="the domain that they are in"),
            Argument("file", help='a CSV file, or "-" for standard input'),
            Argument("--preview", action="store_true", help="only say what would be made"),
            JSON,
        ),
        "Make accounts, without passwords yet, from a table that any spreadsheet program saved as "
        "CSV. The first line is a header. Columns: the address without its domain; where its mail "
        "is sent on to, or nothing; 1 where no copy is to stay. Rows that are wrong are not made "
        "and do not stop others; rows that are there already are left alone.",
    ),
    Command(
        "address template",
        "print a table to begin with",
        _template,
        (),
        "Print the header of a table for `alphorn address import`.",
    ),
)
