"""What an owner is told about his own rules, by a message that is put into his inbox.

Once for as long as he leaves the rules as they are: what is remembered of it and the message are
one transaction.
"""

import secrets
import textwrap
from dataclasses import dataclass

from alphorn.directory.values import AccountInfo
from alphorn.message import dates, write
from alphorn.message.compose import message, text_part
from alphorn.message.mailbox import Mailbox, format_mailbox
from alphorn.message.summarize import summarize
from alphorn.operations.filter_plan import Spot, Trouble
from alphorn.operations.notice_texts import FALLBACK, texts
from alphorn.store.api import INBOX, Copy, NewMessage

KEEP_SECONDS = 366 * 86400
"""For so long is remembered that he was told."""
WIDTH = 72


@dataclass(frozen=True, slots=True)
class Words:
    """`error` and `mailbox` are a subject and paragraphs; `{where}` is one of the next four, and
    `{text}` what is wrong there."""

    error: tuple[str, ...]
    mailbox: tuple[str, ...]
    filter: str
    filters: str
    script: str
    line: str


WORDS = {
    "en": Words(
        (
            "One of your rules does not work",
            "There is an error in your rules:",
            "{where}: {text}",
            "Nothing is lost: such messages stay in the inbox. Please correct the rule. You are"
            " told again only if it fails after you have changed your rules.",
        ),
        (
            "A folder that one of your rules names is missing",
            "One of your rules files mail in the folder “{text}”, which does not exist: {where}.",
            "Nothing is lost: such messages stay in the inbox. Please create the folder, or name"
            " another one in the rule.",
        ),
        "filter “{name}”",
        "filters",
        "script “{name}”",
        ", line {line}",
    ),
    "de": Words(
        (
            "Eine Ihrer Regeln funktioniert nicht",
            "In Ihren Regeln ist ein Fehler:",
            "{where}: {text}",
            "Es geht nichts verloren: Solche Nachrichten bleiben im Posteingang. Bitte berichtigen"
            " Sie die Regel. Sie hören erst wieder davon, wenn sie nach einer Änderung Ihrer Regeln"
            " scheitert.",
        ),
        (
            "Ein Ordner, den eine Ihrer Regeln nennt, fehlt",
            "Eine Ihrer Regeln legt Nachrichten im Ordner «{text}» ab, den es nicht gibt: {where}.",
            "Es geht nichts verloren: Solche Nachrichten bleiben im Posteingang. Bitte legen Sie"
            " den Ordner an, oder nennen Sie in der Regel einen anderen.",
        ),
        "Filter «{name}»",
        "Filter",
        "Skript «{name}»",
        ", Zeile {line}",
    ),
    "fr": Words(
        (
            "Une de vos règles ne fonctionne pas",
            "Il y a une erreur dans vos règles :",
            "{where} : {text}",
            "Rien n’est perdu : ces messages restent dans la boîte de réception. Veuillez corriger"
            " la règle. Vous ne serez averti de nouveau que si elle échoue après une modification"
            " de vos règles.",
        ),
        (
            "Un dossier nommé par une de vos règles n’existe pas",
            "Une de vos règles classe des messages dans le dossier « {text} », qui n’existe pas :"
            " {where}.",
            "Rien n’est perdu : ces messages restent dans la boîte de réception. Veuillez créer le"
            " dossier, ou en nommer un autre dans la règle.",
        ),
        "filtre « {name} »",
        "filtres",
        "script « {name} »",
        ", ligne {line}",
    ),
    "it": Words(
        (
            "Una delle Sue regole non funziona",
            "C’è un errore nelle Sue regole:",
            "{where}: {text}",
            "Non va perso nulla: questi messaggi restano nella posta in arrivo. Corregga la regola."
            " Sarà avvisato di nuovo solo se fallisce dopo una modifica delle regole.",
        ),
        (
            "Manca una cartella indicata da una delle Sue regole",
            "Una delle Sue regole archivia messaggi nella cartella «{text}», che non esiste:"
            " {where}.",
            "Non va perso nulla: questi messaggi restano nella posta in arrivo. Crei la cartella,"
            " oppure ne indichi un’altra nella regola.",
        ),
        "filtro «{name}»",
        "filtri",
        "script «{name}»",
        ", riga {line}",
    ),
    "es": Words(
        (
            "Una de sus reglas no funciona",
            "Hay un error en sus reglas:",
            "{where}: {text}",
            "No se pierde nada: esos mensajes permanecen en la bandeja de entrada. Corrija la"
            " regla. Solo se le avisará de nuevo si falla después de cambiar sus reglas.",
        ),
        (
            "Falta una carpeta que nombra una de sus reglas",
            "Una de sus reglas archiva mensajes en la carpeta «{text}», que no existe: {where}.",
            "No se pierde nada: esos mensajes permanecen en la bandeja de entrada. Cree la carpeta"
            " o indique otra en la regla.",
        ),
        "filtro «{name}»",
        "filtros",
        "script «{name}»",
        ", línea {line}",
    ),
}
"""What is wrong with a script is said in English, as the language of scripts is."""


def _where(words: Words, spot: Spot) -> str:
    named = {"filter": words.filter, "filters": words.filters}.get(spot.kind, words.script)
    line = words.line.format(line=spot.line) if spot.line else ""
    return named.format(name=spot.name) + line


def notice(trouble: Trouble, account: AccountInfo, host: str, now: float) -> Copy:
    """The message, for the account's inbox."""
    words = WORDS.get(account.language) or WORDS[FALLBACK]
    subject, *paragraphs = words.mailbox if trouble.kind == "mailbox" else words.error
    values = {"where": _where(words, trouble.where), "text": trouble.text}
    name = texts(account.language).signature.format(host=host)
    token = secrets.token_hex(12)
    filled = [textwrap.fill(part.format_map(values), WIDTH) for part in paragraphs]
    raw = message(
        [
            write.field("Date", dates.format(now)),
            write.field("From", format_mailbox(Mailbox(name, "postmaster", host))),
            write.field("To", account.address),
            write.text_field("Subject", subject),
            write.field("Message-ID", f"<{token}@{host}>"),
            write.field("Auto-Submitted", "auto-generated"),
        ],
        text_part("\n\n".join((*filled, f"-- \n{name}")) + "\n"),
    )
    return Copy(INBOX, NewMessage(raw, summarize(raw), int(now)))
