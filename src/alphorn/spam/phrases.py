"""Wordings of swindles and of bulk offers, in groups; several of one group make a finding.

All are lower case as in `Observation.text`. They are ours, chosen for what they ask of the reader;
single words prove nothing, which is why rules ask for a number of different ones. A wording begins
and ends with whole words.
"""

import re
from collections.abc import Iterable, Set
from typing import NamedTuple

_LETTERS = re.compile(r"[^\W\d_]+")
# Of UTF-8, small letters and whatever is not ASCII stay; the rest parts words.
_PARTED = bytes(n if 97 <= n <= 122 or n >= 128 else 32 for n in range(256))


class Group(NamedTuple):
    """`wordings` by a word of each, without which there is no need to look; `keys` are these."""

    wordings: dict[str, tuple[str, ...]]
    keys: frozenset[str]


def lower(text: str) -> str:
    """In lower case, each letter where it was: one letter of Turkish becomes two otherwise."""
    found = text.lower()
    return found if len(found) == len(text) else text.replace("\u0130", "i").lower()


def words(text: str) -> frozenset[str]:
    """The different words of a text in lower case."""
    found = frozenset(text.encode("utf-8", "replace").translate(_PARTED).decode().split())
    if text.isascii():
        return found
    mixed = [word for word in found if not word.isalpha()]
    return found.difference(mixed).union(_LETTERS.findall(" ".join(mixed)))


def group(wordings: Iterable[str]) -> Group:
    """Wordings to look for, each with its longest word."""
    found: dict[str, tuple[str, ...]] = {}
    for one in wordings:
        word = max(_LETTERS.findall(one), key=len)
        found[word] = (*found.get(word, ()), one)
    return Group(found, frozenset(found))


def has(text: str, there: Set[str], wordings: Group, least: int) -> bool:
    """Whether at least so many different wordings are in the text, whose words are `there`."""
    known = wordings.keys & there
    if not known:
        return False
    likely = [one for word in known for one in wordings.wordings[word]]
    spare = len(likely) - least
    for one in likely:
        if spare < 0:
            break
        if one not in text:
            spare -= 1
    return spare >= 0


ADVANCE_FEE = group((
    "next of kin", "million united states dollars", "million us dollars", "million dollars",
    "usd)", "transfer of the", "beneficiary", "late president", "deceased", "barrister",
    "confidential", "foreign partner", "strictly confidential", "bank account", "inheritance",
    "my late husband", "my late father", "security company", "modalities", "of the total sum",
    "utmost", "compensation fund", "unclaimed", "diplomat", "consignment", "donation",
    "charity organization", "humble", "god bless", "your urgent response", "this proposal",
    "atm card", "western union", "widow", "cancer", "nigeria", "sierra leone", "cote d'ivoire",
    "burkina faso", "benin republic", "erbschaft", "millionen euro", "héritage", "eredità",
    "herencia",
))  # fmt: skip

EXTORTION = group((
    "your webcam", "recorded you", "your contacts", "bitcoin address", "btc wallet", "your device",
    "i hacked", "have full access", "trojan", "masturbating", "masturbation", "adult sites",
    "porn", "48 hours",
    "50 hours", "deine kamera", "ihre kamera", "votre webcam", "la tua webcam", "tu cámara",
    "your password is", "send the bitcoin", "remote access", "keylogger", "i will delete",
))  # fmt: skip

CREDENTIALS = group((
    "verify your account", "confirm your account", "update your account", "your account has been",
    "account will be", "suspended", "unusual activity", "unusual sign", "your mailbox",
    "mailbox is",
    "storage is full", "quota", "password expires", "password will expire", "keep same password",
    "keep my password", "keep current password", "re-activate", "reactivate", "validate your",
    "avoid suspension", "avoid termination", "webmail", "click here to verify", "within 24 hours",
    "within 48 hours", "will be deactivated", "limited your account", "verify your identity",
    "restore access", "konto wurde", "bestätigen sie ihr", "gesperrt", "aktualisieren sie",
    "votre compte", "suspendu", "vérifier votre", "confirmer votre", "il tuo account",
    "verifica il tuo", "sospeso", "su cuenta", "tu cuenta", "verificar su", "suspendida",
    "sua conta", "unusual login", "pending messages", "undelivered messages", "release messages",
    "seed phrase", "recovery phrase", "wallet will be", "verify your wallet", "connect your wallet",
))  # fmt: skip

PARCEL = group((
    "your package", "your parcel", "delivery fee", "shipping fee", "customs fee",
    "could not be delivered",
    "reschedule", "confirm delivery", "delivery attempt", "ihr paket", "zollgebühr",
    "versandkosten",
    "votre colis", "frais de livraison", "frais de douane", "il tuo pacco", "spese di spedizione",
    "su paquete", "gastos de envío", "sua encomenda", "tu paquete", "schedule your delivery",
))  # fmt: skip

PRIZES = group((
    "you have won", "you have been selected", "you've been selected", "you are a winner", "lottery",
    "winning number", "claim your", "gift card", "prize", "prizes", "congratulations", "lucky",
    "sweepstake", "sweepstakes",
    "gewonnen", "gewinner", "gutschein", "vous avez gagné", "gagnant", "hai vinto", "vincitore",
    "has ganado", "ganador", "exclusive reward", "answer a short survey", "voucher", "free spins",
    "casino", "bonus", "jackpot", "airdrop",
))  # fmt: skip

OFFERS = group((
    "this is not spam", "not a spam", "removed from", "be removed", "remove in the subject",
    "opt-in", "opt in list", "you are receiving this", "limited time", "act now", "order now",
    "money back", "money-back", "risk free", "risk-free", "no obligation", "100% free",
    "satisfaction guaranteed", "lowest price", "save up to", "lose weight", "weight loss", "viagra",
    "cialis", "pharmacy", "no prescription", "prescription", "mortgage", "refinance", "debt",
    "work at home", "work from home", "home based business", "extra income", "earn money",
    "make money", "financial freedom", "multi-level", "mlm", "per week", "cable descrambler",
    "toner", "university diploma", "bulk email", "bulk e-mail", "email addresses",
    "e-mail addresses",
    "credit card debt", "credit report", "toll free", "toll-free", "call now", "as seen on",
    "penis", "enlarge", "enlargement", "erection", "hot girls", "hottest", "nude", "xxx",
    "live girls",
    "bill 1618", "s. 1618", "section 301", "investment opportunity", "stock alert", "otc",
    "seo services", "first page of google", "rank your website", "increase traffic", "guest post",
    "crypto", "double your", "testosterone", "keto", "cbd gummies", "life insurance",
))  # fmt: skip
