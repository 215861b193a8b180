"""What we write to people of our own accord, in five languages; `{…}` is filled in by `notices`.

Short and plain: what happened, what was seen, and what to do. English is what a language lacks.
"""

from dataclasses import dataclass

FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Texts:
    """`language` is their tag. `paused` is a subject and paragraphs. `slowed`, `locked` and
    `records` are a subject and the paragraphs before the facts; `..._do` the paragraphs after them.
    `reasons` are sentences by the code of a reason of `policy.behaviour`, `findings` by those of
    `operations.records_check`."""

    language: str
    slowed: tuple[str, str]
    slowed_do: str
    locked: tuple[str, str]
    locked_do: str
    locked_other: tuple[str, str]
    locked_other_do: str
    records: tuple[str, str]
    records_do: str
    paused: tuple[str, ...]
    seen: str
    by_hand: str
    publish: str
    signature: str
    reasons: dict[str, str]
    findings: dict[str, str]


TEXTS = {
    "en": Texts(
        language="en",
        slowed=(
            "Sending from {account} is slowed down",
            "More is being sent from your account {account} than usual, or in another way. For"
            " now it may therefore send only a part of what it otherwise may.",
        ),
        slowed_do=(
            "If it is you who sends this, you need not do anything: it passes by itself. If not,"
            " somebody knows your password: change it now, and remove the device passwords that"
            " you do not know."
        ),
        locked=(
            "Sending from {account} is locked",
            "Your account {account} may not send any more mail. You can read your mail, and mail"
            " to you arrives, as before. Mail of the last hour that had not left yet is held"
            " ({held}).",
        ),
        locked_do=(
            "This is how accounts behave whose password was stolen. Make sure that your computer"
            " and telephone are in order, then change the password of the account and remove the"
            " device passwords that you do not know. Then ask whoever manages your organization"
            " to unlock it."
        ),
        locked_other=(
            "Sending from {account} is locked",
            "The account {account} may not send any more mail. Its owner can read his mail and"
            " mail to him arrives, as before. Mail of the last hour that had not left yet is held"
            " ({held}).",
        ),
        locked_other_do=(
            "Once the password of the account has been changed it can be unlocked: in the"
            " Manager, or with\n\n    alphorn account unlock {account}\n\nwhich also says what is"
            " held, and how to let it go or remove it."
        ),
        records=(
            "The DNS records of {domain} need attention",
            "Others decide by the DNS records of {domain} whether mail from it is genuine. Now"
            " their servers may refuse it or take it for spam, for this is not in order:",
        ),
        records_do=(
            "Whoever looks after the DNS of the domain can repair this. All records are shown by\n"
            "\n    alphorn domain dns {domain}\n\nThis notice comes again after a week, if"
            " anything is still wrong then."
        ),
        paused=(
            "Mail is not sent on to {target} any more",
            "Mail for {addresses} is sent on to {target}. That address has refused it again and"
            " again for days, so that nothing is sent there any more. The other server said:",
            "{refusal}",
            "If an account is behind the address, mail stays there from now on; else it goes back"
            " to its senders. Change the redirect, or have it tried again once the other address"
            " takes mail: alphorn address resume.",
        ),
        seen="What was seen:",
        by_hand="It was done by hand. The reason given: {reason}",
        publish="Publish: {line}",
        signature="The mail system at {host}",
        reasons={
            "strangers": "{strangers} addresses were written to within an hour that had never"
            " been written to before (what is usual: fewer than {strangers-limit}).",
            "networks": "Somebody logged in from {networks} networks within an hour from which"
            " nobody had done so before.",
            "countries": "Somebody logged in from {countries} countries within an hour from which"
            " nobody had done so before: {countries-named}.",
            "spam": "{spam} messages within an hour looked like spam.",
            "refused": "{refused} addresses here that do not exist were written to within an hour.",
            "bounces": "{bounces:.0%} of the last messages could not be delivered.",
            "persists": "The account had to be slowed down in {persists} hours of the last day.",
        },
        findings={
            "spf-missing": "There is no SPF record.",
            "spf-several": "There are several SPF records, so that none of them counts.",
            "spf-void": "The SPF record is not valid.",
            "spf-foreign": "The SPF record does not allow this server to send.",
            "spf-unwise": "The SPF record could be better.",
            "dkim-missing": "A key for DKIM is not published.",
            "dkim-other": "A key published for DKIM is not the one that signs.",
            "dmarc-missing": "There is no DMARC record.",
            "dmarc-several": "There are several DMARC records, so that none of them counts.",
            "dmarc-void": "The DMARC record is not valid.",
            "dmarc-unwise": "The DMARC record could be better.",
        },
    ),
    "de": Texts(
        language="de",
        slowed=(
            "Der Versand von {account} ist gebremst",
            "Von Ihrem Konto {account} wird mehr oder anders versandt als sonst. Darum darf es"
            " vorläufig nur einen Teil dessen versenden, was es sonst darf.",
        ),
        slowed_do=(
            "Wenn Sie das selbst versenden, brauchen Sie nichts zu tun: Es geht von allein vorbei."
            " Wenn nicht, kennt jemand Ihr Passwort: Ändern Sie es jetzt und entfernen Sie die"
            " Gerätepasswörter, die Sie nicht kennen."
        ),
        locked=(
            "Der Versand von {account} ist gesperrt",
            "Ihr Konto {account} darf keine Nachrichten mehr versenden. Sie können Ihre"
            " Nachrichten lesen, und Nachrichten an Sie kommen an wie bisher. Was in der letzten"
            " Stunde noch nicht hinausgegangen war, wird zurückgehalten ({held}).",
        ),
        locked_do=(
            "So verhalten sich Konten, deren Passwort gestohlen wurde. Prüfen Sie, dass Ihr"
            " Computer und Ihr Telefon in Ordnung sind, ändern Sie dann das Passwort des Kontos"
            " und entfernen Sie die Gerätepasswörter, die Sie nicht kennen. Bitten Sie danach die"
            " Verwaltung Ihrer Organisation, das Konto zu entsperren."
        ),
        locked_other=(
            "Der Versand von {account} ist gesperrt",
            "Das Konto {account} darf keine Nachrichten mehr versenden. Lesen und Empfangen gehen"
            " weiter wie bisher. Was in der letzten Stunde noch nicht hinausgegangen war, wird"
            " zurückgehalten ({held}).",
        ),
        locked_other_do=(
            "Sobald das Passwort des Kontos geändert ist, kann es entsperrt werden: im Manager"
            " oder mit\n\n    alphorn account unlock {account}\n\nDort steht auch, was"
            " zurückgehalten wird und wie man es freigibt oder entfernt."
        ),
        records=(
            "Die DNS-Einträge von {domain} brauchen Aufmerksamkeit",
            "An den DNS-Einträgen von {domain} erkennen andere, ob Nachrichten von dort echt"
            " sind. Zurzeit könnten ihre Server sie ablehnen oder für Spam halten, denn dies ist"
            " nicht in Ordnung:",
        ),
        records_do=(
            "Wer das DNS der Domain betreut, kann es beheben. Alle Einträge zeigt\n"
            "\n    alphorn domain dns {domain}\n\nDiese Mitteilung kommt nach einer Woche wieder,"
            " falls dann noch etwas nicht stimmt."
        ),
        paused=(
            "An {target} wird nichts mehr weitergeleitet",
            "Nachrichten an {addresses} werden an {target} weitergeleitet. Diese Adresse hat sie"
            " seit Tagen immer wieder abgelehnt; darum wird dorthin nichts mehr gesandt. Der andere"
            " Server sagte:",
            "{refusal}",
            "Wenn ein Konto hinter der Adresse steht, bleiben die Nachrichten von nun an dort;"
            " sonst gehen sie an ihre Absender zurück. Ändern Sie die Weiterleitung, oder lassen"
            " Sie sie wieder versuchen, sobald die andere Adresse Nachrichten annimmt:"
            " alphorn address resume.",
        ),
        seen="Was beobachtet wurde:",
        by_hand="Es geschah von Hand. Der angegebene Grund: {reason}",
        publish="Zu veröffentlichen: {line}",
        signature="Das Mailsystem von {host}",
        reasons={
            "strangers": "In einer Stunde wurde an {strangers} Adressen geschrieben, an die noch"
            " nie geschrieben worden war (üblich sind weniger als {strangers-limit}).",
            "networks": "In einer Stunde meldete sich jemand aus {networks} Netzen an, aus denen"
            " das noch nie geschehen war.",
            "countries": "In einer Stunde meldete sich jemand aus {countries} Ländern an, aus denen"
            " das noch nie geschehen war: {countries-named}.",
            "spam": "{spam} Nachrichten in einer Stunde sahen wie Spam aus.",
            "refused": "In einer Stunde wurde an {refused} hiesige Adressen geschrieben, die es"
            " nicht gibt.",
            "bounces": "{bounces:.0%} der letzten Nachrichten konnten nicht zugestellt werden.",
            "persists": "Das Konto musste am letzten Tag in {persists} Stunden gebremst werden.",
        },
        findings={
            "spf-missing": "Es gibt keinen SPF-Eintrag.",
            "spf-several": "Es gibt mehrere SPF-Einträge; darum gilt keiner.",
            "spf-void": "Der SPF-Eintrag ist ungültig.",
            "spf-foreign": "Der SPF-Eintrag erlaubt diesem Server den Versand nicht.",
            "spf-unwise": "Der SPF-Eintrag könnte besser sein.",
            "dkim-missing": "Ein DKIM-Schlüssel ist nicht veröffentlicht.",
            "dkim-other": "Ein veröffentlichter DKIM-Schlüssel ist nicht der, der unterschreibt.",
            "dmarc-missing": "Es gibt keinen DMARC-Eintrag.",
            "dmarc-several": "Es gibt mehrere DMARC-Einträge; darum gilt keiner.",
            "dmarc-void": "Der DMARC-Eintrag ist ungültig.",
            "dmarc-unwise": "Der DMARC-Eintrag könnte besser sein.",
        },
    ),
    "fr": Texts(
        language="fr",
        slowed=(
            "L’envoi depuis {account} est ralenti",
            "Votre compte {account} envoie plus que d’habitude, ou autrement. Pour l’instant, il"
            " ne peut donc envoyer qu’une partie de ce qu’il peut d’ordinaire.",
        ),
        slowed_do=(
            "Si ces envois sont de vous, vous n’avez rien à faire : cela passe de soi-même. Sinon,"
            " quelqu’un connaît votre mot de passe : changez-le maintenant et supprimez les mots"
            " de passe d’appareil que vous ne connaissez pas."
        ),
        locked=(
            "L’envoi depuis {account} est bloqué",
            "Votre compte {account} ne peut plus envoyer de messages. Vous pouvez lire votre"
            " courrier et en recevoir comme avant. Ce qui n’était pas encore parti durant la"
            " dernière heure est retenu ({held}).",
        ),
        locked_do=(
            "C’est ainsi que se comportent les comptes dont le mot de passe a été volé. Vérifiez"
            " que votre ordinateur et votre téléphone sont sains, puis changez le mot de passe du"
            " compte et supprimez les mots de passe d’appareil que vous ne connaissez pas."
            " Demandez ensuite à qui gère votre organisation de le débloquer."
        ),
        locked_other=(
            "L’envoi depuis {account} est bloqué",
            "Le compte {account} ne peut plus envoyer de messages. La lecture et la réception"
            " continuent comme avant. Ce qui n’était pas encore parti durant la dernière heure"
            " est retenu ({held}).",
        ),
        locked_other_do=(
            "Dès que le mot de passe du compte est changé, on peut le débloquer : dans le Manager"
            " ou avec\n\n    alphorn account unlock {account}\n\nqui dit aussi ce qui est retenu,"
            " et comment le laisser partir ou le supprimer."
        ),
        records=(
            "Les enregistrements DNS de {domain} demandent votre attention",
            "Les autres serveurs jugent aux enregistrements DNS de {domain} si son courrier est"
            " authentique. Ils pourraient le refuser ou le prendre pour du spam, car ceci n’est"
            " pas en ordre :",
        ),
        records_do=(
            "La personne qui s’occupe du DNS du domaine peut le réparer. Tous les enregistrements"
            " sont montrés par\n\n    alphorn domain dns {domain}\n\nCet avis revient après une"
            " semaine si quelque chose ne va toujours pas."
        ),
        paused=(
            "Plus rien n’est transmis à {target}",
            "Le courrier pour {addresses} est transmis à {target}. Depuis des jours, cette adresse"
            " le refuse sans cesse ; plus rien n’y est donc envoyé. L’autre serveur a dit :",
            "{refusal}",
            "S’il y a un compte derrière l’adresse, le courrier y reste désormais ; sinon, il"
            " retourne à ses expéditeurs. Changez la redirection, ou faites-la réessayer dès que"
            " l’autre adresse accepte le courrier : alphorn address resume.",
        ),
        seen="Ce qui a été observé :",
        by_hand="Cela a été fait à la main. La raison donnée : {reason}",
        publish="À publier : {line}",
        signature="Le système de messagerie de {host}",
        reasons={
            "strangers": "En une heure, {strangers} adresses auxquelles on n’avait jamais écrit"
            " ont reçu du courrier (l’habitude : moins de {strangers-limit}).",
            "networks": "En une heure, quelqu’un s’est connecté depuis {networks} réseaux d’où"
            " personne ne l’avait fait.",
            "countries": "En une heure, quelqu’un s’est connecté depuis {countries} pays d’où"
            " personne ne l’avait fait : {countries-named}.",
            "spam": "{spam} messages en une heure ressemblaient à du spam.",
            "refused": "En une heure, on a écrit à {refused} adresses d’ici qui n’existent pas.",
            "bounces": "{bounces:.0%} des derniers messages n’ont pas pu être remis.",
            "persists": "Le compte a dû être ralenti pendant {persists} heures du dernier jour.",
        },
        findings={
            "spf-missing": "Il n’y a pas d’enregistrement SPF.",
            "spf-several": "Il y a plusieurs enregistrements SPF ; aucun ne compte donc.",
            "spf-void": "L’enregistrement SPF n’est pas valable.",
            "spf-foreign": "L’enregistrement SPF ne permet pas à ce serveur d’envoyer.",
            "spf-unwise": "L’enregistrement SPF pourrait être meilleur.",
            "dkim-missing": "Une clé DKIM n’est pas publiée.",
            "dkim-other": "Une clé DKIM publiée n’est pas celle qui signe.",
            "dmarc-missing": "Il n’y a pas d’enregistrement DMARC.",
            "dmarc-several": "Il y a plusieurs enregistrements DMARC ; aucun ne compte donc.",
            "dmarc-void": "L’enregistrement DMARC n’est pas valable.",
            "dmarc-unwise": "L’enregistrement DMARC pourrait être meilleur.",
        },
    ),
    "it": Texts(
        language="it",
        slowed=(
            "L’invio da {account} è rallentato",
            "Dal Suo account {account} si invia più del solito, o in altro modo. Per ora può"
            " quindi inviare solo una parte di quanto può di norma.",
        ),
        slowed_do=(
            "Se è Lei a inviare, non deve fare nulla: passa da sé. Altrimenti qualcuno conosce la"
            " Sua password: la cambi subito ed elimini le password dei dispositivi che non"
            " conosce."
        ),
        locked=(
            "L’invio da {account} è bloccato",
            "Il Suo account {account} non può più inviare messaggi. Può leggere la posta e"
            " riceverla come prima. Ciò che nell’ultima ora non era ancora partito è trattenuto"
            " ({held}).",
        ),
        locked_do=(
            "Così si comportano gli account la cui password è stata rubata. Verifichi che computer"
            " e telefono siano in ordine, poi cambi la password dell’account ed elimini le"
            " password dei dispositivi che non conosce. Chieda quindi a chi gestisce la Sua"
            " organizzazione di sbloccarlo."
        ),
        locked_other=(
            "L’invio da {account} è bloccato",
            "L’account {account} non può più inviare messaggi. Lettura e ricezione continuano"
            " come prima. Ciò che nell’ultima ora non era ancora partito è trattenuto ({held}).",
        ),
        locked_other_do=(
            "Appena la password dell’account è cambiata lo si può sbloccare: nel Manager o con\n"
            "\n    alphorn account unlock {account}\n\nche dice anche che cosa è trattenuto e come"
            " lasciarlo partire o eliminarlo."
        ),
        records=(
            "I record DNS di {domain} richiedono attenzione",
            "Dai record DNS di {domain} gli altri capiscono se la sua posta è autentica. Ora i"
            " loro server potrebbero rifiutarla o ritenerla spam, perché questo non è in ordine:",
        ),
        records_do=(
            "Chi cura il DNS del dominio può rimediare. Tutti i record li mostra\n"
            "\n    alphorn domain dns {domain}\n\nQuesto avviso torna dopo una settimana se"
            " qualcosa non va ancora."
        ),
        paused=(
            "Non si inoltra più nulla a {target}",
            "La posta per {addresses} viene inoltrata a {target}. Da giorni quell’indirizzo la"
            " rifiuta; perciò non vi si invia più nulla. L’altro server ha detto:",
            "{refusal}",
            "Se dietro l’indirizzo c’è un account, la posta d’ora in poi vi rimane; altrimenti"
            " torna ai mittenti. Cambi l’inoltro, o lo faccia riprovare quando l’altro indirizzo"
            " accetta la posta: alphorn address resume.",
        ),
        seen="Che cosa è stato osservato:",
        by_hand="È stato fatto a mano. Il motivo indicato: {reason}",
        publish="Da pubblicare: {line}",
        signature="Il sistema di posta di {host}",
        reasons={
            "strangers": "In un’ora si è scritto a {strangers} indirizzi a cui non si era mai"
            " scritto (di solito meno di {strangers-limit}).",
            "networks": "In un’ora qualcuno è entrato da {networks} reti da cui nessuno era mai"
            " entrato.",
            "countries": "In un’ora qualcuno è entrato da {countries} Paesi da cui nessuno era mai"
            " entrato: {countries-named}.",
            "spam": "{spam} messaggi in un’ora sembravano spam.",
            "refused": "In un’ora si è scritto a {refused} indirizzi di qui che non esistono.",
            "bounces": "Il {bounces:.0%} degli ultimi messaggi non ha potuto essere consegnato.",
            "persists": "Nell’ultimo giorno l’account è stato rallentato in {persists} ore.",
        },
        findings={
            "spf-missing": "Non c’è un record SPF.",
            "spf-several": "Ci sono più record SPF, perciò nessuno vale.",
            "spf-void": "Il record SPF non è valido.",
            "spf-foreign": "Il record SPF non permette a questo server di inviare.",
            "spf-unwise": "Il record SPF potrebbe essere migliore.",
            "dkim-missing": "Una chiave DKIM non è pubblicata.",
            "dkim-other": "Una chiave DKIM pubblicata non è quella che firma.",
            "dmarc-missing": "Non c’è un record DMARC.",
            "dmarc-several": "Ci sono più record DMARC, perciò nessuno vale.",
            "dmarc-void": "Il record DMARC non è valido.",
            "dmarc-unwise": "Il record DMARC potrebbe essere migliore.",
        },
    ),
    "es": Texts(
        language="es",
        slowed=(
            "El envío desde {account} está frenado",
            "Desde su cuenta {account} se envía más de lo habitual, o de otro modo. Por ahora"
            " solo puede enviar una parte de lo que puede de ordinario.",
        ),
        slowed_do=(
            "Si es usted quien envía, no tiene que hacer nada: pasa por sí solo. Si no, alguien"
            " conoce su contraseña: cámbiela ahora y elimine las contraseñas de dispositivo que"
            " no conozca."
        ),
        locked=(
            "El envío desde {account} está bloqueado",
            "Su cuenta {account} ya no puede enviar mensajes. Puede leer su correo y recibirlo"
            " como antes. Lo que en la última hora aún no había salido queda retenido ({held}).",
        ),
        locked_do=(
            "Así se comportan las cuentas cuya contraseña ha sido robada. Compruebe que su"
            " ordenador y su teléfono están en orden; después cambie la contraseña de la cuenta y"
            " elimine las contraseñas de dispositivo que no conozca. Pida luego a quien gestiona"
            " su organización que la desbloquee."
        ),
        locked_other=(
            "El envío desde {account} está bloqueado",
            "La cuenta {account} ya no puede enviar mensajes. La lectura y la recepción siguen"
            " como antes. Lo que en la última hora aún no había salido queda retenido ({held}).",
        ),
        locked_other_do=(
            "En cuanto se haya cambiado la contraseña de la cuenta se puede desbloquear: en el"
            " Manager o con\n\n    alphorn account unlock {account}\n\nque dice también qué está"
            " retenido y cómo dejarlo salir o eliminarlo."
        ),
        records=(
            "Los registros DNS de {domain} necesitan atención",
            "Por los registros DNS de {domain} saben los demás si su correo es auténtico. Ahora"
            " sus servidores podrían rechazarlo o tomarlo por spam, pues esto no está en orden:",
        ),
        records_do=(
            "Quien cuida del DNS del dominio puede arreglarlo. Todos los registros los muestra\n"
            "\n    alphorn domain dns {domain}\n\nEste aviso vuelve al cabo de una semana si algo"
            " sigue mal."
        ),
        paused=(
            "Ya no se reenvía nada a {target}",
            "El correo para {addresses} se reenvía a {target}. Desde hace días esa dirección lo"
            " rechaza una y otra vez; por eso ya no se le envía nada. El otro servidor dijo:",
            "{refusal}",
            "Si hay una cuenta detrás de la dirección, el correo se queda en ella desde ahora; si"
            " no, vuelve a sus remitentes. Cambie la redirección, o haga que se intente de nuevo"
            " cuando la otra dirección acepte correo: alphorn address resume.",
        ),
        seen="Lo que se observó:",
        by_hand="Se hizo a mano. El motivo indicado: {reason}",
        publish="Publicar: {line}",
        signature="El sistema de correo de {host}",
        reasons={
            "strangers": "En una hora se escribió a {strangers} direcciones a las que nunca se"
            " había escrito (lo habitual: menos de {strangers-limit}).",
            "networks": "En una hora alguien entró desde {networks} redes desde las que nadie lo"
            " había hecho.",
            "countries": "En una hora alguien entró desde {countries} países desde los que nadie lo"
            " había hecho: {countries-named}.",
            "spam": "{spam} mensajes en una hora parecían spam.",
            "refused": "En una hora se escribió a {refused} direcciones de aquí que no existen.",
            "bounces": "El {bounces:.0%} de los últimos mensajes no se pudo entregar.",
            "persists": "En el último día hubo que frenar la cuenta en {persists} horas.",
        },
        findings={
            "spf-missing": "No hay registro SPF.",
            "spf-several": "Hay varios registros SPF, por lo que ninguno vale.",
            "spf-void": "El registro SPF no es válido.",
            "spf-foreign": "El registro SPF no permite enviar a este servidor.",
            "spf-unwise": "El registro SPF podría ser mejor.",
            "dkim-missing": "Una clave DKIM no está publicada.",
            "dkim-other": "Una clave DKIM publicada no es la que firma.",
            "dmarc-missing": "No hay registro DMARC.",
            "dmarc-several": "Hay varios registros DMARC, por lo que ninguno vale.",
            "dmarc-void": "El registro DMARC no es válido.",
            "dmarc-unwise": "El registro DMARC podría ser mejor.",
        },
    ),
}


def texts(language: str) -> Texts:
    """The texts of a language tag ("de", "de-CH"), English for an unknown one."""
    return TEXTS.get(language.lower().partition("-")[0].partition("_")[0], TEXTS[FALLBACK])
