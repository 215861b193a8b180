"""What one connection may ask of us. Each limit has a test."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """All in octets but for `literals` and the errors. A command is held in memory while it comes
    in, so these bound what one connection costs.

    `line`: the text of one command, literals not counted. `early_literal`: all literals of a
    command before login, which suffices for every SASL response (RFC 4954 §4); `literal`: the same
    later, a script and its name. `literals`: their number in one command. `discard`: what is read
    and dropped of one command that was too large. `early_errors`: bad commands before login;
    `errors`: bad commands one after the other later.
    """

    line: int = 16_384
    early_literal: int = 12_288
    literal: int = (256 << 10) + 1024
    literals: int = 8
    discard: int = 16 << 20
    early_errors: int = 10
    errors: int = 50
