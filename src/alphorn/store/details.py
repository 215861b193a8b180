"""What is worked out at delivery but read seldom enough to be kept compressed, in one piece."""

import struct
from enum import IntEnum

from alphorn.message.summary import Summary
from alphorn.store.text import storable

_LENGTHS = struct.Struct("<IIIII")


class Detail(IntEnum):
    """In the order in which they stand; the first two are octets, the others text."""

    STRUCTURE = 0
    PARTS = 1
    PREVIEW = 2
    DISPLAY_FROM = 3
    DISPLAY_TO = 4


def details_of(summary: Summary) -> bytes:
    """The pieces as one, not compressed."""
    pieces = (
        summary.structure,
        summary.parts,
        storable(summary.preview).encode(),
        storable(summary.sort_display_from).encode(),
        storable(summary.sort_display_to).encode(),
    )
    return b"".join((_LENGTHS.pack(*map(len, pieces)), *pieces))


def read_detail(data: bytes, detail: Detail) -> bytes | str:
    """One of the pieces."""
    lengths = _LENGTHS.unpack_from(data)
    start = _LENGTHS.size + sum(lengths[:detail])
    piece = data[start : start + lengths[detail]]
    return piece if detail <= Detail.PARTS else piece.decode()
