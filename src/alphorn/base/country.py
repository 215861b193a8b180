"""A country, as a database of addresses names it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

FALLBACK = "en"
MAX_NAMED = 10


@dataclass(frozen=True, slots=True)
class Country:
    """`code` has two capital letters (ISO 3166); `names` are by language ("en", "de")."""

    code: str
    names: Mapping[str, str] = field(default_factory=dict)

    def name(self, language: str) -> str:
        """In this language, else in English, else the code."""
        return self.names.get(language) or self.names.get(FALLBACK) or self.code


def named(countries: Sequence[Country], language: str) -> str:
    """Their names for a sentence, MAX_NAMED at most."""
    names = [country.name(language) for country in countries[:MAX_NAMED]]
    return ", ".join(names if len(countries) <= MAX_NAMED else [*names, "…"])
