"""What whoever asked for a confidential address is told of the decision, in five languages; `{…}`
is filled in by `notices`. English is what a language lacks.
"""

from dataclasses import dataclass

from alphorn.directory.values import ConfidentialState
from alphorn.operations.notice_texts import FALLBACK


@dataclass(frozen=True, slots=True)
class Words:
    """The first three are a subject and a paragraph; `reason` stands before what who decided has
    said, where he has said something."""

    active: tuple[str, str]
    refused: tuple[str, str]
    withdrawn: tuple[str, str]
    reason: str

    def of(self, state: ConfidentialState) -> tuple[str, str]:
        return {
            ConfidentialState.ACTIVE: self.active,
            ConfidentialState.REFUSED: self.refused,
        }.get(state, self.withdrawn)


WORDS = {
    "en": Words(
        (
            "{address} is confidential now",
            "What you asked for is approved: from now on {address} sends and receives over the"
            " secured gateway {gateway} only.",
        ),
        (
            "{address} does not become confidential",
            "You asked that {address} send and receive over the secured gateway {gateway} only."
            " That was refused; nothing has changed. You may ask again.",
        ),
        (
            "{address} is not confidential any more",
            "You asked that {address} send and receive over the secured gateway {gateway} only."
            " That was withdrawn: mail comes and goes there as to any other address.",
        ),
        "The reason given: {reason}",
    ),
    "de": Words(
        (
            "{address} ist jetzt vertraulich",
            "Ihr Antrag ist bewilligt: {address} sendet und empfängt von nun an nur noch über das"
            " gesicherte Gateway {gateway}.",
        ),
        (
            "{address} wird nicht vertraulich",
            "Sie haben beantragt, dass {address} nur über das gesicherte Gateway {gateway} sendet"
            " und empfängt. Das wurde abgelehnt; es hat sich nichts geändert. Sie können es wieder"
            " beantragen.",
        ),
        (
            "{address} ist nicht mehr vertraulich",
            "Sie haben beantragt, dass {address} nur über das gesicherte Gateway {gateway} sendet"
            " und empfängt. Das wurde zurückgezogen: Nachrichten kommen und gehen dort wie bei"
            " jeder anderen Adresse.",
        ),
        "Der angegebene Grund: {reason}",
    ),
    "fr": Words(
        (
            "{address} est désormais confidentielle",
            "Votre demande est acceptée : désormais, {address} n’envoie et ne reçoit que par la"
            " passerelle sécurisée {gateway}.",
        ),
        (
            "{address} ne devient pas confidentielle",
            "Vous avez demandé que {address} n’envoie et ne reçoive que par la passerelle"
            " sécurisée {gateway}. Cela a été refusé ; rien n’a changé. Vous pouvez renouveler"
            " la demande.",
        ),
        (
            "{address} n’est plus confidentielle",
            "Vous aviez demandé que {address} n’envoie et ne reçoive que par la passerelle"
            " sécurisée {gateway}. Cela a été retiré : le courrier y arrive et en part comme pour"
            " toute autre adresse.",
        ),
        "La raison donnée : {reason}",
    ),
    "it": Words(
        (
            "{address} ora è riservato",
            "La Sua richiesta è approvata: d’ora in poi {address} invia e riceve solo attraverso"
            " il gateway protetto {gateway}.",
        ),
        (
            "{address} non diventa riservato",
            "Ha chiesto che {address} invii e riceva solo attraverso il gateway protetto {gateway}."
            " La richiesta è stata respinta; nulla è cambiato. Può ripeterla.",
        ),
        (
            "{address} non è più riservato",
            "Aveva chiesto che {address} inviasse e ricevesse solo attraverso il gateway protetto"
            " {gateway}. Ciò è stato revocato: la posta vi arriva e ne parte come per ogni altro"
            " indirizzo.",
        ),
        "Il motivo indicato: {reason}",
    ),
    "es": Words(
        (
            "{address} ya es confidencial",
            "Su solicitud está aprobada: desde ahora {address} solo envía y recibe por la pasarela"
            " segura {gateway}.",
        ),
        (
            "{address} no pasa a ser confidencial",
            "Usted pidió que {address} solo enviara y recibiera por la pasarela segura {gateway}."
            " Se ha rechazado; nada ha cambiado. Puede volver a pedirlo.",
        ),
        (
            "{address} ya no es confidencial",
            "Usted pidió que {address} solo enviara y recibiera por la pasarela segura {gateway}."
            " Se ha retirado: el correo llega y sale como en cualquier otra dirección.",
        ),
        "El motivo indicado: {reason}",
    ),
}


def words(language: str) -> Words:
    return WORDS.get(language) or WORDS[FALLBACK]
