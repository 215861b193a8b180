"""Addresses elsewhere from which somebody wants to answer, and the proof that they are his.

A code goes to the address by mail, and whoever reads it there says it here. Of the code an HMAC
under the installation's key is kept, with the account, the address and the end of its time in it,
so that nothing of what is stored can be used, or moved to another account. It holds for a day and
bears a few wrong tries; how many codes are sent is limited for the account and for the address, so
that nobody is bothered by us in somebody else's name.
"""

import hmac
import secrets
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from alphorn.base.errors import Refused, Unavailable
from alphorn.directory.values import AccountInfo
from alphorn.message import dates, header, write
from alphorn.message.compose import message, text_part
from alphorn.message.envelope import Body, Envelope, EnvelopeRecipient, Notify, Origin, OriginKind
from alphorn.message.mailbox import Mailbox, format_mailbox
from alphorn.operations.control import Control
from alphorn.operations.responding import Sender
from alphorn.operations.throttle import Counters

HOUR, DAY = 3600, 86400
CODE_SECONDS = DAY
MAX_TRIES = 5
CODES_PER_ACCOUNT = 10
"""Within a day."""
CODES_PER_ADDRESS = 3
"""Within a day, for whichever accounts."""
CODE_CHARACTERS = 10
"""Fifty bits."""
WIDTH = 72

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
TEXTS = {
    "en": (
        "Your code for answers of {account}",
        "{account} wants to answer mail automatically in the name of this address. If that is you, "
        "give this code there:",
        "It holds for 24 hours. If you know nothing of this, do nothing: without the code nobody "
        "can write in your name.",
    ),
    "de": (
        "Ihr Code für Antworten von {account}",
        "{account} möchte E-Mails automatisch im Namen dieser Adresse beantworten. Wenn Sie das "
        "sind, geben Sie dort diesen Code an:",
        "Er gilt 24 Stunden. Wenn Sie davon nichts wissen, tun Sie nichts: Ohne den Code kann "
        "niemand in Ihrem Namen schreiben.",
    ),
    "fr": (
        "Votre code pour les réponses de {account}",
        "{account} souhaite répondre automatiquement au nom de cette adresse. Si c’est vous, "
        "saisissez-y ce code :",
        "Il est valable 24 heures. Si cela ne vous dit rien, ne faites rien : sans le code, "
        "personne ne peut écrire en votre nom.",
    ),
    "it": (
        "Il suo codice per le risposte di {account}",
        "{account} desidera rispondere automaticamente a nome di questo indirizzo. Se è lei, "
        "inserisca lì questo codice:",
        "Vale 24 ore. Se non ne sa nulla, non faccia nulla: senza il codice nessuno può scrivere "
        "a suo nome.",
    ),
    "es": (
        "Su código para las respuestas de {account}",
        "{account} quiere responder automáticamente en nombre de esta dirección. Si es usted, "
        "introduzca allí este código:",
        "Vale durante 24 horas. Si no sabe nada de esto, no haga nada: sin el código nadie puede "
        "escribir en su nombre.",
    ),
}


@dataclass(frozen=True, slots=True)
class ProofParts:
    """What sending a code takes: the outbound queue, and counters that all processes share."""

    enqueue: Callable[[bytes, Envelope, Origin], str]
    counters: Counters


def make_code() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(CODE_CHARACTERS))


def asked(control: Control, account_id: int, address: str, code: str) -> Sender:
    """What is kept of a code that goes out now."""
    expires = control.now() + CODE_SECONDS
    return Sender(address, 0, _proof(control, account_id, address, expires, code), expires)


def matches(control: Control, account_id: int, sender: Sender, code: str) -> bool:
    """Whether this is the code; in constant time. White space, hyphens and case do not count."""
    said = "".join(code.split()).replace("-", "").lower()[:100]
    expected = _proof(control, account_id, sender.address, sender.expires, said)
    return hmac.compare_digest(expected, sender.proof)


def require_open(control: Control, sender: Sender) -> None:
    """Raises Refused ("expired", "too-many-tries") where its code cannot be said any more."""
    if not sender.proof or sender.expires <= control.now():
        raise Refused(
            f"The code for {sender.address} holds no longer; have a new one sent.", code="expired"
        )
    if sender.tries >= MAX_TRIES:
        raise Refused(
            f"{MAX_TRIES} wrong codes were said for {sender.address}; have a new one sent.",
            code="too-many-tries",
        )


def require_rate(control: Control, parts: ProofParts, account_id: int, address: str) -> None:
    """Raises Unavailable("rate")."""
    now = control.clock()
    for key, limit in (
        (f"proofs:{account_id}", CODES_PER_ACCOUNT),
        (f"proofs-to:{address.lower()}", CODES_PER_ADDRESS),
    ):
        hit = parts.counters.hit(key, DAY, limit, now=now)
        if not hit.allowed:
            hours = int(hit.retry_after // HOUR) + 1
            raise Unavailable(
                f"No more codes are sent today; try again in {hours} hours.", code="rate"
            )


def send(
    control: Control, parts: ProofParts, account: AccountInfo, address: str, code: str
) -> None:
    """The code on its way to the address. Raises Unavailable."""
    words = TEXTS.get(account.language, TEXTS["en"])
    subject, before, after = (part.format(account=account.address) for part in words)
    shown = "-".join((code[: CODE_CHARACTERS // 2], code[CODE_CHARACTERS // 2 :]))
    text = f"{_wrapped(before)}\n\n    {shown}\n\n{_wrapped(after)}\n"
    host, now, token = control.hostname, control.clock(), secrets.token_hex(12)
    raw = message(
        [
            write.field("Date", dates.format(now)),
            write.field("From", format_mailbox(Mailbox(host, "postmaster", host))),
            write.field("To", f"<{address}>"),
            write.text_field("Subject", subject),
            write.field("Message-ID", f"<{token}@{host}>"),
            write.field("Auto-Submitted", "auto-generated"),
        ],
        text_part(text),
    )
    envelope = Envelope(
        "",
        (EnvelopeRecipient(address, frozenset((Notify.NEVER,))),),
        body=Body.SEVEN_BIT if raw.isascii() else Body.EIGHT_BIT,
        smtputf8=not raw[: header.header_end(raw)].isascii(),
    )
    domain = account.address.rpartition("@")[2]
    parts.enqueue(
        raw,
        envelope,
        Origin(OriginKind.REPORT, token[:20].upper(), account.id, domain, f"<{token}@{host}>"),
    )


def _proof(control: Control, account_id: int, address: str, expires: int, code: str) -> str:
    said = f"sender proof\0{account_id}\0{address.lower()}\0{expires}\0{code}"
    return control.keys.made_up(said).hex()


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
