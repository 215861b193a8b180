"""APPEND (RFC 9051 §6.3.12), MULTIAPPEND (RFC 3502), literal8 (RFC 3516), UTF8 (RFC 6855 §4).

append       = "APPEND" SP mailbox 1*append-message
append-message = [SP flag-list] [SP date-time] SP append-data
append-data  = literal / literal8 / "UTF8" SP "(" literal8 ")"
"""

from alphorn.wire.imap.commands import Append, AppendMessage
from alphorn.wire.imap.parser.errors import Declined
from alphorn.wire.imap.parser.flags import date_time, flag_list
from alphorn.wire.imap.parser.reader import Reader
from alphorn.wire.imap.parser.row import Row
from alphorn.wire.imap.states import LOGGED_IN


def _append(reader: Reader) -> Append:
    reader.space()
    mailbox = reader.mailbox()
    messages = [_message(reader)]
    while not reader.at_end():
        messages.append(_message(reader))
    return Append(mailbox, tuple(messages))


def _message(reader: Reader) -> AppendMessage:
    """A message of no octets is how a client calls the whole command off (RFC 3502 §6.3.11)."""
    reader.space()
    flags = 0
    keywords: frozenset[str] = frozenset()
    date = None
    if reader.next_is(b"("):
        flags, keywords = flag_list(reader)
        reader.space()
    if reader.next_is(b'"'):
        date = date_time(reader)
        reader.space()
    utf8 = reader.take(b"UTF8 (") or reader.take(b"utf8 (")
    data, binary = reader.literal()
    if utf8:
        if not binary:
            reader.fail("UTF8 takes a literal8")
        reader.expect(b")")
    if not data:
        raise Declined("Empty message: nothing was appended")
    return AppendMessage(data, flags, keywords, date, binary, utf8)


ROWS = (Row("APPEND", "RFC 9051 §6.3.12", LOGGED_IN, _append),)
