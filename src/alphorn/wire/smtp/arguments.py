"""Reads what stands behind the verbs of MAIL, RCPT, BDAT and EHLO; anything wrong is a Refusal."""

import re

from alphorn.message.envelope import EnvelopeRecipient
from alphorn.wire.smtp import parameters, paths
from alphorn.wire.smtp.collect import too_large
from alphorn.wire.smtp.commands import BY_VERB
from alphorn.wire.smtp.events import Mail, Rcpt
from alphorn.wire.smtp.parameters import ParameterError, UnknownParameter
from alphorn.wire.smtp.paths import PathError
from alphorn.wire.smtp.replies import Refusal, Reply

MAX_HELO = 255

_NEEDS_UTF8 = Reply("5.6.7", "An address with other than ASCII characters needs SMTPUTF8 with MAIL")
_NOT_A_NAME = re.compile(r"[^!#-'*+\-./0-:=?A-\[\]-~]")
_CHUNK = re.compile(rb"([0-9]{1,19})(?: (LAST))?", re.IGNORECASE)


def read_helo(argument: bytes) -> str:
    """The name that the client goes by. It is only a claim, so that none is refused for its form;
    whatever could not be a name is shown as a question mark."""
    if len(argument) > MAX_HELO:
        raise Refusal(Reply("5.5.4", f"A host name has at most {MAX_HELO} octets"))
    return _NOT_A_NAME.sub("?", argument.decode("ascii", "replace"))


def read_mail(argument: bytes, limit: int) -> Mail:
    """`FROM:<path> parameters`; `limit` is the largest SIZE."""
    text = _after(argument, b"FROM:", "5.1.7")
    try:
        path, rest = paths.parse_reverse(text)
        given = parameters.read_mail(rest)
    except PathError as error:
        raise Refusal(Reply("5.1.7", str(error))) from error
    except ParameterError as error:
        raise _wrong_parameter(error) from error
    if given.size > limit:
        raise Refusal(too_large(limit))
    if not given.smtputf8 and not path.address.isascii():
        raise Refusal(_NEEDS_UTF8)
    return Mail(path, given)


def read_rcpt(argument: bytes, smtputf8: bool, hostname: str) -> Rcpt:
    """`TO:<path> parameters`, in a transaction with or without SMTPUTF8, at server `hostname`."""
    text = _after(argument, b"TO:", "5.1.3")
    try:
        path, rest = paths.parse_forward(text, hostname)
        given = parameters.read_rcpt(rest)
    except PathError as error:
        raise Refusal(Reply("5.1.3", str(error))) from error
    except ParameterError as error:
        raise _wrong_parameter(error) from error
    if not smtputf8 and not (path.address.isascii() and (given.original or "").isascii()):
        raise Refusal(_NEEDS_UTF8)
    return Rcpt(path, EnvelopeRecipient(path.address, given.notify, given.original))


def read_bdat(argument: bytes) -> tuple[int, bool]:
    """How many octets follow, and whether they are the last."""
    match = _CHUNK.fullmatch(argument)
    if match is None:
        raise Refusal(Reply("5.5.4", f"Write: {BY_VERB[b'BDAT'].syntax}"))
    return int(match[1]), match[2] is not None


def _after(argument: bytes, keyword: bytes, status: str) -> str:
    """What stands behind `FROM:` or `TO:`. A space there is against the grammar, and frequent."""
    if argument[: len(keyword)].upper() != keyword:
        raise Refusal(Reply(status, f"{keyword.decode('ascii')}<address> is missing"))
    try:
        return argument[len(keyword) :].lstrip(b" ").decode()
    except UnicodeDecodeError as error:
        raise Refusal(Reply("5.5.2", "The line is not UTF-8")) from error


def _wrong_parameter(error: ParameterError) -> Refusal:
    return Refusal(Reply("5.5.4", str(error), 555 if isinstance(error, UnknownParameter) else 501))
