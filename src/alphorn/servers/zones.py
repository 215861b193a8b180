"""The block and allow lists in the DNS that the settings name."""

from alphorn.base import settings as table
from alphorn.base.settings import Setting, Settings, SettingsError
from alphorn.dns.lists import ListZone, read_codes

WEIGHT = 2.5
"""What being on a list weighs where nothing is said."""


def zones(settings: Settings) -> tuple[ListZone, ...]:
    """The lists in the DNS. Raises SettingsError with all that is wrong with them."""
    return _read(settings, table.MX_BLOCK_LISTS, table.MX_ALLOW_LISTS)


def link_zones(settings: Settings) -> tuple[ListZone, ...]:
    """The lists of domains in links. Raises SettingsError likewise."""
    return _read(settings, table.MX_LINK_LISTS)


def _read(settings: Settings, *names: Setting[tuple[str, ...]]) -> tuple[ListZone, ...]:
    found: list[ListZone] = []
    errors: list[str] = []
    for setting in names:
        for entry in settings[setting]:
            try:
                found.append(_zone(entry, block=setting is not table.MX_ALLOW_LISTS))
            except ValueError as error:
                errors.append(f"{setting.key}: {entry!r} {error}")
    if errors:
        raise SettingsError(tuple(errors))
    return tuple(found)


def _zone(entry: str, *, block: bool) -> ListZone:
    name, *words = entry.lower().split()
    if "." not in name:
        raise ValueError("is to begin with the name of a zone")
    weight, refuses, codes = WEIGHT, False, []
    for word in words:
        if word == "refuse" and block:
            refuses = True
        elif ("." in word and word.count(".") >= 3) or word.startswith("&"):
            codes.append(word)
        else:
            try:
                weight = float(word)
            except ValueError:
                raise ValueError(f"has the word {word!r}, which is not understood") from None
    return ListZone(
        name, "block" if block else "allow", read_codes(" ".join(codes)), weight, refuses
    )
