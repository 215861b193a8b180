"""The line of AUTH and the lines that answer its challenges (RFC 4954 §4); wrong ones are Refusals.

The mechanisms themselves are those of `alphorn.wire.sasl`.
"""

from collections.abc import Callable

from alphorn.wire.sasl import base64, mechanisms
from alphorn.wire.sasl.steps import Exchange, Failure, FailureKind
from alphorn.wire.smtp.commands import BY_VERB
from alphorn.wire.smtp.limits import AUTH_LINE
from alphorn.wire.smtp.lines import BadLine
from alphorn.wire.smtp.replies import Refusal, Reply

CANCELLED = Reply("5.7.0", "The login was cancelled", 501)


def begin(
    argument: bytes, offered: tuple[str, ...], nonce: Callable[[], bytes]
) -> tuple[str, Exchange]:
    """Start the mechanism that stands behind AUTH, with the initial response where there is one."""
    words = argument.split(b" ")
    if len(words) > 2:
        raise Refusal(Reply("5.5.4", f"Write: {BY_VERB[b'AUTH'].syntax}"))
    name = words[0].decode("ascii", "replace").upper()
    try:
        initial = base64.decode_initial(words[1]) if len(words) == 2 else None
    except ValueError as error:
        raise Refusal(Reply("5.5.2", str(error), 501)) from error
    exchange = mechanisms.begin(name, initial, nonce) if name in offered else None
    if exchange is None:
        text = f"The mechanism is not offered; use one of {' '.join(offered)}"
        raise Refusal(Reply("5.5.4", text, 504))
    return name, exchange


def response(line: bytes | BadLine) -> bytes:
    """The client's answer to a challenge, decoded."""
    if isinstance(line, BadLine) or len(line) + 2 > AUTH_LINE:
        raise Refusal(Reply("5.5.6", "The line is too long or does not end with CR LF"))
    if line == b"*":
        raise Refusal(CANCELLED)
    try:
        return base64.decode(line)
    except ValueError as error:
        raise Refusal(Reply("5.5.2", str(error), 501)) from error


def failed(failure: Failure) -> Reply:
    """The reply to a login that ended by itself."""
    if failure.kind is FailureKind.MALFORMED:
        return Reply("5.5.2", failure.text, 501)
    return Reply("5.7.8", failure.text)
