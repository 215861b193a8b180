"""mime (RFC 5703 §4): header tests on body parts, and on what their fields are made of."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from alphorn.message import content, words
from alphorn.sieve.table import Extension, Kind, Tag

if TYPE_CHECKING:
    from alphorn.sieve.call import Call

Option = Callable[[str, list[str]], list[str]]


def chosen_option(call: "Call") -> Option | None:
    """What :type, :subtype, :contenttype or :param takes out of the values of a field."""
    tag = call.chosen.get("mime-option")
    if tag is None:
        return None
    names = call.tag_texts("param")
    if names is None:
        which = tag.name
        return lambda name, values: [found for one in values if (found := _piece(which, name, one))]
    wanted = names.constant
    if wanted is None:
        call.problem("the parameters of ':param' must stand in the script as they are", names.at)
        wanted = ()
    lower = [one.lower() for one in wanted]

    def parameters(name: str, values: list[str]) -> list[str]:
        found: list[str] = []
        for value in values:
            pairs = words.parameters(_parsed(name, value)[2])
            found += [pairs[one] for one in lower if one in pairs]
        return found

    return parameters


def _parsed(name: str, value: str) -> tuple[str, str, content.Parameters]:
    if name == "content-type":
        media = content.media_type(value)
        return media.type, media.subtype, media.parameters
    kind, parameters = content.disposition(value)
    return kind, "", parameters


def _piece(which: str, name: str, value: str) -> str:
    kind, subtype, _ = _parsed(name, value)
    if which == "type":
        return kind
    return subtype if which == "subtype" else f"{kind}/{subtype}" if subtype else kind


MIME = Extension(
    "mime",
    "RFC 5703 §4",
    tags=(
        Tag("mime", ("mime",)),
        Tag("anychild", ("mime",), needs="mime"),
        Tag("type", ("mime-option",), choice="mime-option", needs="mime"),
        Tag("subtype", ("mime-option",), choice="mime-option", needs="mime"),
        Tag("contenttype", ("mime-option",), choice="mime-option", needs="mime"),
        Tag("param", ("mime-option",), Kind.TEXTS, choice="mime-option", needs="mime"),
    ),
)
