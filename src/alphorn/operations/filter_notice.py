"""What an owner is told about his own rules, by a message that is put into his inbox.

Once for as long as he leaves the rules as they are, or once a day of a limit: what is remembered of
it and the message are one transaction.
"""

import logging
import secrets
import textwrap
from dataclasses import dataclass

from alphorn.base.errors import AlphornError
from alphorn.directory.values import AccountInfo
from alphorn.message import dates, write
from alphorn.message.compose import message, text_part
from alphorn.message.mailbox import Mailbox, format_mailbox
from alphorn.message.summarize import summarize
from alphorn.operations.filter_plan import Spot, Trouble
from alphorn.operations.notice_texts import FALLBACK, texts
from alphorn.store.api import INBOX, Copy, NewMessage, Remembered, Store

KEEP_SECONDS = 366 * 86400
"""For so long is remembered that he was told."""
WIDTH = 72

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Words:
    """The first four are a subject and paragraphs; `{where}` is one of the next four, and `{text}`
    what is wrong there, or the limits of an hour and of a day."""

    error: tuple[str, ...]
    mailbox: tuple[str, ...]
    paused: tuple[str, ...]
    limit: tuple[str, ...]
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
        (
            "A redirect of one of your rules is paused",
            "One of your rules sends mail on to an address that has refused it again and again"
            " for days: {where}. Nothing is sent there any more. The other server said:",
            "{text}",
            "Nothing is lost: such messages stay in your mailbox. Please change the rule, or"
            " have it tried again once the other address takes mail: alphorn address resume"
            " --target.",
        ),
        (
            "More mail is to be sent on than your account may send on",
            "The redirects and rules of your account {account} were to send on more messages than"
            " it may in an hour or in a day ({text}).",
            "Nothing is lost: what is not sent on stays in your mailbox. Later messages are sent on"
            " again as soon as there is room. You are told at most once a day.",
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
        (
            "Eine Weiterleitung einer Ihrer Regeln ruht",
            "Eine Ihrer Regeln leitet Nachrichten an eine Adresse weiter, die sie seit Tagen"
            " immer wieder abweist: {where}. Dorthin wird nichts mehr gesandt. Der andere Server"
            " sagte:",
            "{text}",
            "Es geht nichts verloren: Solche Nachrichten bleiben in Ihrem Postfach. Bitte"
            " ändern Sie die Regel, oder lassen Sie es wieder versuchen, sobald die andere"
            " Adresse Nachrichten annimmt: alphorn address resume --target.",
        ),
        (
            "Mehr Nachrichten wären weiterzuleiten, als Ihr Konto darf",
            "Weiterleitungen und Regeln Ihres Kontos {account} sollten mehr Nachrichten"
            " weiterleiten, als es in einer Stunde oder an einem Tag darf ({text}).",
            "Es geht nichts verloren: Was nicht weitergeleitet wird, bleibt in Ihrem Postfach."
            " Spätere Nachrichten werden wieder weitergeleitet, sobald es möglich ist. Sie hören"
            " davon höchstens einmal am Tag.",
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
        (
            "Une redirection d’une de vos règles est suspendue",
            "Une de vos règles redirige des messages vers une adresse qui les refuse sans cesse"
            " depuis des jours : {where}. Plus rien n’y est envoyé. L’autre serveur a répondu :",
            "{text}",
            "Rien n’est perdu : ces messages restent dans votre boîte aux lettres. Veuillez"
            " modifier la règle, ou faire réessayer dès que l’autre adresse accepte les messages"
            " : alphorn address resume --target.",
        ),
        (
            "Plus de messages à rediriger que votre compte ne le peut",
            "Les redirections et les règles de votre compte {account} devaient rediriger plus de"
            " messages qu’il ne le peut en une heure ou en un jour ({text}).",
            "Rien n’est perdu : ce qui n’est pas redirigé reste dans votre boîte aux lettres. Les"
            " messages suivants le seront de nouveau dès que possible. Vous n’en êtes averti"
            " qu’une fois par jour au plus.",
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
        (
            "Un inoltro di una delle Sue regole è sospeso",
            "Una delle Sue regole inoltra messaggi a un indirizzo che da giorni li rifiuta ogni"
            " volta: {where}. Non vi si invia più nulla. L’altro server ha risposto:",
            "{text}",
            "Non va perso nulla: questi messaggi restano nella Sua casella. Modifichi la"
            " regola, oppure faccia riprovare quando l’altro indirizzo accetta di nuovo la"
            " posta: alphorn address resume --target.",
        ),
        (
            "Più messaggi da inoltrare di quanti il Suo account possa inoltrare",
            "Gli inoltri e le regole del Suo account {account} dovevano inoltrare più messaggi di"
            " quanti ne siano consentiti in un’ora o in un giorno ({text}).",
            "Non va perso nulla: ciò che non viene inoltrato resta nella Sua casella. I messaggi"
            " successivi saranno di nuovo inoltrati appena possibile. L’avviso arriva al massimo"
            " una volta al giorno.",
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
        (
            "Una redirección de una de sus reglas está en pausa",
            "Una de sus reglas reenvía mensajes a una dirección que los rechaza una y otra vez"
            " desde hace días: {where}. Ya no se envía nada allí. El otro servidor dijo:",
            "{text}",
            "No se pierde nada: esos mensajes permanecen en su buzón. Cambie la regla, o haga"
            " que se intente de nuevo cuando la otra dirección acepte mensajes: alphorn address"
            " resume --target.",
        ),
        (
            "Más mensajes por reenviar de los que su cuenta puede reenviar",
            "Las redirecciones y reglas de su cuenta {account} debían reenviar más mensajes de los"
            " que se permiten en una hora o en un día ({text}).",
            "No se pierde nada: lo que no se reenvía permanece en su buzón. Los mensajes"
            " posteriores se reenviarán de nuevo en cuanto sea posible. Se le avisa como mucho una"
            " vez al día.",
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


def tell(store: Store, trouble: Trouble, account: AccountInfo, host: str, now: float) -> None:
    """Into his inbox, unless it is remembered; that he cannot be told stops no mail."""
    try:
        mail = store.account(account.id)
        if not mail.remembered(trouble.key, int(now)):
            told = Remembered(trouble.key, int(now) + KEEP_SECONDS)
            mail.deliver((notice(trouble, account, host, now),), None, (told,))
    except AlphornError as error:
        _log.warning("%s is not told of his rules: %s", account.address, error.text)


def notice(trouble: Trouble, account: AccountInfo, host: str, now: float) -> Copy:
    """The message, for the account's inbox."""
    words = WORDS.get(account.language) or WORDS[FALLBACK]
    kinds = {"mailbox": words.mailbox, "paused": words.paused, "limit": words.limit}
    subject, *paragraphs = kinds.get(trouble.kind, words.error)
    values = {
        "where": _where(words, trouble.where),
        "text": trouble.text,
        "account": account.address,
    }
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
