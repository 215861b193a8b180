"""Properties of Outlook and Exchange in a TNEF stream (MS-OXTNEF §2.1.3.4, MS-OXCDATA).

`read` never raises: what is cut short or wrong ends the list, and what came before it counts.
"""

from dataclasses import dataclass
from struct import Struct, unpack_from

from alphorn.message import charsets

MAX_PROPERTIES = 4096
MAX_VALUES = 4096

_HEAD = Struct("<HH")
_LONG = Struct("<L")
_NAMED = 0x8000
_MANY = 0x1000

_STRING8, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_VARIABLE = frozenset((_STRING8, _UNICODE, _OBJECT, _BINARY))
_SIZES = {
    **dict.fromkeys((0x02, 0x03, 0x04, 0x0A, 0x0B), 4),
    **dict.fromkeys((0x05, 0x06, 0x07, 0x14, 0x40), 8),
    0x48: 16,
    0x00: 0,
    0x01: 0,
}


@dataclass(frozen=True, slots=True)
class Property:
    """`octets` is the first value as it stands there, without its padding."""

    kind: int
    octets: bytes

    def text(self, charset: str) -> str:
        """The value as text up to its zero; `charset` is that of strings in octets."""
        if self.kind == _UNICODE:
            text = self.octets.decode("utf-16-le", "replace")
        else:
            text = charsets.decode(self.octets, charset)
        return text.partition("\0")[0]

    @property
    def number(self) -> int:
        return int.from_bytes(self.octets[:4], "little", signed=False)


def read(data: bytes, at: int = 0) -> dict[int, Property]:
    """The properties with a number of their own, by that number; of a repeated one the first.

    Properties that are known by a name are skipped.
    """
    found: dict[int, Property] = {}
    size = len(data)
    if at + 4 > size:
        return found
    count = min(unpack_from("<L", data, at)[0], MAX_PROPERTIES)
    at += 4
    for _ in range(count):
        if at + 4 > size:
            break
        kind, number = _HEAD.unpack_from(data, at)
        at += 4
        if number >= _NAMED:
            at = _past_name(data, at)
        values = 1
        plain = kind & ~_MANY
        if kind & _MANY or plain in _VARIABLE:
            values = _number(data, at)
            at += 4
        if at < 0 or not 0 <= values <= MAX_VALUES:
            break
        first: bytes | None = None
        for _ in range(values):
            if plain in _VARIABLE:
                length = _number(data, at)
                at += 4
            else:
                length = _SIZES.get(plain, -1)
            if length < 0 or at > size:
                return found
            if first is None:
                first = data[at : at + length]
            at += length + -length % 4
        if number < _NAMED:
            found.setdefault(number, Property(plain, first or b""))
    return found


def _past_name(data: bytes, at: int) -> int:
    """After the set and the name of a named property; -1 beyond the end."""
    kind = _number(data, at + 16)
    value = _number(data, at + 20)
    if kind < 0 or value < 0:
        return -1
    return at + 24 if kind == 0 else at + 24 + value + -value % 4


def _number(data: bytes, at: int) -> int:
    """Four octets as a number, -1 beyond the end."""
    if at < 0 or at + 4 > len(data):
        return -1
    return int(_LONG.unpack_from(data, at)[0])
