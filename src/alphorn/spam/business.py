"""Wordings of mail that one asked for by doing something: codes, orders, invoices, travel, alerts.

English, German, French, Italian and Spanish, in lower case. One wording of _SUBJECTS in the
subject, or two different ones of TEXTS in the text, tell that a message concerns the business of
whoever gets it, however much it looks like mass mail.
"""

import re
from collections.abc import Set

from alphorn.spam import phrases

_SUBJECTS = r"""
verification|verify|one[- ]time|passcode|\botp\b|security (?:code|alert|notice)|login code
|sign[- ]in|log[- ]?in|new device|password|two[- ]factor|\b2fa\b
|(?:your|access|confirmation) code|\bpin\b|confirm(?:ation)?\b(?!.*\bsubscri)|invoice|receipt
|payment|billing|statement|refund|charged?\b|order|purchase|shipp(?:ed|ing|ment)|deliver(?:ed|y)
|dispatch|tracking|your (?:package|parcel|trip|flight|stay)|booking|reservation|itinerary
|boarding|check[- ]?in|e-?ticket|your tickets?|appointment|subscription|renewal
|expir(?:es|ed|ing)|contract|policy (?:number|document)
|account (?:activity|locked|closed|created)|activate your|welcome to your account|bestätig
|verifizier|sicherheits|einmal(?:code|passwort)|anmelde(?:code|versuch)|neue anmeldung|kennwort
|passwort|rechnung|quittung|zahlung|mahnung|gutschrift|kontoauszug|abrechnung|bestell|lieferung
|versand|zugestellt|sendung|paket|buchung|reservierung|reise(?:plan|unterlagen|daten)|flug
|fahrkarte|ticket|bordkarte|termin|vertrag|kündigung|abonnement|ihr konto|code (?:de|d'|di)
|vérif|sécurité|connexion|mot de passe|confirm(?:er|ez|é)|facture|reçu\b|paiement|relevé
|rembours|prélèvement|commande|livraison|expédi|colis|suivi de|réservation|billet|voyage|vol\b
|embarquement|rendez-vous|contrat|résiliation|verifica|sicurezza|accesso|conferma|fattura
|ricevuta|pagamento|rimborso|estratto conto|ordine|acquisto|spedizion|consegna|pacco
|prenotazione|biglietto|viaggio|volo|imbarco|appuntamento|contratto|scadenza|código|seguridad
|inicio de sesión|contraseña|confirma(?:ción)?|factura|recibo|pago|reembolso|extracto|pedido
|compra|envío|entrega|paquete|reserva|billete|viaje|vuelo|embarque|cita|contrato|vencimiento
"""

# Both are looked for in lower case, where alternatives fail at their first letter.
_SUBJECT = re.compile(rf"\b(?:{_SUBJECTS.replace(chr(10), '')})")

# What an offer's subject may share with business: then the offer is meant.
_OFFERING = re.compile(
    r"\b(?:sale|off|deals?|save|discount|coupon|voucher|free shipping"
    r"|free delivery"
    r"|black friday|cyber monday|last chance|newsletter|digest|weekly|webinar|special|offers?|win"
    r"|rabatt|angebote?|sparen|spar|gutschein|aktion|versandkostenfrei|gratis|schnäppchen"
    r"|soldes|promo(?:tions?)?|réduction|offre|offert|livraison offerte|bons plans"
    r"|sconto|sconti|offert[ae]|saldi|spedizione gratuita|risparmia"
    r"|oferta|descuento|rebajas|ahorra|envío gratis)\b"
)
_PERCENT = re.compile(r"\d\s?%|%\s?\d")

TEXTS = phrases.group((
    "verification code", "security code", "one-time", "your code is", "reset your password",
    "password reset", "order number", "order no", "order #", "order summary", "order total",
    "invoice number", "invoice no", "amount due", "due date", "billing period", "payment received",
    "total paid", "your payment", "receipt", "tracking number", "has shipped", "has been shipped",
    "out for delivery", "estimated delivery", "booking reference", "booking number",
    "confirmation number", "reservation number", "check-in", "departure", "e-ticket", "passenger",
    "if this wasn't you", "if you did not request", "if you didn't request", "new sign-in",
    "bestätigungscode", "sicherheitscode", "passwort zurücksetzen", "bestellnummer",
    "rechnungsnummer",
    "rechnungsbetrag", "kundennummer", "zahlungseingang", "sendungsnummer", "buchungsnummer",
    "reservierungsnummer", "abflug", "abfahrt", "gesamtbetrag", "zahlbar bis", "iban",
    "code de vérification", "code de sécurité", "réinitialiser votre mot de passe",
    "numéro de commande", "n° de commande", "numéro de facture", "montant total", "numéro de suivi",
    "numéro de réservation", "référence de réservation", "départ", "date d'échéance",
    "codice di verifica", "codice di sicurezza", "reimposta la password", "numero d'ordine",
    "numero ordine", "numero di fattura", "importo totale", "numero di tracciamento",
    "codice prenotazione", "numero di prenotazione", "partenza", "scadenza",
    "código de verificación", "código de seguridad", "restablecer tu contraseña",
    "restablecer su contraseña", "número de pedido", "número de factura", "importe total",
    "número de seguimiento", "número de reserva", "localizador", "salida", "vencimiento",
))  # fmt: skip


def offers(subject: str) -> bool:
    """Whether a subject (in lower case) makes an offer."""
    if "%" in subject and _PERCENT.search(subject) is not None:
        return True
    return _OFFERING.search(subject) is not None


def concerns(subject: str, offer: bool, text: str, words: Set[str]) -> bool:
    """Whether a message speaks of the reader's own order, payment, journey, account and so on; all
    in lower case, `offer` as `offers` says."""
    if not offer and _SUBJECT.search(subject) is not None:
        return True
    return phrases.has(text, words, TEXTS, 3 if offer else 2)
