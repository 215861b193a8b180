"""What the pages say, in five languages: a file for each, all with the same parts (`values`).

`{…}` is filled in by the templates. Each language has every text; a test sees to that.
"""

from alphorn.web.texts import de, en, es, fr, it
from alphorn.web.texts.values import Page, Texts

FALLBACK = "en"
TEXTS: dict[str, Texts] = {
    "en": en.TEXTS,
    "de": de.TEXTS,
    "fr": fr.TEXTS,
    "it": it.TEXTS,
    "es": es.TEXTS,
}

__all__ = ["FALLBACK", "TEXTS", "Page", "Texts"]
