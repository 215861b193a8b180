"""What an address of ours may look like, how it is compared, and how domain names are written.

The rules for the part before the @, exactly: 1 to 64 characters; letters, digits, `-`, `_` and `.`;
`-` neither first nor last; `.` neither first, last nor doubled; nothing else, no accents and no
control characters. Compared without case, so kept in lower case. Every place that makes an address
asks here, and every refusal is an `AddressError` that names the character and the rule.

Addresses elsewhere in the world follow RFC 5321 §4.1.2 instead (`parse_foreign`). Domain names are
kept as A-labels in lower case (RFC 5890 §2.3.2.1) and shown as Unicode.

Functions whose name begins with `fold` are for look-ups: they never raise and never judge.
"""

import re
from dataclasses import dataclass
from enum import Enum

from alphorn.base.errors import Refused

MAX_LOCAL = 64
MAX_DOMAIN = 253
MAX_LABEL = 63
LOCAL_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_."

_FOREIGN_CHARACTERS = LOCAL_CHARACTERS + "!#$%&'*+/=?^`{|}~"
_LOCAL = re.compile(r"(?![-.])(?!.*\.\.)[a-z0-9._-]{1,64}(?<![-.])", re.ASCII)
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)
_DOMAIN = re.compile(rf"(?:{_LABEL.pattern}\.)*{_LABEL.pattern}", re.ASCII)
_PLAIN_DOMAIN = re.compile(r"[a-z0-9.-]{1,253}", re.ASCII)
_LOCAL_SETS = 'letters a to z without accents, digits, "-", "_" and "."'


class AddressRule(Enum):
    """The rule that an address breaks."""

    EMPTY = "empty"
    LENGTH = "length"
    CHARACTER = "character"
    HYPHEN_FIRST = "hyphen-first"
    HYPHEN_LAST = "hyphen-last"
    DOT_FIRST = "dot-first"
    DOT_LAST = "dot-last"
    DOT_DOUBLED = "dot-doubled"
    NO_AT = "no-at"
    DOMAIN = "domain"


class AddressError(Refused):
    """Not an address. `character` is the one that breaks `rule`, "" where none does alone."""

    code = "address"

    def __init__(self, rule: AddressRule, text: str, character: str = "") -> None:
        super().__init__(text)
        self.rule = rule
        self.character = character


