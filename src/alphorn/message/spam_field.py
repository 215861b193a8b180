"""The field that says how a delivered message was scored, and why: `X-Alphorn-Spam`.

    X-Alphorn-Spam: score=7.3; threshold=5.0; verdict=spam; category=promotions;
     spf-fail=2.5 "The sending server is not one of example.org's."; ...

An entry with words in quotes is a reason; the others are about the whole message. In quotes,
whatever is not printable ASCII, quotes and backslashes are percent-encoded (RFC 3986 §2.1), so that
no text ends its entry or the field. Everything is bounded: `MAX_REASONS`, `MAX_TEXT`, `MAX_SCORE`.

The field is ours alone: what comes in from elsewhere loses any that it has (`without`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote_to_bytes

from alphorn.message import header, write

NAME = "X-Alphorn-Spam"
MAX_REASONS = 40
MAX_TEXT = 200
"""Characters of a reason's sentence."""
MAX_ENCODED = 600
"""Octets of the same once encoded, so that no line is too long (RFC 5322 §2.1.1)."""
MAX_CODE = 40
MAX_SCORE = 999.0
MAX_VALUE = 40_000
"""Octets of a field's value that are read."""

_NOT_CODE = re.compile(r"[^a-z0-9-]+")
# Percent signs are encoded only where they would be read as something else.
_ENCODED = re.compile(r"%(?=[0-9A-Fa-f]{2})|[^ !#-\[\]-~]")
_DECODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_ENTRY = re.compile(r'([a-z0-9-]{1,40})=([a-z0-9.-]{1,40})(?:[ ]{1,3}"([^"]{0,2500})")?(?:;|$)')
_NUMBER = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,2})?")


class AnyReason(Protocol):
    """See `policy.decision.Reason`."""

    @property
    def code(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def score(self) -> float: ...


@dataclass(frozen=True, slots=True)
class SpamReason:
    code: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class SpamField:
    """What the field says. `verdict` and `category` are short words ("ham", "spam"; "social"),
    "" for none; `reasons` are in the order of the field."""

    score: float
    threshold: float
    verdict: str
    category: str = ""
    reasons: tuple[SpamReason, ...] = ()


def render(
    score: float,
    threshold: float,
    verdict: str,
    reasons: Iterable[AnyReason] = (),
    category: str = "",
) -> bytes:
    """The whole field, folded, with its CRLF: pure ASCII, whatever the reasons hold.

    Of more than `MAX_REASONS` reasons those that weigh most are kept, in their order.
    """
    entries = [f"score={_number(score)}", f"threshold={_number(threshold)}"]
    entries.append(f"verdict={_code(verdict)}")
    if category:
        entries.append(f"category={_code(category)}")
    entries += [
        f'{_code(reason.code)}={_number(reason.score)} "{_encode(reason.text)}"'
        for reason in _heaviest(list(reasons))
    ]
    return write.field(NAME, "; ".join(entries))


def parse(value: str) -> SpamField | None:
    """What a field's value says, folded or not; None where it is none of ours. Never raises."""
    about: dict[str, str] = {}
    reasons: list[SpamReason] = []
    value = header.unfold(value[:MAX_VALUE])
    at = 0
    while (entry := _ENTRY.match(value, at)) is not None:
        key, word, text = entry.groups()
        if text is None:
            about.setdefault(key, word)
        elif _NUMBER.fullmatch(word) and len(reasons) < MAX_REASONS:
            reasons.append(SpamReason(key, _decode(text), float(word)))
        at = entry.end()
        while value.startswith((" ", "\t"), at):
            at += 1
    score, threshold = about.get("score", ""), about.get("threshold", "")
    if not (_NUMBER.fullmatch(score) and _NUMBER.fullmatch(threshold)):
        return None
    return SpamField(
        float(score),
        float(threshold),
        about.get("verdict", ""),
        about.get("category", ""),
        tuple(reasons),
    )


def read(raw: bytes) -> SpamField | None:
    """What the first such field of a message says."""
    value = header.get(raw, NAME)
    return None if value is None else parse(value)


def without(raw: bytes) -> bytes:
    """The message without any such field, as it is to be before ours is put in."""
    return header.remove(raw, (NAME,))


def _heaviest(reasons: list[AnyReason]) -> list[AnyReason]:
    if len(reasons) <= MAX_REASONS:
        return reasons
    order = sorted(range(len(reasons)), key=lambda at: -abs(_clamped(reasons[at].score)))
    return [reasons[at] for at in sorted(order[:MAX_REASONS])]


def _clamped(score: float) -> float:
    # Not-a-number compares false with everything.
    return max(-MAX_SCORE, min(MAX_SCORE, score)) if score == score else 0.0


def _number(score: float) -> str:
    """One digit or two after the point, never "-0.0"."""
    text = f"{_clamped(score) + 0.0:.2f}"
    if text == "-0.00":
        return "0.0"
    return text.removesuffix("0")


def _code(word: str) -> str:
    return _NOT_CODE.sub("-", word[:MAX_CODE].lower()) or "-"


def _encode(text: str) -> str:
    words = " ".join(text[: 4 * MAX_TEXT].split())[:MAX_TEXT]
    encoded = _ENCODED.sub(_percent, words)
    while len(encoded) > MAX_ENCODED:
        # Shortened by whole characters, by as many as the excess has at the most.
        words = words[: -max(1, (len(encoded) - MAX_ENCODED) // 12)]
        encoded = _ENCODED.sub(_percent, words)
    return encoded


def _percent(sign: re.Match[str]) -> str:
    return "".join([f"%{octet:02X}" for octet in sign[0].encode("utf-8", "replace")])


def _decode(text: str) -> str:
    """Encoded control characters, which we never write, do not come out again."""
    decoded = _DECODED.sub(lambda run: unquote_to_bytes(run[0]).decode("utf-8", "replace"), text)
    if decoded.isprintable():
        return decoded
    return "".join([sign if sign.isprintable() else " " for sign in decoded])
