"""What is mass mail, what social networks tell, and what must never be put aside."""

import pytest

from alphorn.spam import categories, newsletter
from alphorn.spam.categories import Category, categorize, correction_keys
from alphorn.spam.values import SpamFacts
from tests.spam.mail import html, message, seen

SHOP = "Shop <news@shop.test>"
MASS = (
    "List-Unsubscribe: <https://shop.test/u>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
    "Feedback-ID: 1:2:3:shop\n"
)
FOOTER = "You can unsubscribe here."
PROVEN = SpamFacts(spf="pass", dmarc="pass", aligned=True)


def category(raw: bytes, facts: SpamFacts = PROVEN) -> Category:
    return categorize(seen(raw, facts)).category


def mass(subject: str, body: str = "", fields: str = MASS) -> bytes:
    return html(f"{body}<p>{FOOTER}", subject=subject, sender=SHOP, fields=fields)


@pytest.mark.parametrize(
    "subject",
    [
        "Summer sale: 30% off everything",
        "Nur heute: Angebote mit Rabatt",
        "Les soldes commencent",
        "Saldi: sconto fino al 50%",
        "Rebajas: descuento especial",
        "Our weekly newsletter",
        "Free delivery on your next order: save 10%",
    ],
)
def test_offers_and_newsletters(subject: str) -> None:
    found = categorize(seen(mass(subject), PROVEN))
    assert found.category is Category.PROMOTIONS
    assert found.reasons


@pytest.mark.parametrize(
    "subject",
    [
        "Your verification code is 123456",
        "Reset your password",
        "Security alert: new sign-in",
        "Invoice 2024-17",
        "Your receipt from Shop",
        "Order confirmation 4711",
        "Your order has shipped",
        "Booking confirmed: Hotel Post",
        "Boarding pass for your flight",
        "Your subscription will expire",
        "Ihr Bestätigungscode",
        "Passwort zurücksetzen",
        "Rechnung Nr. 17",
        "Bestellbestätigung",
        "Ihre Sendung ist unterwegs",
        "Ihre Buchung",
        "Mahnung",
        "Votre code de vérification",
        "Réinitialiser votre mot de passe",
        "Votre facture de mai",
        "Confirmation de commande",
        "Votre colis est expédié",
        "Votre billet de train",
        "Il tuo codice di verifica",
        "La tua fattura",
        "Conferma dell'ordine 17",
        "Spedizione del tuo pacco",
        "La tua prenotazione",
        "Tu código de seguridad",
        "Su factura",
        "Confirmación de pedido",
        "Tu paquete está en camino",
        "Su reserva",
    ],
)
def test_ones_own_business_is_never_put_aside(subject: str) -> None:
    """However much like mass mail it was sent."""
    assert category(mass(subject, "This newsletter: view in your browser")) is Category.NONE
    sender = "Facebook <security@facebookmail.com>"
    assert category(html(FOOTER, subject=subject, sender=sender, fields=MASS)) is Category.NONE


@pytest.mark.parametrize(
    "body",
    [
        "Order number: 17. Estimated delivery: Monday.",
        "Bestellnummer 17, Sendungsnummer 18",
        "numéro de commande 17, montant total 18 €",
        "numero ordine 17, importo totale 18 €",
        "número de pedido 17, número de seguimiento 18",
    ],
)
def test_business_is_known_by_its_text_too(body: str) -> None:
    assert category(mass("Good news from Shop", body)) is Category.NONE


def test_networks_that_prove_who_they_are() -> None:
    raw = html(FOOTER, subject="Beat wrote on your wall", sender="X <n@facebookmail.com>")
    assert category(raw) is Category.SOCIAL
    assert category(raw, SpamFacts(dkim=("facebookmail.com",), spf="pass")) is Category.SOCIAL
    assert category(raw, SpamFacts(spf="fail", dmarc="fail")) is Category.NONE
    other = html(
        FOOTER, subject="Beat wrote on your wall", sender="X <n@facebookmail.com.evil.test>"
    )
    assert category(other) is Category.NONE


def test_people_are_not_put_aside() -> None:
    assert category(message()) is Category.NONE
    offer = message("I make you a special offer", subject="Special offer: 20% off")
    assert category(offer) is Category.NONE


def test_discussion_lists_are_not_put_aside() -> None:
    listed = MASS + "List-Post: <mailto:friends@lists.test>\nPrecedence: bulk\n"
    assert category(mass("Special offer for friends", fields=listed)) is Category.NONE
    announcing = MASS + "List-Post: NO (nobody may post)\n"
    assert category(mass("Special offer for friends", fields=announcing)) is Category.PROMOTIONS


def test_known_correspondents_stay_unless_it_is_mass_mail() -> None:
    known = SpamFacts(spf="pass", aligned=True, known_correspondent=True)
    raw = html(FOOTER + " newsletter", subject="Special offer: 20% off", sender=SHOP)
    assert category(raw, known) is Category.NONE
    assert category(mass("Special offer: 20% off"), known) is Category.PROMOTIONS
    answered = SpamFacts(spf="pass", aligned=True, replied_to_us=True)
    assert category(mass("Special offer: 20% off"), answered) is Category.NONE


def test_corrections_prevail_the_most_specific_first() -> None:
    observed = seen(mass("Summer sale: 30% off", fields=MASS + "List-Id: <n.shop.test>\n"), PROVEN)
    keys = list(correction_keys(observed))
    assert keys == ["list:n.shop.test", "address:news@shop.test", "domain:shop.test"]
    assert categorize(observed, {"domain:shop.test": Category.NONE}).category is Category.NONE
    both = {"domain:shop.test": Category.NONE, "list:n.shop.test": Category.SOCIAL}
    assert categorize(observed, both).category is Category.SOCIAL
    assert categorize(observed, {"domain:x.test": Category.NONE}).category is Category.PROMOTIONS


@pytest.mark.parametrize(
    "text",
    [
        "unsubscribe", "opt out", "opt-out", "optout", "manage preferences",
        "manage your subscription", "email preferences", "abmelden", "abbestellen", "abzumelden",
        "austragen", "newsletter-einstellungen", "désinscri", "désabonn", "se désinscrire",
        "ne plus recevoir", "disiscri", "annulla l'iscrizione", "annullare l'iscrizione",
        "cancella dalla", "cancellare l'iscrizione", "cancellati dalla", "darse de baja",
        "date de baja", "darte de baja", "cancelar la suscripción", "cancelar su suscripción",
    ],
)  # fmt: skip
def test_each_way_to_unsubscribe_has_a_sign_that_is_looked_for_first(text: str) -> None:
    assert newsletter._UNSUBSCRIBE.search(text)
    assert categories._has(text, newsletter._UNSUBSCRIBE, newsletter._UNSUBSCRIBE_SIGNS)


@pytest.mark.parametrize(
    "text",
    [
        "newsletter", "view in browser", "view this email in your browser", "im browser ansehen",
        "im browser anzeigen", "im browser öffnen", "version en ligne", "dans votre navigateur",
        "nel browser", "nel tuo browser", "en tu navegador", "en el navegador", "en su navegador",
        "you are receiving this email because", "you received this e-mail because",
        "you received this message because", "sie erhalten diese", "vous recevez ce",
        "ricevi questa", "recibes este", "ha recibido este",
    ],
)  # fmt: skip
def test_each_sign_of_a_newsletter_is_looked_for_first(text: str) -> None:
    assert categories._NEWSLETTER.search(text)
    assert categories._has(text, categories._NEWSLETTER, categories._NEWSLETTER_SIGNS)
