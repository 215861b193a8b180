"""What a delivery report says to people, in five languages; `{…}` is filled in by `dsn`.

Short and plain: what happened, to which address, why, and what to do.
"""

from dataclasses import dataclass

FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Texts:
    """Subjects, opening sentences by action, and the words around each recipient's reason."""

    failed: tuple[str, str]
    delayed: tuple[str, str]
    delivered: tuple[str, str]
    relayed: tuple[str, str]
    reason: str
    said: str
    until: str
    about: str
    attached: str
    signature: str


TEXTS = {
    "en": Texts(
        failed=(
            "Not delivered: {subject}",
            "Your message could not be delivered to the addresses below, and no further attempt"
            " will be made. Check each address for typing errors; if it is right, ask the"
            " recipient in another way.",
        ),
        delayed=(
            "Delayed: {subject}",
            "Your message has not been delivered to the addresses below yet. You need not do"
            " anything: we keep trying and tell you if it fails for good.",
        ),
        delivered=(
            "Delivered: {subject}",
            "Your message has been delivered to the addresses below, as you asked to be told.",
        ),
        relayed=(
            "Passed on: {subject}",
            "Your message has been passed on to a mail server for the addresses below. That"
            " server does not send delivery reports, so this is the last that we know of it.",
        ),
        reason="Reason",
        said="The server {server} said",
        until="We keep trying until {date}",
        about="This is about your message “{subject}” of {date}.",
        attached="Details for programs and your message or its header are attached.",
        signature="The mail system at {host}",
    ),
    "de": Texts(
        failed=(
            "Nicht zugestellt: {subject}",
            "Ihre Nachricht konnte den folgenden Adressen nicht zugestellt werden, und es wird"
            " nicht weiter versucht. Prüfen Sie jede Adresse auf Tippfehler; ist sie richtig,"
            " fragen Sie den Empfänger auf anderem Weg.",
        ),
        delayed=(
            "Verzögert: {subject}",
            "Ihre Nachricht ist den folgenden Adressen noch nicht zugestellt worden. Sie brauchen"
            " nichts zu tun: Wir versuchen es weiter und melden uns, wenn es endgültig scheitert.",
        ),
        delivered=(
            "Zugestellt: {subject}",
            "Ihre Nachricht ist den folgenden Adressen zugestellt worden; Sie wollten das wissen.",
        ),
        relayed=(
            "Weitergegeben: {subject}",
            "Ihre Nachricht ist für die folgenden Adressen an einen Mailserver weitergegeben"
            " worden. Dieser sendet keine Zustellberichte; mehr wissen wir darum nicht.",
        ),
        reason="Grund",
        said="Der Server {server} sagte",
        until="Wir versuchen es bis {date}",
        about="Es geht um Ihre Nachricht «{subject}» vom {date}.",
        attached="Angaben für Programme und Ihre Nachricht oder ihr Kopf sind beigelegt.",
        signature="Das Mailsystem von {host}",
    ),
    "fr": Texts(
        failed=(
            "Non remis : {subject}",
            "Votre message n’a pas pu être remis aux adresses ci-dessous, et aucune autre"
            " tentative ne sera faite. Vérifiez chaque adresse ; si elle est juste, contactez le"
            " destinataire par un autre moyen.",
        ),
        delayed=(
            "Retardé : {subject}",
            "Votre message n’a pas encore été remis aux adresses ci-dessous. Vous n’avez rien à"
            " faire : nous continuons d’essayer et vous avertirons en cas d’échec définitif.",
        ),
        delivered=(
            "Remis : {subject}",
            "Votre message a été remis aux adresses ci-dessous ; vous aviez demandé à le savoir.",
        ),
        relayed=(
            "Transmis : {subject}",
            "Votre message a été transmis à un serveur de messagerie pour les adresses"
            " ci-dessous. Ce serveur n’envoie pas d’avis de remise ; nous n’en savons pas plus.",
        ),
        reason="Raison",
        said="Le serveur {server} a répondu",
        until="Nous essayons jusqu’au {date}",
        about="Il s’agit de votre message « {subject} » du {date}.",
        attached="Les détails techniques et votre message ou son en-tête sont joints.",
        signature="Le système de messagerie de {host}",
    ),
    "it": Texts(
        failed=(
            "Non consegnato: {subject}",
            "Non è stato possibile consegnare il Suo messaggio agli indirizzi seguenti e non ci"
            " saranno altri tentativi. Controlli ogni indirizzo; se è giusto, contatti il"
            " destinatario in un altro modo.",
        ),
        delayed=(
            "In ritardo: {subject}",
            "Il Suo messaggio non è ancora stato consegnato agli indirizzi seguenti. Non deve fare"
            " nulla: continuiamo a provare e La avvisiamo se fallisce definitivamente.",
        ),
        delivered=(
            "Consegnato: {subject}",
            "Il Suo messaggio è stato consegnato agli indirizzi seguenti, come voleva sapere.",
        ),
        relayed=(
            "Inoltrato: {subject}",
            "Il Suo messaggio è stato inoltrato a un server di posta per gli indirizzi seguenti."
            " Quel server non invia avvisi di consegna; non sappiamo altro.",
        ),
        reason="Motivo",
        said="Il server {server} ha risposto",
        until="Proviamo fino al {date}",
        about="Si tratta del Suo messaggio «{subject}» del {date}.",
        attached="In allegato i dettagli tecnici e il Suo messaggio o la sua intestazione.",
        signature="Il sistema di posta di {host}",
    ),
    "es": Texts(
        failed=(
            "No entregado: {subject}",
            "Su mensaje no se ha podido entregar a las direcciones siguientes y no se intentará"
            " más. Compruebe cada dirección; si es correcta, avise al destinatario por otro"
            " medio.",
        ),
        delayed=(
            "Retrasado: {subject}",
            "Su mensaje aún no se ha entregado a las direcciones siguientes. No tiene que hacer"
            " nada: seguimos intentándolo y le avisaremos si falla definitivamente.",
        ),
        delivered=(
            "Entregado: {subject}",
            "Su mensaje se ha entregado a las direcciones siguientes; usted pidió saberlo.",
        ),
        relayed=(
            "Reenviado: {subject}",
            "Su mensaje se ha pasado a un servidor de correo para las direcciones siguientes. Ese"
            " servidor no envía avisos de entrega; no sabemos más.",
        ),
        reason="Motivo",
        said="El servidor {server} respondió",
        until="Lo intentamos hasta el {date}",
        about="Se trata de su mensaje «{subject}» del {date}.",
        attached="Se adjuntan los detalles técnicos y su mensaje o su cabecera.",
        signature="El sistema de correo de {host}",
    ),
}


def texts(language: str) -> Texts:
    """The texts of a language tag ("de", "de-CH"), English for an unknown one."""
    return TEXTS.get(language.lower().partition("-")[0].partition("_")[0], TEXTS[FALLBACK])