@dataclass(frozen=True, slots=True)
class Address:
    """A valid address, in lower case, the domain as A-labels."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def parse(text: str) -> Address:
    """An address of ours. Raises `AddressError`."""
    local, domain = _split(text)
    return Address(check_local(local), check_domain(domain))


def parse_foreign(text: str) -> Address:
    """An address anywhere: the part before the @ is a Dot-string (RFC 5321 §4.1.2), in lower case
    or not, and kept so. Raises `AddressError`."""
    local, domain = _split(text)
    _check(local, _FOREIGN_CHARACTERS, "letters without accents, digits and !#$%&'*+-/=?^_`{|}~.")
    return Address(local, check_domain(domain))


def check_local(text: str) -> str:
    """The part before the @, in lower case. Raises `AddressError`."""
    lowered = text.lower() if text.isascii() else text
    if not _LOCAL.fullmatch(lowered):
        _check(text, LOCAL_CHARACTERS, _LOCAL_SETS)
        for found, rule, where in (
            (text.startswith("-"), AddressRule.HYPHEN_FIRST, "first"),
            (text.endswith("-"), AddressRule.HYPHEN_LAST, "last"),
        ):
            if found:
                raise AddressError(rule, f'The character "-" cannot be {where} before the @.', "-")
        raise AssertionError(f"no rule refuses {text!r}")
    return lowered


def _check(local: str, allowed: str, in_words: str) -> None:
    """The rules that addresses everywhere share: length, characters, where dots may stand."""
    if not local:
        raise AddressError(AddressRule.EMPTY, "There is nothing before the @.")
    if len(local) > MAX_LOCAL:
        raise AddressError(
            AddressRule.LENGTH,
            f"{len(local)} characters stand before the @; at most {MAX_LOCAL} can.",
        )
    for character in local:
        if not character.isascii() or character.lower() not in allowed:
            raise AddressError(
                AddressRule.CHARACTER,
                f"The character {name_character(character)} cannot stand before the @; "
                f"only {in_words} can.",
                character,
            )
    for found, rule, how in (
        (local.startswith("."), AddressRule.DOT_FIRST, "be first before"),
        (local.endswith("."), AddressRule.DOT_LAST, "be last before"),
        (".." in local, AddressRule.DOT_DOUBLED, "stand twice in a row before"),
    ):
        if found:
            raise AddressError(rule, f'The character "." cannot {how} the @.', ".")


def check_domain(text: str) -> str:
    """A domain name with two labels or more, as A-labels in lower case, without a dot at the end.

    Unicode is mapped and encoded as IDNA 2008 with UTS #46 (non-transitional). Raises
    `AddressError` with rule DOMAIN.
    """
    name = text.removesuffix(".")
    if not name:
        raise AddressError(AddressRule.DOMAIN, "There is no domain name.")
    if len(name) > MAX_DOMAIN:
        raise _bad_domain(f"is longer than {MAX_DOMAIN} characters", name[:MAX_DOMAIN] + "...")
    lowered = name.lower() if name.isascii() else name
    if not name.isascii() or "xn--" in lowered:
        lowered = _encode(name)
    if not _DOMAIN.fullmatch(lowered):
        raise _why(lowered)
    if "." not in lowered:
        raise _bad_domain("has no dot; a name such as example.org has two parts or more", lowered)
    if lowered.rpartition(".")[2].isdigit():
        raise _bad_domain("ends in a number, as an IP address does", lowered)
    return lowered


def _encode(name: str) -> str:
    # The tables of `idna` cost memory; most installations never need them.
    import idna

    try:
        return idna.encode(name, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise _bad_domain(f"cannot be written for the DNS ({error})", name) from error


def _why(name: str) -> AddressError:
    """What exactly is wrong with an ASCII name that does not match `_DOMAIN`."""
    for character in name:
        if character not in "abcdefghijklmnopqrstuvwxyz0123456789-.":
            return AddressError(
                AddressRule.DOMAIN,
                f"The character {name_character(character)} cannot stand in a domain name.",
                character,
            )
    for label in name.split("."):
        if not label:
            return _bad_domain("has two dots in a row, or one at its start", name, ".")
        if len(label) > MAX_LABEL:
            return _bad_domain(f"has a part of more than {MAX_LABEL} characters", name)
    return _bad_domain('has a part that begins or ends with "-"', name, "-")


def _bad_domain(what: str, name: str, character: str = "") -> AddressError:
    shown = name if name.isprintable() else ascii(name)
    return AddressError(AddressRule.DOMAIN, f"The domain name {shown} {what}.", character)


def display_domain(name: str) -> str:
    """A stored domain name as people read it; labels that cannot be shown stay as they are."""
    if "xn--" not in name:
        return name
    import idna

    labels = []
    for label in name.split("."):
        try:
            labels.append(idna.decode(label))
        except (idna.IDNAError, UnicodeError):
            labels.append(label)
    return ".".join(labels)


def fold_domain(text: str) -> str | None:
    """The name as it would be stored, or None where it cannot be a domain name."""
    if text.isascii():
        lowered = text.lower().removesuffix(".")
        return lowered if _PLAIN_DOMAIN.fullmatch(lowered) else None
    if len(text) > MAX_DOMAIN:
        return None
    try:
        return _encode(text.removesuffix("."))
    except AddressError:
        return None


def fold_local(text: str) -> str | None:
    """The part before the @ as it would be stored, or None where it cannot be one of ours."""
    if not text.isascii():
        return None
    lowered = text.lower()
    return lowered if _LOCAL.fullmatch(lowered) else None


def split_detail(local: str) -> tuple[str, str | None]:
    """`user+detail` as ("user", "detail"); without a `+`, or with one first, there is none."""
    base, plus, detail = local.partition("+")
    return (base, detail) if plus and base else (local, None)


def _split(text: str) -> tuple[str, str]:
    local, at, domain = text.rpartition("@")
    if not at:
        raise AddressError(
            AddressRule.NO_AT, "There is no @ in it; an address looks like anna@example.org."
        )
    return local, domain


def name_character(character: str) -> str:
    """A character so that a person can find it: itself where it can be seen, and its number."""
    import unicodedata

    number = f"U+{ord(character):04X}"
    if character == " ":
        return f"space ({number})"
    if not character.isprintable():
        return number
    if character.isascii():
        return f'"{character}"' if character != '"' else "'\"'"
    name = unicodedata.name(character, "").lower()
    return f'"{character}" ({number}{" " if name else ""}{name})'
