"""A DMARC policy record (RFC 9989 §4.7 and §4.8), read as the standard says.

`v=DMARC1` must come first and be exact, else the text is no DMARC record at all. Of the rest, what
is unknown or wrong is ignored as if it were not there; of a tag given twice the first counts. Only
a missing or wrong `p`, or a wrong `sp` or `np`, spoils the record, and then `rua` decides between
"none" and nothing (§4.10.1). `pct`, `rf` and `ri` of RFC 7489 mean nothing any more.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MAX_TAGS = 100
MAX_URIS = 20
MAX_KEPT = 1024
"""Octets of a record that is read once, and kept by its text."""
LEVELS: Final = ("none", "quarantine", "reject")
"""Policies, mildest first."""

_VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_TAG = re.compile(r"\s*([A-Za-z]+)[ \t]*=[ \t]*([ -:<-~\t]*)", re.ASCII)
_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:[!#-;=?-\[\]_a-z~]+?)(?:![0-9]+[kmgt]?)?", re.I)


@dataclass(frozen=True, slots=True)
class Record:
    """`p`, `sp` and `np` are one of `LEVELS`, or "" where they are not given or wrong.

    `spoiled` is true where `p` is missing or wrong, or `sp` or `np` is wrong. `psd` is "y", "n" or
    "u". `rua` and `ruf` hold the reporting URIs that are syntactically valid.
    """

    p: str = ""
    sp: str = ""
    np: str = ""
    spoiled: bool = False
    strict_dkim: bool = False
    strict_spf: bool = False
    psd: str = "u"
    testing: bool = False
    rua: tuple[str, ...] = ()
    ruf: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether DMARC applies at all to mail under this record (§4.10.1)."""
        return bool(not self.spoiled or self.rua)

    def policy(self, *, subdomain: bool, exists: bool) -> str:
        """What is asked for where a message fails, before `t` is heeded (§4.10.1).

        `subdomain`: the record was found above the author's domain; `exists`: that domain does.
        """
        if self.spoiled:
            return "none"
        if not subdomain:
            return self.p
        if exists:
            return self.sp or self.p
        return self.np or self.sp or self.p


def parse(data: bytes | str) -> Record | None:
    """The record in a TXT record's octets, None where it is not one of DMARC. Never raises."""
    text = data if isinstance(data, str) else data.decode("ascii", "replace")
    if not _VERSION.match(text):
        return None
    values: dict[str, str] = {}
    for name, value in tags(text):
        values.setdefault(name, value)
    p, sp, np = (_level(values.get(name, "")) for name in ("p", "sp", "np"))
    wrong = not p or ("sp" in values and not sp) or ("np" in values and not np)
    psd = values.get("psd", "").lower()
    return Record(
        p=p,
        sp=sp,
        np=np,
        spoiled=wrong,
        strict_dkim=values.get("adkim", "").lower() == "s",
        strict_spf=values.get("aspf", "").lower() == "s",
        psd=psd if psd in ("y", "n") else "u",
        testing=values.get("t", "").lower() == "y",
        rua=uris(values.get("rua", "")),
        ruf=uris(values.get("ruf", "")),
    )


def only(records: Iterable[bytes]) -> Record | None:
    """The one DMARC record among the TXT records of a name; where there are several, none counts
    (RFC 9989 §4.10)."""
    found = [record for record in map(_read, records) if record is not None]
    return found[0] if len(found) == 1 else None


def _read(data: bytes) -> Record | None:
    return _kept(data) if len(data) <= MAX_KEPT else parse(data)


_kept = lru_cache(maxsize=2048)(parse)


def tags(text: str) -> Iterator[tuple[str, str]]:
    """The well-formed tags after the version, names in lower case, values without white space
    around them; at most `MAX_TAGS`."""
    for piece in text.split(";", MAX_TAGS + 1)[1 : MAX_TAGS + 1]:
        match = _TAG.fullmatch(piece)
        if match is not None:
            yield match[1].lower(), match[2].strip()


def uris(value: str) -> tuple[str, ...]:
    """The valid ones of a list of URIs, without the size limits of RFC 7489 §6.2."""
    pieces = value.split(",", MAX_URIS)[:MAX_URIS]
    matches = (_URI.fullmatch(piece.strip()) for piece in pieces)
    return tuple(match[1] for match in matches if match is not None)


def milder(policy: str) -> str:
    """One step below (`t=y`, RFC 9989 §4.7)."""
    return LEVELS[max(0, LEVELS.index(policy) - 1)]


def _level(value: str) -> str:
    lowered = value.lower()
    return lowered if lowered in LEVELS else ""
