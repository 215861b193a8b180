"""Macros in SPF terms and explanations (RFC 7208 §7).

A text is parsed once into a `Template` and expanded for each check; nothing is looked up here. The
expansion is as long as the template and the values make it: whoever parses bounds the template,
whoever expands the values.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

MAX_NAME = 253
MAX_LABEL = 63
MAX_KEPT = 1000
"""More parts than any value has; a larger number of parts to keep means all of them."""

EXPLANATION_ONLY = frozenset("crt")
_FIXED = {"%%": "%", "%_": " ", "%-": "%20"}
_TOKEN = re.compile(
    r"(?P<literal>[!-$&-~]+)|(?P<fixed>%[%_-])"
    r"|%\{(?P<letter>[slodipvhcrtSLODIPVHCRT])(?P<digits>[0-9]*)(?P<reverse>[rR]?)"
    r"(?P<delimiters>[-.+,/_=]*)\}",
    re.ASCII,
)
_TOP_LABEL = re.compile(r"(?![0-9]+\Z)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", re.ASCII)


class MacroError(ValueError):
    """Not as the grammar has it; the text says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Macro:
    """`%{...}`: `keep` is how many parts stay, counted from the right, 0 for all."""

    letter: str
    keep: int
    reverse: bool
    delimiters: str
    escape: bool


@dataclass(frozen=True, slots=True)
class Template:
    """`letters` are those of the macros in it, in lower case."""

    parts: tuple[str | Macro, ...]
    letters: frozenset[str]


def parse(text: str, *, explanation: bool = False) -> Template:
    """macro-string, or explain-string with spaces (RFC 7208 §7.1). Raises MacroError."""
    parts: list[str | Macro] = []
    letters = set()
    for line in text.split(" ") if explanation else (text,):
        parts.append(" ")
        at = 0
        while at < len(line):
            token = _TOKEN.match(line, at)
            if token is None:
                raise MacroError(_why(line[at:]))
            at = token.end()
            if token.lastgroup == "literal":
                parts.append(token[0])
            elif token.lastgroup == "fixed":
                parts.append(_FIXED[token[0]])
            else:
                macro = _macro(token)
                parts.append(macro)
                letters.add(macro.letter)
    return Template(tuple(parts[1:]), frozenset(letters))


def parse_domain(text: str) -> Template:
    """domain-spec (RFC 7208 §7.1): ends in a macro, or in a dot and a top label."""
    template = parse(text)
    if not text:
        raise MacroError("lacks the name of a domain")
    forbidden = template.letters & EXPLANATION_ONLY
    if forbidden:
        raise MacroError(f"uses %{{{min(forbidden)}}}, which only explanations may")
    end = _literal_end(text)
    if end:
        _, dot, top = end.removesuffix(".").rpartition(".")
        if not dot or not _TOP_LABEL.fullmatch(top):
            raise MacroError("does not end in the name of a domain")
    return template


def expand(template: Template, values: Mapping[str, str]) -> str:
    """`values` has each of the template's letters (RFC 7208 §7.3)."""
    return "".join(
        part if isinstance(part, str) else _expand(part, values[part.letter])
        for part in template.parts
    )


def to_name(text: str) -> str | None:
    """An expanded domain-spec as a name to ask for, or None where none can be made of it.

    In lower case, without a dot at the end; labels go from the left until 253 characters are left
    (RFC 7208 §7.3). None covers characters that do not print and those outside ASCII (RFC 8616 §4).
    """
    name = text.removesuffix(".").lower()
    if not name.isascii() or not name.isprintable():
        return None
    if len(name) > MAX_NAME:
        name = name[-MAX_NAME - 1 :].partition(".")[2]
    for label in name.split("."):
        if not 0 < len(label) <= MAX_LABEL:
            return None
    return name


def _macro(token: re.Match[str]) -> Macro:
    letter, digits = token["letter"], token["digits"]
    kept = digits.lstrip("0")
    if digits and not kept:
        raise MacroError(f"keeps no part in {token[0]}")
    keep = 0 if not kept else int(kept) if len(kept) <= 3 else MAX_KEPT
    return Macro(
        letter.lower(), keep, bool(token["reverse"]), token["delimiters"], letter.isupper()
    )


def _expand(macro: Macro, value: str) -> str:
    if macro.keep or macro.reverse or macro.delimiters:
        delimiter = macro.delimiters[:1] or "."
        for other in set(macro.delimiters[1:]):
            value = value.replace(other, delimiter)
        parts = value.split(delimiter)
        if macro.reverse:
            parts.reverse()
        value = ".".join(parts[-macro.keep :])
    return quote(value, safe="", errors="replace") if macro.escape else value


def _literal_end(text: str) -> str:
    """What stands after the last macro (or %%, %_, %-) of a text that was parsed."""
    end = 0
    for token in _TOKEN.finditer(text):
        if token.lastgroup != "literal":
            end = token.end()
    return text[end:]


def _why(rest: str) -> str:
    if not rest.startswith("%"):
        return "has a character that cannot stand there"
    if rest.startswith("%{"):
        return "has a %{...} that is none of the macros"
    return "has a % that begins no macro"
