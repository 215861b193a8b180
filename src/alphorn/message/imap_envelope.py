"""ENVELOPE (RFC 9051 §7.5.2, RFC 3501 §7.4.2) of a message's fields."""

from collections.abc import Sequence

from alphorn.message import addresses, words
from alphorn.message.imap_string import String, ascii_string
from alphorn.message.mailbox import Group, Mailbox
from alphorn.message.parse import Fields

Addresses = Sequence[Mailbox | Group]

# What stands for an address that a client without UTF-8 cannot be given (RFC 6858 §2.1).
_INTERNATIONALIZED = '"invalid" "internationalized-address.invalid"'


def render(
    fields: Fields,
    string: String = ascii_string,
    from_: Addresses | None = None,
    to: Addresses | None = None,
    cc: Addresses | None = None,
) -> str:
    """The envelope, parentheses included; fields come from `parse.read_fields`.

    `string` is `ascii_string` for IMAP4rev1 or `utf8_string`. Lists that the caller has parsed
    already may be given. A missing or empty Sender or Reply-To is that of From.
    """
    get = fields.get
    author = _list("from", fields, from_, string)
    sender = _list("sender", fields, None, string)
    reply_to = _list("reply-to", fields, None, string)
    return (
        f"({_nstring(get('date'), string)} {_nstring(get('subject'), string)}"
        f" {author} {author if sender == 'NIL' else sender}"
        f" {author if reply_to == 'NIL' else reply_to}"
        f" {_list('to', fields, to, string)} {_list('cc', fields, cc, string)}"
        f" {_list('bcc', fields, None, string)}"
        f" {_nstring(get('in-reply-to'), string)} {_nstring(get('message-id'), string)})"
    )


def _nstring(text: str | None, string: String) -> str:
    return "NIL" if text is None else string(text)


def _list(name: str, fields: Fields, parsed: Addresses | None, string: String) -> str:
    """An env-from and its kin: a parenthesized list of addresses, or NIL for none."""
    if parsed is None:
        value = fields.get(name)
        if value is None:
            return "NIL"
        parsed = addresses.parse(value)
    if not parsed:
        return "NIL"
    return f"({''.join([_address(entry, string) for entry in parsed])})"


def _address(entry: Mailbox | Group, string: String) -> str:
    if isinstance(entry, Group):
        members = "".join([_address(member, string) for member in entry.members])
        return f"(NIL NIL {string(entry.name)} NIL){members}(NIL NIL NIL NIL)"
    name, local, domain, route = entry
    if string is ascii_string and not (local.isascii() and domain.isascii()):
        shown = f"{words.decode(name)} <{entry.address}>" if name else entry.address
        return f"({string(shown)} NIL {_INTERNATIONALIZED})"
    return (
        f"({string(name) if name else 'NIL'} {string(route) if route else 'NIL'}"
        f" {string(local)} {string(domain)})"
    )
