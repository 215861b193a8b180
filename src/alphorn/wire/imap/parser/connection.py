"""CAPABILITY, NOOP, LOGOUT, ID, STARTTLS, AUTHENTICATE, LOGIN, ENABLE, IDLE.

id            = "ID" SP ("(" [string SP nstring *(SP string SP nstring)] ")" / "NIL")
authenticate  = "AUTHENTICATE" SP auth-type [SP (base64 / "=")]
login         = "LOGIN" SP userid SP password
enable        = "ENABLE" 1*(SP capability)
"""

from alphorn.base.secret import Secret
from alphorn.wire.imap import commands
from alphorn.wire.imap.parser.reader import Reader
from alphorn.wire.imap.parser.row import Row, constant
from alphorn.wire.imap.states import ANY, LOGGED_IN, State
from alphorn.wire.sasl import base64

MAX_ID_FIELDS = 30
MAX_ID_NAME = 30
MAX_ID_VALUE = 1024


def _id(reader: Reader) -> commands.Id:
    """RFC 2971 §3.1, with its limits."""
    reader.space()
    if not reader.take(b"("):
        if reader.word() != "NIL":
            reader.fail("Expected a list or NIL")
        return commands.Id()
    fields: dict[str, str | None] = {}
    while not reader.take(b")"):
        if fields:
            reader.space()
        if len(fields) >= MAX_ID_FIELDS:
            reader.fail("Too many fields")
        name = reader.text_of(reader.string()).lower()
        reader.space()
        value = reader.nstring()
        if not 0 < len(name) <= MAX_ID_NAME or (value and len(value) > MAX_ID_VALUE):
            reader.fail("Field too long")
        if name in fields:
            reader.fail("Field given twice")
        fields[name] = None if value is None else reader.text_of(value)
    return commands.Id(tuple(fields.items()))


def _authenticate(reader: Reader) -> commands.Authenticate:
    """RFC 9051 §6.2.2; the initial response is RFC 4959's."""
    reader.space()
    mechanism = reader.word()
    if not reader.take(b" "):
        return commands.Authenticate(mechanism)
    start = reader.at
    reader.at = len(reader.text)
    try:
        return commands.Authenticate(mechanism, base64.decode_initial(reader.text[start:]))
    except ValueError:
        reader.fail("Initial response is not base64", start)


def _login(reader: Reader) -> commands.Login:
    reader.space()
    user = reader.text_of(reader.astring(), "User name")
    reader.space()
    password = reader.text_of(reader.astring(), "Password")
    return commands.Login(user, Secret(password))


def _enable(reader: Reader) -> commands.Enable:
    names = []
    while reader.take(b" "):
        names.append(reader.word())
    if not names:
        reader.fail("Expected a capability")
    return commands.Enable(tuple(names))


ROWS = (
    Row("CAPABILITY", "RFC 9051 §6.1.1", ANY, constant(commands.Capability())),
    Row("NOOP", "RFC 9051 §6.1.2", ANY, constant(commands.Noop())),
    Row("LOGOUT", "RFC 9051 §6.1.3", ANY, constant(commands.Logout())),
    Row("ID", "RFC 2971 §3.1", ANY, _id),
    Row("STARTTLS", "RFC 9051 §6.2.1", State.NOT_AUTHENTICATED, constant(commands.StartTls())),
    Row("AUTHENTICATE", "RFC 9051 §6.2.2", State.NOT_AUTHENTICATED, _authenticate, secure=True),
    Row("LOGIN", "RFC 9051 §6.2.3", State.NOT_AUTHENTICATED, _login, secure=True),
    Row("ENABLE", "RFC 9051 §6.3.1", LOGGED_IN, _enable),
    Row("IDLE", "RFC 9051 §6.3.13", LOGGED_IN, constant(commands.Idle())),
)
