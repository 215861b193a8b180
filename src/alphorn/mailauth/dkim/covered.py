"""What signatures are made over: header fields and hashes of bodies, worked out once for a message
however many signatures ask (RFC 6376 §3.7)."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from alphorn.mailauth.dkim.canonical import (
    header_of,
    relaxed_body,
    relaxed_field,
    simple_body,
    split,
    split_fields,
)
from alphorn.mailauth.dkim.fields import field_name

_SPACE = b" \t\r\n"


class Covered:
    """Of one message. Making one costs nothing: all is worked out when it is first asked for. Not
    for several threads at once.

    Signatures under a header of more than `signature.MAX_HEADER` octets have a fault and never ask.
    """

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._by_name: dict[bytes, list[bytes]] | None = None
        self._relaxed: dict[bytes, bytes] = {}
        self._bodies: dict[bool, bytes] = {}

    def _fields(self) -> dict[bytes, list[bytes]]:
        if self._by_name is None:
            self._by_name = {}
            for field in split_fields(header_of(self._raw)):
                self._by_name.setdefault(field_name(field), []).append(field)
        return self._by_name

    def header(self, names: Iterable[str], relaxed: bool, field: bytes) -> bytes:
        """What the signature in `field` signs: the fields of its `h=`, from the bottom up, and
        itself without its value. It never counts among the former (RFC 6376 §5.4)."""
        own = field_name(field)
        by_name = self._fields()
        left: dict[bytes, list[bytes]] = {}
        chosen: list[bytes] = []
        for name in names:
            key = name.encode()
            if key not in left:
                left[key] = list(by_name.get(key, ()))
                if key == own and field in left[key]:
                    left[key].remove(field)
            if left[key]:
                chosen.append(left[key].pop())
        return self.octets(chosen, relaxed) + self.octets([without_value(field)], relaxed)[:-2]

    def octets(self, fields: Sequence[bytes], relaxed: bool) -> bytes:
        """The fields as they are hashed, each with its CRLF."""
        if not relaxed:
            return b"".join(field + b"\r\n" for field in fields)
        return b"".join(self._relax(field) for field in fields)

    def _relax(self, field: bytes) -> bytes:
        known = self._relaxed.get(field)
        if known is None:
            known = self._relaxed[field] = relaxed_field(field) + b"\r\n"
        return known

    def body_length(self, relaxed: bool) -> int:
        """In octets, as it is hashed."""
        return len(self._canonical(relaxed))

    def body_hashes(self, relaxed: bool, lengths: Iterable[int]) -> dict[int, bytes]:
        """SHA-256 of the body's first so many octets, for each of `lengths`; in one pass."""
        body = memoryview(self._canonical(relaxed))
        hashes: dict[int, bytes] = {}
        digest = sha256()
        done = 0
        for length in sorted(set(lengths)):
            digest.update(body[done:length])
            done = length
            hashes[length] = digest.digest()
        return hashes

    def _canonical(self, relaxed: bool) -> bytes:
        if relaxed not in self._bodies:
            make = relaxed_body if relaxed else simple_body
            self._bodies[relaxed] = make(split(self._raw)[1])
        return self._bodies[relaxed]


def without_value(field: bytes) -> bytes:
    """A signature with its `b=` empty, as it is when it is signed."""
    name, colon, value = field.partition(b":")
    parts = value.split(b";")
    for at, part in enumerate(parts):
        tag, equals, _ = part.partition(b"=")
        if equals and tag.strip(_SPACE) == b"b":
            parts[at] = tag + equals
            break
    return name + colon + b";".join(parts)
