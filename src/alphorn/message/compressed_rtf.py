"""RTF as Outlook compresses it (MS-OXRTFCP)."""

from struct import Struct

MAX_RTF = 8 << 20

_HEADER = Struct("<LL4sL")
_WINDOW = 4096
# What every stream may copy from (§2.1.2.1): words that most RTF begins with.
_PRESET = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    b"\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def decompress(data: bytes, limit: int = MAX_RTF) -> bytes:
    """The RTF in `data`, up to `limit` octets; what came before the damage where it is damaged."""
    if len(data) < _HEADER.size:
        return b""
    packed_size, size, kind, _ = _HEADER.unpack_from(data)
    end = min(len(data), packed_size + 4)
    size = min(size, limit)
    if kind == b"MELA":
        return data[_HEADER.size : min(len(data), _HEADER.size + size)]
    if kind != b"LZFu":
        return b""
    given = bytearray(_PRESET)
    most = len(_PRESET) + size
    at = _HEADER.size
    while at < end and len(given) < most:
        flags = data[at]
        at += 1
        if not flags:
            given += data[at : min(at + 8, end)]
            at += 8
            continue
        for bit in range(8):
            if at >= end:
                break
            if not flags >> bit & 1:
                given.append(data[at])
                at += 1
                continue
            token = int.from_bytes(data[at : at + 2], "big")
            at += 2
            distance = (len(given) - (token >> 4)) % _WINDOW
            length = (token & 15) + 2
            begin = len(given) - distance
            if distance == 0 or begin < 0:  # the mark of the end, or damage
                return bytes(given[len(_PRESET) : most])
            if distance >= length:
                given += given[begin : begin + length]
            else:
                piece = bytes(given[begin:])
                given += (piece * (length // distance + 1))[:length]
    return bytes(given[len(_PRESET) : most])
