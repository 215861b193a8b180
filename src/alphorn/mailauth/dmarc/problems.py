"""What is wrong with a domain's own DMARC record, in plain sentences for whoever looks after it."""

import re
from collections.abc import Sequence

from alphorn.mailauth.dmarc.record import LEVELS, MAX_TAGS, parse, tags, uris

MAX_SHOWN = 60
"""Characters of the record that a sentence shows."""

_WORDS = {
    "p": LEVELS,
    "sp": LEVELS,
    "np": LEVELS,
    "adkim": ("r", "s"),
    "aspf": ("r", "s"),
    "psd": ("y", "n", "u"),
    "t": ("y", "n"),
}
_URIS = ("rua", "ruf")
_GONE = ("pct", "rf", "ri")
_FAILURE_OPTIONS = re.compile(r"[01ds](?::[01ds]){0,3}", re.I)
_SIZE = re.compile(r"![0-9]+[kmgt]?\s*(?:,|\Z)", re.I)
_NEARLY = re.compile(r"\W*v\s*=\s*[\"']?dmarc", re.I)


def problems_at(records: Sequence[str]) -> tuple[str, ...]:
    """The same for all TXT records at the name `_dmarc` of a domain."""
    ours = [record for record in records if parse(record) is not None]
    if len(ours) > 1:
        return (f"There are {len(ours)} DMARC records; with more than one, none of them counts.",)
    if ours:
        return problems(ours[0])
    nearly = [record for record in records if _NEARLY.match(record)]
    return problems(nearly[0]) if nearly else ("There is no DMARC record.",)


def problems(record: str) -> tuple[str, ...]:
    """One sentence for each mistake, the worst first; empty where there is none."""
    found = parse(record)
    if found is None:
        return (_no_record(record),)
    told: list[str] = []
    seen: dict[str, str] = {}
    for name, value in tags(record):
        if name in seen:
            told.append(f"“{name}” stands there twice; only the first counts.")
            continue
        seen[name] = value
    if "p" not in seen:
        told.insert(0, "There is no “p”, so the record asks for nothing; write “p=none” at least.")
    for name, value in seen.items():
        told += _about(name, value)
    pieces = [piece for piece in record.split(";")[1 : MAX_TAGS + 1] if piece.strip()]
    if len(pieces) > len(list(tags(record))):
        told.append(
            "A part of it is not of the form “name=value” in plain ASCII and is not read; "
            "parts are separated by semicolons."
        )
    if found.spoiled and not found.rua:
        told.append("Because of its policy and without a valid “rua”, the whole record is ignored.")
    return tuple(told)


def _no_record(record: str) -> str:
    if parse(re.sub(r"\A\W*v\s*=\s*[\"']?dmarc1[\"']?", "v=DMARC1", record, flags=re.I)):
        return "It must begin with exactly “v=DMARC1;”, in capitals and with nothing before it."
    if re.match(r"v\s*=\s*DMARC1\s", record):
        return "The semicolon after “v=DMARC1” is missing, so nobody reads the record."
    return "It does not begin with “v=DMARC1;”, so nobody reads it as a DMARC record."


def _about(name: str, value: str) -> list[str]:
    shown = value if len(value) <= MAX_SHOWN else value[:MAX_SHOWN] + "..."
    if name in _WORDS:
        allowed = _WORDS[name]
        if value.lower() not in allowed:
            words = ", ".join(f"“{word}”" for word in allowed)
            return [f"“{name}={shown}” means nothing; it can be {words}."]
        if (name, value.lower()) == ("psd", "y"):
            return ["“psd=y” says that others can register names below this domain."]
        if (name, value.lower()) == ("t", "y"):
            return ["“t=y” says that this is a test: a policy one step milder is applied."]
        return []
    if name in _URIS:
        return _about_uris(name, value, shown)
    if name == "fo":
        if not _FAILURE_OPTIONS.fullmatch(value):
            return [f"“fo={shown}” means nothing; it can be “0”, “1”, “d”, “s” or “d:s”."]
        return []
    if name == "pct" and value != "100":
        return [f"“pct={shown}” is not heeded any more (RFC 9989); to test, write “t=y” instead."]
    if name in _GONE:
        return []
    return [f"“{name}” is not known in DMARC and is not read."]


def _about_uris(name: str, value: str, shown: str) -> list[str]:
    told = []
    pieces = [piece.strip() for piece in value.split(",")]
    for piece in pieces:
        if not uris(piece):
            hint = (
                "; write “mailto:” before the address" if "@" in piece and ":" not in piece else ""
            )
            told.append(f"“{name}={shown}” holds something that is no address for reports{hint}.")
            break
    if _SIZE.search(value):
        told.append(f"The limit of size in “{name}={shown}” is not heeded any more (RFC 9989).")
    return told
