"""Header fields as octets: encoded and folded (RFC 5322 §2.2.3, §3.6; RFC 6532 §3.1).

No value can end its field early: control characters become spaces.
"""

import re

from alphorn.message import words

MAX_LINE = 76

_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")


def field(name: str, value: str) -> bytes:
    """A structured field, which is ASCII already, or UTF-8 where the message may be (RFC 6532)."""
    return _folded(name, value)


def text_field(name: str, value: str) -> bytes:
    """An unstructured field; what is not printable ASCII goes into encoded words."""
    return _folded(name, words.encode(value, used=len(name) + 2))


def parameter_field(name: str, value: str, parameters: tuple[tuple[str, str], ...]) -> bytes:
    """A field with parameters, encoded by RFC 2231 where they must be, one a line where long."""
    pieces = [_CONTROLS.sub(" ", value)]
    for key, text in parameters:
        pieces += words.encode_parameter(key, text)
    line = f"{name}: {'; '.join(pieces)}"
    if len(line) > MAX_LINE:
        line = f"{name}: " + ";\r\n ".join(pieces)
    return line.encode("utf-8", "replace") + b"\r\n"


def _folded(name: str, value: str) -> bytes:
    line = f"{name}: {_CONTROLS.sub(' ', value)}"
    if len(line) <= MAX_LINE:
        return line.encode("utf-8", "replace") + b"\r\n"
    lines: list[str] = []
    current = f"{name}:"
    for word in line[len(name) + 2 :].split(" "):
        # Broken before a word only, so that no line is left with nothing but white space.
        if word and len(current) + 1 + len(word) > MAX_LINE and current != f"{name}:":
            lines.append(current)
            current = f" {word}"
            continue
        current += f" {word}"
    lines.append(current)
    return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n"
