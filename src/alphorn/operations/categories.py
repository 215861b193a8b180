"""Where an account wants which mail: moving a message into a category, or out, teaches it.

What is kept is the mailing list that the message came over, else the domain of its author; of
providers with whom everybody has an address, the address. `spam.categories` heeds it before
anything else.
"""

from collections.abc import Mapping
from itertools import islice

from alphorn.base.numbers import NumberSet
from alphorn.operations.study import raws, study
from alphorn.spam.categories import Category, correction_keys
from alphorn.spam.names import FREE_MAIL
from alphorn.spam.observation import Observation
from alphorn.store.api import Account, Book, Learned, SpecialUse

MAX_MOVED = 50
"""Messages of one move that are looked at."""
INBOX_CATEGORY = "inbox"
MAILBOXES = {SpecialUse.PROMOTIONS: Category.PROMOTIONS, SpecialUse.SOCIAL: Category.SOCIAL}


def correct(mail: Account, mailbox_id: int, uids: NumberSet, category: Category) -> int:
    """The owner moved these messages there: mail of their kind goes there from now on. To how many
    kinds of mail that applies. Raises NotFound, Unavailable."""
    names: dict[str, None] = {}
    for _, raw in islice(raws(mail, mailbox_id, uids), MAX_MOVED):
        name = name_of(study(raw).seen)
        if name:
            names[name] = None
    mail.note(Book.CATEGORY, list(names), category.value or INBOX_CATEGORY)
    return len(names)


def corrections(
    mail: Account, seen: Observation, learned: Learned | None = None
) -> Mapping[str, Category]:
    """As `spam.categories.categorize` takes them; where nothing was learned it costs one short
    look, or none with `learned` read already. Raises NotFound, Unavailable."""
    if not (learned or mail.learned()).names:
        return {}
    noted = mail.noted(Book.CATEGORY, list(correction_keys(seen)))
    return {name: _category(entry.value) for name, entry in noted.items()}


def name_of(seen: Observation) -> str:
    """What a correction is kept by; "" where the message has nothing that would do."""
    keys = {key.partition(":")[0]: key for key in correction_keys(seen)}
    whole_domain = seen.from_domain not in FREE_MAIL
    return keys.get("list") or keys.get("domain" if whole_domain else "address", "")


def _category(value: str) -> Category:
    try:
        return Category(value)
    except ValueError:
        return Category.NONE
