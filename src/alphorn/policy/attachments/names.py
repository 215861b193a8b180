"""What a file name really is once a mail program has saved it and somebody opens it.

A name is one thing to who reads it and another to Windows, which drops dots and spaces at the end,
takes a colon for the beginning of a stream's name and the last dot for the extension's. `acting`
gives every extension that a name may come to act under, over all the ways in which programs are
known to decode and clean it; that there is one forbidden among them is enough.
"""

import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

from alphorn.message import words

MAX_NAME = 1000
MAX_SHOWN = 80
MAX_VARIANTS = 32

_PLAIN = re.compile(
    r"[A-Za-z0-9 _()\[\]+,!#$&'@^~-]*+(?:\.[A-Za-z0-9 _()\[\]+,!#$&'@^~-]++)*+", re.ASCII
)
_CLASS = re.compile(r"\{[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}")
_PARTS = re.compile(r"[/\\]")
_AT_END = " .\t\"'<>|?*;,\u00a0\u3000"
_VERSION = re.compile(r";\d*$")
_OVERRIDES = re.compile("[\u202d\u202e]")

CLASS = "{}"
"""Stands for an extension that is a class identifier: Windows asks that class to open the file."""


@lru_cache(maxsize=2048)
def acting(name: str) -> frozenset[str]:
    """The extensions that `name` may act under: lower case, without the dot, "" for none at all."""
    if len(name) > MAX_NAME:
        name = name[: MAX_NAME // 2] + name[-MAX_NAME // 2 :]
    if _PLAIN.fullmatch(name) and not name.endswith(" "):
        return _plain(name.rpartition(".")[2].lower() if "." in name else "")
    found = {_extension(variant) for variant in _variants(name)}
    return frozenset(found)


@lru_cache(maxsize=4096)
def _plain(extension: str) -> frozenset[str]:
    return frozenset((extension.strip(" "),))


def overridden(name: str) -> bool:
    """Whether a part of the name is shown backwards, as no writing system needs in a file name."""
    return _OVERRIDES.search(name) is not None


def shown(name: str) -> str:
    """The name on one line for people, in the order of its characters, shortened in its middle."""
    if len(name) > MAX_NAME:
        name = name[: MAX_NAME // 2] + name[-MAX_NAME // 2 :]
    clean = "".join(" " if char.isspace() else char for char in _visible(name))
    clean = " ".join(clean.split())
    if len(clean) > MAX_SHOWN:
        clean = clean[: MAX_SHOWN // 2 - 1] + "…" + clean[-MAX_SHOWN // 2 :]
    return clean


def _variants(name: str) -> list[str]:
    found = [name]
    if "=?" in name:
        found.append(words.decode_words(name))
    if "%" in name:
        found += [unquote(name, errors="replace"), unquote(unquote(name, errors="replace"))]
    for variant in list(found):
        composed = unicodedata.normalize("NFKC", variant)
        if composed != variant:
            found.append(composed)
    for variant in list(found):
        if "\0" in variant:
            found.append(variant.partition("\0")[0])
    for variant in list(found):
        if ":" in variant:
            last = _PARTS.split(variant)[-1]
            found += [last.partition(":")[0], last.rpartition(":")[2]]
    return found[:MAX_VARIANTS]


def _extension(variant: str) -> str:
    base = _PARTS.split(_visible(variant))[-1]
    base = _VERSION.sub("", base).rstrip(_AT_END)
    if "." not in base:
        return ""
    extension = base.rpartition(".")[2].strip().lower()
    return CLASS if _CLASS.fullmatch(extension) else extension


def _visible(name: str) -> str:
    """Without controls, marks of direction, and whatever else has no width."""
    if name.isascii() and name.isprintable():
        return name
    return "".join(
        char
        for char in name
        if char in "\t\u00a0" or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Mn", "Me")
    )
