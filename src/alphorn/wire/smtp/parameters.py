"""Parameters of MAIL and RCPT: one table row each, strict readers, none twice.

RFC 5321 §4.1.2: `SP keyword [ "=" value ]`; what a keyword means stands with its extension.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from alphorn.message.envelope import Body, Notify
from alphorn.wire.smtp import xtext

MAX_ENVID = 100
MAX_ORCPT = 500
MAX_AUTH = 500

_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\u0080-\U0010ffff]+))?")
_ORCPT = re.compile(r"([A-Za-z0-9!#$%&'*/?^_`{|}~-]+);(.+)", re.DOTALL)
_NON_ASCII = re.compile(r"[^\x00-\x7f]+")


class ParameterError(ValueError):
    """A parameter is wrong; str() says why, in words for the other side."""


class UnknownParameter(ParameterError):
    """Nobody offered it."""


@dataclass(frozen=True, slots=True)
class MailParameters:
    """`size` is what the client declared, 0 for nothing; `ret` and `envid` as in `Envelope`."""

    size: int = 0
    body: Body = Body.SEVEN_BIT
    smtputf8: bool = False
    ret: str | None = None
    envid: str | None = None


@dataclass(frozen=True, slots=True)
class RcptParameters:
    notify: frozenset[Notify] = frozenset()
    original: str | None = None


def _size(value: str) -> int:
    if not (value.isdecimal() and value.isascii() and len(value) <= 20):
        raise ParameterError("SIZE takes a number of octets")
    return int(value)


def _body(value: str) -> Body:
    try:
        return Body(value.upper())
    except ValueError:
        raise ParameterError("BODY is 7BIT or 8BITMIME") from None


def _ret(value: str) -> str:
    if value.upper() not in ("FULL", "HDRS"):
        raise ParameterError("RET is FULL or HDRS")
    return value.upper()


def _envid(value: str) -> str:
    if len(value) > MAX_ENVID or not _is_xtext(value):
        raise ParameterError(f"ENVID takes up to {MAX_ENVID} characters of xtext")
    return value


def _auth(value: str) -> None:
    """RFC 4954 §5: read and not believed, for nobody here is trusted to vouch for others."""
    if len(value) > MAX_AUTH or not _is_xtext(value):
        raise ParameterError("AUTH takes an address in xtext, or <>")


def _notify(value: str) -> frozenset[Notify]:
    words = value.upper().split(",")
    try:
        wishes = frozenset(Notify(word) for word in words)
    except ValueError:
        wishes = frozenset()
    if len(wishes) != len(words) or (Notify.NEVER in wishes and len(wishes) > 1):
        raise ParameterError("NOTIFY is NEVER, or a list of SUCCESS, FAILURE and DELAY")
    return wishes


def _orcpt(value: str) -> str:
    match = _ORCPT.fullmatch(value)
    # RFC 6533 §3: an address of type utf-8 may stand there in plain UTF-8.
    plain = match and (match[2] if match[1].lower() != "utf-8" else _NON_ASCII.sub("", match[2]))
    if len(value) > MAX_ORCPT or match is None or not _is_xtext(plain or ""):
        raise ParameterError("ORCPT takes a type, a semicolon and an address in xtext")
    return value


def _is_xtext(value: str) -> bool:
    try:
        xtext.decode(value)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Parameter:
    """`read` turns the value into the field's; it is None for a keyword that takes no value.
    `field` is "" where nothing is kept. `octets` are what it adds to the length of a command."""

    keyword: str
    field: str
    read: Callable[[str], object] | None
    octets: int
    source: str


MAIL_PARAMETERS = (
    Parameter("SIZE", "size", _size, 26, "RFC 1870 §3"),
    Parameter("BODY", "body", _body, 17, "RFC 6152 §3"),
    Parameter("SMTPUTF8", "smtputf8", None, 10, "RFC 6531 §3.1"),
    Parameter("RET", "ret", _ret, 9, "RFC 3461 §4.3"),
    Parameter("ENVID", "envid", _envid, 107, "RFC 3461 §4.4"),
    Parameter("AUTH", "", _auth, 500, "RFC 4954 §5"),
)
RCPT_PARAMETERS = (
    Parameter("NOTIFY", "notify", _notify, 28, "RFC 3461 §4.1"),
    Parameter("ORCPT", "original", _orcpt, 500, "RFC 3461 §4.2"),
)
_MAIL = {row.keyword: row for row in MAIL_PARAMETERS}
_RCPT = {row.keyword: row for row in RCPT_PARAMETERS}
_NO_MAIL = MailParameters()
_NO_RCPT = RcptParameters()


def read_mail(text: str) -> MailParameters:
    """What stands behind the path of MAIL. Raises ParameterError."""
    return MailParameters(**_read(text, _MAIL)) if text else _NO_MAIL


def read_rcpt(text: str) -> RcptParameters:
    """What stands behind the path of RCPT. Raises ParameterError."""
    return RcptParameters(**_read(text, _RCPT)) if text else _NO_RCPT


def _read(text: str, table: Mapping[str, Parameter]) -> dict[str, Any]:
    if not text.startswith(" "):
        raise ParameterError("A space must follow the address")
    fields: dict[str, Any] = {}
    seen = set()
    for word in filter(None, text.split(" ")):
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise ParameterError("A parameter is written KEYWORD or KEYWORD=VALUE")
        keyword, value = match[1].upper(), match[2]
        row = table.get(keyword)
        if row is None:
            raise UnknownParameter(f"The parameter {keyword} is not known here")
        if keyword in seen:
            raise ParameterError(f"The parameter {keyword} stands there twice")
        seen.add(keyword)
        if (row.read is None) is not (value is None):
            raise ParameterError(f"{keyword} takes {'no' if row.read is None else 'a'} value")
        read = True if row.read is None else row.read(value)
        if row.field:
            fields[row.field] = read
    return fields
