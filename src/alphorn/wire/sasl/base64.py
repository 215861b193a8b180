"""SASL messages as SMTP, IMAP and their relatives carry them: one line of base64.

RFC 4954 §4, RFC 9051 §6.2.2: standard alphabet, padding required, nothing else on the line; in the
place of an initial response `=` stands for an empty one.
"""

import binascii


def decode(line: bytes) -> bytes:
    """The octets of a response line without its line end. Raises ValueError."""
    try:
        return binascii.a2b_base64(line, strict_mode=True)
    except binascii.Error as error:
        raise ValueError("That is not base64") from error


def decode_initial(word: bytes) -> bytes:
    """The octets of an initial response. Raises ValueError."""
    return b"" if word == b"=" else decode(word)


def encode(data: bytes) -> bytes:
    """One line of base64 without a line end."""
    return binascii.b2a_base64(data, newline=False)
