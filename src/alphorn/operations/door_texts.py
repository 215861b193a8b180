"""What a stranger is told who asks whether he is blocked, in five languages; `{…}` is filled in by
`operations.door`. English is what a language lacks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from alphorn.base.door import Offence, Scope
from alphorn.policy import bans

FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Texts:
    """`ban` is the sentence of a ban, of which `within`, `scopes`, `because`, `counted` (each with
    one of `counts`), `again` and one of `mend` and `mistake` are parts. `ordinal` names how many
    times. Pairs are for one and for several."""

    always: str
    free: str
    ban: str
    within: str
    scopes: Mapping[Scope, str]
    because: Mapping[Offence, str]
    counted: str
    counts: Mapping[Offence, str]
    again: str
    ordinal: Callable[[int], str]
    mend: str
    mistake: str
    unasked: str
    listed: str
    refused: str
    against: str
    said: str
    full: str
    good: str
    bad: str
    greylist: tuple[str, str]
    waiting: tuple[str, str]
    ready: str
    partly: str


def _english(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number}{ending or 'th'}"


TEXTS = {
    "en": Texts(
        always="Mail from {client} is always let in at the door of this server.",
        free="Mail from {client} is not blocked by this server.",
        ban="{client}{within} {what} from {since} until {until} because {because}{counted}.{again}"
        " The ban ends by itself; {after}",
        within=" (in {network})",
        scopes={
            Scope.MX: "may not send mail to this server",
            Scope.LOGINS: "may not connect to the ports for logins",
            Scope.ALL: "may not connect to this server",
        },
        because=bans.BECAUSE,
        counted="{count} {what} between {since} and {last}",
        counts=bans.COUNTED,
        again=" It is the {ordinal} time in a row.",
        ordinal=_english,
        mend="what led to it should be mended before, or a longer one will follow.",
        mistake="if it is a mistake, ask the operator.",
        unasked="Whether {client} is on the block list {zone} could not be found out just now.",
        listed="{client} is on the block list {zone}, and {effect}. Only those who keep the list"
        " can take it off.{said}",
        refused="mail from it is refused",
        against="that speaks against its mail",
        said=" The list says: {reason}",
        full="{count} connections from {network} have come within a short time, which is as many"
        " as are allowed; further ones are turned away for the moment.",
        good="Much good mail has come from it before, so its mail is not delayed.",
        bad="Much of what has come from it lately was not wanted.",
        greylist=(
            "Mail of a sender that is new here is asked to come again after {minutes} minute;"
            " mail servers do so by themselves.",
            "Mail of a sender that is new here is asked to come again after {minutes} minutes;"
            " mail servers do so by themselves.",
        ),
        waiting=(
            "{count} first try from {network} waits for that, {when}.",
            "{count} first tries from {network} wait for that, {when}.",
        ),
        ready="of which each may come again now",
        partly="of which {ready} may come again now and all in {rest} seconds",
    ),
    "de": Texts(
        always="Mail von {client} wird an der Tür dieses Servers immer eingelassen.",
        free="Mail von {client} wird von diesem Server nicht gesperrt.",
        ban="{client}{within} {what}, und zwar von {since} bis {until}. Der Grund:"
        " {because}{counted}.{again} Die Sperre endet von selbst; {after}",
        within=" (in {network})",
        scopes={
            Scope.MX: "darf diesem Server keine Mail schicken",
            Scope.LOGINS: "darf sich nicht mit den Anschlüssen für Anmeldungen verbinden",
            Scope.ALL: "darf sich nicht mit diesem Server verbinden",
        },
        because={
            Offence.DICTIONARY: "Mail von dort ging an viele Postfächer, die es hier nicht gibt",
            Offence.EARLY: "von dort wurde wiederholt gesprochen, bevor wir gegrüsst hatten",
            Offence.AHEAD: "von dort wurde wiederholt weitergesendet, ohne unsere Antworten"
            " abzuwarten",
            Offence.LOGINS: "zu viele Anmeldungen von dort sind gescheitert",
            Offence.SPAM: "viel von der Mail von dort war Spam",
            Offence.OPERATOR: "wer diesen Server betreibt, hat so entschieden",
        },
        counted="{count} {what} zwischen {since} und {last}",
        counts={
            Offence.DICTIONARY: "Empfänger, die es nicht gibt",
            Offence.EARLY: "Mal vor der Begrüssung gesprochen",
            Offence.AHEAD: "Mal weitergesendet, ohne zu warten",
            Offence.LOGINS: "gescheiterte Anmeldungen",
            Offence.SPAM: "Nachrichten, die Spam waren",
            Offence.OPERATOR: "Entscheide",
        },
        again=" Es ist das {ordinal} Mal in Folge.",
        ordinal=lambda number: f"{number}.",
        mend="was dazu geführt hat, sollte vorher behoben werden, sonst folgt eine längere.",
        mistake="ist sie ein Irrtum, wenden Sie sich an den Betreiber.",
        unasked="Ob {client} auf der Sperrliste {zone} steht, war im Moment nicht zu erfahren.",
        listed="{client} steht auf der Sperrliste {zone}: {effect}. Nur wer die Liste führt, kann"
        " den Eintrag entfernen.{said}",
        refused="Mail von dort wird abgelehnt",
        against="das spricht gegen Mail von dort",
        said=" Die Liste sagt: {reason}",
        full="Von {network} sind in kurzer Zeit {count} Verbindungen gekommen, so viele, wie"
        " erlaubt sind; weitere werden im Moment abgewiesen.",
        good="Von dort ist schon viel gute Mail gekommen, darum wird sie nicht verzögert.",
        bad="Vieles, was in letzter Zeit von dort kam, war unerwünscht.",
        greylist=(
            "Mail von Absendern, die hier neu sind, muss nach {minutes} Minute noch einmal"
            " kommen; Mailserver tun das von selbst.",
            "Mail von Absendern, die hier neu sind, muss nach {minutes} Minuten noch einmal"
            " kommen; Mailserver tun das von selbst.",
        ),
        waiting=(
            "{count} erster Versuch von {network} wartet darauf; {when}.",
            "{count} erste Versuche von {network} warten darauf; {when}.",
        ),
        ready="jeder darf jetzt noch einmal kommen",
        partly="{ready} davon dürfen jetzt noch einmal kommen, alle in {rest} Sekunden",
    ),
    "fr": Texts(
        always="Le courrier de {client} est toujours admis à l’entrée de ce serveur.",
        free="Le courrier de {client} n’est pas bloqué par ce serveur.",
        ban="{client}{within} {what} du {since} au {until}, parce que"
        " {because}{counted}.{again} Le blocage prend fin de lui-même ; {after}",
        within=" (dans {network})",
        scopes={
            Scope.MX: "ne peut pas envoyer de courrier à ce serveur",
            Scope.LOGINS: "ne peut pas se connecter aux ports d’identification",
            Scope.ALL: "ne peut pas se connecter à ce serveur",
        },
        because={
            Offence.DICTIONARY: "du courrier de là s’adressait à beaucoup de boîtes qui n’existent"
            " pas ici",
            Offence.EARLY: "on y a plusieurs fois parlé avant notre salutation",
            Offence.AHEAD: "on y a plusieurs fois continué sans attendre nos réponses",
            Offence.LOGINS: "trop d’identifications de là ont échoué",
            Offence.SPAM: "une grande partie de son courrier était indésirable",
            Offence.OPERATOR: "l’exploitant de ce serveur en a décidé ainsi",
        },
        counted="{count} {what} entre le {since} et le {last}",
        counts={
            Offence.DICTIONARY: "destinataires inexistants",
            Offence.EARLY: "fois parlé avant la salutation",
            Offence.AHEAD: "fois continué sans attendre",
            Offence.LOGINS: "identifications échouées",
            Offence.SPAM: "messages indésirables",
            Offence.OPERATOR: "décisions",
        },
        again=" C’est la {ordinal} fois de suite.",
        ordinal=lambda number: f"{number}e",
        mend="corrigez-en la cause auparavant, sinon un plus long suivra.",
        mistake="si c’est une erreur, adressez-vous à l’exploitant.",
        unasked="On n’a pas pu savoir à l’instant si {client} est sur la liste de blocage {zone}.",
        listed="{client} est sur la liste de blocage {zone} : {effect}. Seuls ceux qui tiennent la"
        " liste peuvent l’en retirer.{said}",
        refused="son courrier est refusé",
        against="cela parle contre son courrier",
        said=" La liste dit : {reason}",
        full="{count} connexions de {network} sont arrivées en peu de temps, soit le nombre"
        " permis ; les suivantes sont renvoyées pour le moment.",
        good="Beaucoup de bon courrier en est déjà venu ; il n’est donc pas retardé.",
        bad="Une grande partie de ce qui en est venu récemment n’était pas souhaitée.",
        greylist=(
            "Le courrier d’un expéditeur nouveau ici doit revenir après {minutes} minute ; les"
            " serveurs de courrier le font d’eux-mêmes.",
            "Le courrier d’un expéditeur nouveau ici doit revenir après {minutes} minutes ; les"
            " serveurs de courrier le font d’eux-mêmes.",
        ),
        waiting=(
            "{count} premier essai de {network} attend cela ; {when}.",
            "{count} premiers essais de {network} attendent cela ; {when}.",
        ),
        ready="chacun peut revenir maintenant",
        partly="{ready} peuvent revenir maintenant et tous dans {rest} secondes",
    ),
    "it": Texts(
        always="La posta da {client} è sempre ammessa alla porta di questo server.",
        free="La posta da {client} non è bloccata da questo server.",
        ban="{client}{within} {what} dal {since} al {until}, perché {because}{counted}.{again} Il"
        " blocco finisce da sé; {after}",
        within=" (in {network})",
        scopes={
            Scope.MX: "non può inviare posta a questo server",
            Scope.LOGINS: "non può collegarsi alle porte per l’accesso",
            Scope.ALL: "non può collegarsi a questo server",
        },
        because={
            Offence.DICTIONARY: "da lì è arrivata posta per molte caselle che qui non esistono",
            Offence.EARLY: "da lì si è parlato più volte prima del nostro saluto",
            Offence.AHEAD: "da lì si è proseguito più volte senza attendere le nostre risposte",
            Offence.LOGINS: "troppi accessi da lì sono falliti",
            Offence.SPAM: "gran parte della sua posta era indesiderata",
            Offence.OPERATOR: "così ha deciso il gestore di questo server",
        },
        counted="{count} {what} tra il {since} e il {last}",
        counts={
            Offence.DICTIONARY: "destinatari inesistenti",
            Offence.EARLY: "volte parlato prima del saluto",
            Offence.AHEAD: "volte proseguito senza attendere",
            Offence.LOGINS: "accessi falliti",
            Offence.SPAM: "messaggi indesiderati",
            Offence.OPERATOR: "decisioni",
        },
        again=" È la {ordinal} volta di seguito.",
        ordinal=lambda number: f"{number}ª",
        mend="prima va corretto ciò che l’ha causato, altrimenti ne seguirà uno più lungo.",
        mistake="se è un errore, si rivolga al gestore.",
        unasked="Al momento non si è potuto sapere se {client} è nella lista di blocco {zone}.",
        listed="{client} è nella lista di blocco {zone}: {effect}. Solo chi tiene la lista può"
        " toglierlo.{said}",
        refused="la sua posta viene rifiutata",
        against="questo parla contro la sua posta",
        said=" La lista dice: {reason}",
        full="Da {network} sono arrivate in poco tempo {count} connessioni, quante ne sono"
        " permesse; altre per il momento vengono respinte.",
        good="Da lì è già arrivata molta buona posta, perciò non viene ritardata.",
        bad="Gran parte di ciò che è arrivato da lì di recente era indesiderato.",
        greylist=(
            "La posta di un mittente nuovo qui deve tornare dopo {minutes} minuto; i server di"
            " posta lo fanno da sé.",
            "La posta di un mittente nuovo qui deve tornare dopo {minutes} minuti; i server di"
            " posta lo fanno da sé.",
        ),
        waiting=(
            "{count} primo tentativo da {network} lo attende; {when}.",
            "{count} primi tentativi da {network} lo attendono; {when}.",
        ),
        ready="ciascuno può tornare adesso",
        partly="{ready} possono tornare adesso e tutti tra {rest} secondi",
    ),
    "es": Texts(
        always="El correo de {client} siempre se admite a la entrada de este servidor.",
        free="El correo de {client} no está bloqueado por este servidor.",
        ban="{client}{within} {what} del {since} al {until}, porque {because}{counted}.{again} El"
        " bloqueo termina por sí solo; {after}",
        within=" (en {network})",
        scopes={
            Scope.MX: "no puede enviar correo a este servidor",
            Scope.LOGINS: "no puede conectarse a los puertos de acceso",
            Scope.ALL: "no puede conectarse a este servidor",
        },
        because={
            Offence.DICTIONARY: "de allí llegó correo para muchos buzones que aquí no existen",
            Offence.EARLY: "desde allí se habló varias veces antes de nuestro saludo",
            Offence.AHEAD: "desde allí se siguió varias veces sin esperar nuestras respuestas",
            Offence.LOGINS: "fallaron demasiados accesos desde allí",
            Offence.SPAM: "gran parte de su correo era no deseado",
            Offence.OPERATOR: "así lo decidió quien administra este servidor",
        },
        counted="{count} {what} entre el {since} y el {last}",
        counts={
            Offence.DICTIONARY: "destinatarios que no existen",
            Offence.EARLY: "veces que se habló antes del saludo",
            Offence.AHEAD: "veces que se siguió sin esperar",
            Offence.LOGINS: "accesos fallidos",
            Offence.SPAM: "mensajes no deseados",
            Offence.OPERATOR: "decisiones",
        },
        again=" Es la {ordinal} vez seguida.",
        ordinal=lambda number: f"{number}.ª",
        mend="antes debe corregirse lo que lo causó, o seguirá uno más largo.",
        mistake="si es un error, diríjase al administrador.",
        unasked="Ahora mismo no se pudo saber si {client} está en la lista de bloqueo {zone}.",
        listed="{client} está en la lista de bloqueo {zone}: {effect}. Solo quienes llevan la"
        " lista pueden quitarlo.{said}",
        refused="su correo se rechaza",
        against="eso habla en contra de su correo",
        said=" La lista dice: {reason}",
        full="De {network} llegaron en poco tiempo {count} conexiones, tantas como se permiten;"
        " las siguientes se rechazan por el momento.",
        good="De allí ya llegó mucho correo bueno, por eso no se retrasa.",
        bad="Gran parte de lo que llegó de allí últimamente no era deseado.",
        greylist=(
            "El correo de un remitente nuevo aquí debe volver tras {minutes} minuto; los"
            " servidores de correo lo hacen por sí mismos.",
            "El correo de un remitente nuevo aquí debe volver tras {minutes} minutos; los"
            " servidores de correo lo hacen por sí mismos.",
        ),
        waiting=(
            "{count} primer intento desde {network} lo espera; {when}.",
            "{count} primeros intentos desde {network} lo esperan; {when}.",
        ),
        ready="cada uno puede volver ahora",
        partly="{ready} pueden volver ahora y todos dentro de {rest} segundos",
    ),
}


def texts(language: str) -> Texts:
    """The texts of a language tag ("de", "de-CH"), English for an unknown one."""
    return TEXTS.get(language.lower().partition("-")[0].partition("_")[0], TEXTS[FALLBACK])
