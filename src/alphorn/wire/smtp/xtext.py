"""xtext (RFC 3461 §4): printable ASCII in which `+2B` is a plus and `+3D` an equals sign."""

import re

_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_HEX = re.compile(r"\+([0-9A-F]{2})")
_UNSAFE = re.compile(rb"[^!-*,-<>-~]")


def decode(text: str) -> str:
    """What it stands for. Raises ValueError where it is not xtext, not UTF-8, or hides a control
    character, which could otherwise end a line of a report."""
    if not _XTEXT.fullmatch(text):
        raise ValueError("That is not xtext")
    if "+" not in text:
        return text
    octets = _HEX.sub(lambda match: chr(int(match[1], 16)), text).encode("latin-1")
    decoded = octets.decode()  # UnicodeDecodeError is a ValueError
    if not decoded.isprintable():
        raise ValueError("It holds a control character")
    return decoded


def encode(text: str) -> str:
    """`text` as xtext, its UTF-8 octets where it is not ASCII."""
    return _UNSAFE.sub(lambda match: b"+%02X" % match[0][0], text.encode()).decode("ascii")
