"""Compression of what the store keeps.

A small text shares little with itself but much with others of its kind; so single pieces are
compressed with a dictionary: a text of what mail usually says, which we wrote (`mail-1.txt`). Each
compressed piece begins with an octet that says how to read it, so that other dictionaries and
methods can be added. Once a dictionary is released it never changes.
"""

import threading
from functools import cache
from importlib.resources import files

import zstandard

from alphorn.base.errors import Unavailable

FASTEST = -4
QUICKEST = 1
"""The levels for what will soon be compressed anew with others: small, and not small."""
QUICK = 3
"""The level for what is compressed while a client waits, and then stays as it is."""
THOROUGH = 7
"""The level for what is compressed later, in large pieces."""
SMALL_OCTETS = 2 * 1024
"""Below this size most of the work is that of the better levels' tables."""
PLAIN_OCTETS = 8 * 1024
"""From this size on the dictionary saves a thirtieth of the octets, for a fifth of the work."""
LARGE_OCTETS = 64 * 1024
"""From this size on, what follows a header stays alone."""

Octets = bytes | memoryview

_STORED = b"\x00"
_MAIL_1 = b"\x01"


def pack(data: bytes) -> bytes:
    """`data`, compressed quickly."""
    return _shorter(_MAIL_1, _compressor(QUICK).compress(data), data)


def pack_young(data: bytes) -> bytes:
    """`data`, compressed as quickly as it can be, if it is not large."""
    size = len(data)
    if size < SMALL_OCTETS:
        compressor = _compressor(FASTEST)
    elif size < PLAIN_OCTETS:
        compressor = _compressor(QUICKEST)
    elif size < LARGE_OCTETS:
        compressor = _threads.plain
    else:
        compressor = _compressor(QUICK)
    return _shorter(_MAIL_1, compressor.compress(data), data)


def pack_thoroughly(data: bytes) -> bytes:
    """`data`, compressed more slowly, for what is kept long."""
    return _shorter(_MAIL_1, _compressor(THOROUGH).compress(data), data)


def unpack(piece: Octets) -> bytes:
    """What was packed. Raises Unavailable("damaged") where that cannot be had any more."""
    how = piece[:1]
    try:
        if how == _MAIL_1:
            return _threads.reader.decompress(piece[1:])
    except zstandard.ZstdError as error:
        raise _damaged() from error
    if how == _STORED:
        return bytes(piece[1:])
    raise _damaged()


def size(piece: Octets) -> int:
    """How many octets `unpack` will give; of a damaged piece its own length."""
    if piece[:1] != _STORED:
        try:
            return zstandard.frame_content_size(piece[1:19])
        except zstandard.ZstdError:
            pass
    return len(piece) - 1


def _shorter(mark: bytes, compressed: bytes, data: bytes) -> bytes:
    return mark + compressed if len(compressed) < len(data) else _STORED + data


def _damaged() -> Unavailable:
    return Unavailable("A stored message is damaged.", code="damaged")


@cache
def _dictionary(level: int) -> zstandard.ZstdCompressionDict:
    """The dictionary, made ready for compressing at this level."""
    text = files(__package__).joinpath("mail-1.txt").read_text("utf-8").replace("\n", "\r\n")
    dictionary = zstandard.ZstdCompressionDict(
        text.encode(), dict_type=zstandard.DICT_TYPE_RAWCONTENT
    )
    dictionary.precompute_compress(level=level)
    return dictionary


# Compressors and decompressors serve one thread each, and are dear to make.


class _Threads(threading.local):
    def __init__(self) -> None:
        self.reader = zstandard.ZstdDecompressor(dict_data=_dictionary(QUICK))
        self.compressors: dict[int, zstandard.ZstdCompressor] = {}
        # What was compressed without the dictionary is read with it all the same.
        self.plain = zstandard.ZstdCompressor(level=QUICKEST, write_checksum=True)


_threads = _Threads()


def _compressor(level: int) -> zstandard.ZstdCompressor:
    compressors = _threads.compressors
    if level not in compressors:
        compressors[level] = zstandard.ZstdCompressor(
            dict_data=_dictionary(level), write_checksum=True, write_dict_id=False
        )
    return compressors[level]
