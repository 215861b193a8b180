"""What we announce, to whom: one table, from which the CAPABILITY line and ENABLE derive.

A row stands here when the server does what its document asks for; a new extension adds its row with
its code.
"""

from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from alphorn.wire.imap.states import ANY, LOGGED_IN, State


class Channel(Enum):
    """On which connections a capability is true."""

    EVERY = auto()
    PLAIN = auto()
    """Passwords must not travel in it."""
    SECURE = auto()
    STARTTLS = auto()
    """TLS can be begun."""


@dataclass(frozen=True, slots=True)
class Row:
    """`enable`: the client may switch it on with ENABLE (RFC 9051 §6.3.1)."""

    name: str
    source: str
    states: State = LOGGED_IN
    channel: Channel = Channel.EVERY
    enable: bool = False


TABLE = (
    Row("IMAP4rev1", "RFC 3501", ANY),
    Row("IMAP4rev2", "RFC 9051", ANY, enable=True),
    Row("LITERAL+", "RFC 7888", ANY),
    Row("SASL-IR", "RFC 4959", ANY),
    Row("ID", "RFC 2971", ANY),
    Row("ENABLE", "RFC 5161", ANY),
    Row("IDLE", "RFC 2177", ANY),
    Row("STARTTLS", "RFC 9051 §6.2.1", State.NOT_AUTHENTICATED, Channel.STARTTLS),
    Row("LOGINDISABLED", "RFC 9051 §6.2.3", State.NOT_AUTHENTICATED, Channel.PLAIN),
    Row("APPENDLIMIT", "RFC 7889"),
    Row("BINARY", "RFC 3516"),
    Row("CHILDREN", "RFC 3348"),
    Row("CONDSTORE", "RFC 7162", enable=True),
    Row("CREATE-SPECIAL-USE", "RFC 6154 §3"),
    Row("ESEARCH", "RFC 4731"),
    Row("IMAPSIEVE=", "RFC 6785 §2.1"),
    Row("LIST-EXTENDED", "RFC 5258"),
    Row("LIST-STATUS", "RFC 5819"),
    Row("METADATA", "RFC 5464"),
    Row("MOVE", "RFC 6851"),
    Row("MULTIAPPEND", "RFC 3502"),
    Row("NAMESPACE", "RFC 2342"),
    Row("OBJECTID", "RFC 8474"),
    Row("PREVIEW", "RFC 8970"),
    Row("SAVEDATE", "RFC 8514"),
    Row("SEARCHRES", "RFC 5182"),
    Row("SPECIAL-USE", "RFC 6154"),
    Row("STATUS=SIZE", "RFC 8438"),
    Row("UIDPLUS", "RFC 4315"),
    Row("UNSELECT", "RFC 3691"),
    Row("WITHIN", "RFC 5032"),
)

_SIEVE = "IMAPSIEVE="
"""Its value follows: where scripts are uploaded."""

ENABLE = {row.name.upper(): row.name for row in TABLE if row.enable}
"""What ENABLE knows: the name in upper case, as the parser gives it, to the name as we write it."""


@lru_cache(maxsize=64)
def names(
    state: State,
    secure: bool,
    mechanisms: tuple[str, ...],
    starttls: bool | None = None,
    sieve: str | None = None,
) -> bytes:
    """The capabilities that hold now, separated by spaces (RFC 9051 §7.2.2). `mechanisms` are the
    SASL mechanisms offered; they are named only where passwords may travel. `starttls`: TLS can
    still be begun, None where that follows from `secure`. `sieve` is the URL at which scripts are
    uploaded ("": nowhere), None where none is run."""
    true = {Channel.EVERY, Channel.SECURE if secure else Channel.PLAIN}
    if starttls or (starttls is None and not secure):
        true.add(Channel.STARTTLS)
    shown = [row.name for row in TABLE if row.states & state and row.channel in true]
    if _SIEVE in shown:
        at = shown.index(_SIEVE)
        shown[at : at + 1] = [] if sieve is None else [_SIEVE + sieve]
    if secure and state is State.NOT_AUTHENTICATED:
        shown += [f"AUTH={mechanism}" for mechanism in mechanisms]
    return " ".join(shown).encode("ascii")
