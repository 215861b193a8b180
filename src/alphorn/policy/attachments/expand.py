"""Compressed octets expanded, as many as are wanted and the budget gives.

All is done by C code in pieces of CHUNK, so that neither a lie about sizes nor a bomb costs more
than the bound. What is damaged gives what came before the damage. The ratio at which something
expands tells bombs from files: deflate reaches 1000, text 5, tables of numbers 20.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import zstandard

from alphorn.policy.attachments.budget import PEEK, Budget, Exhausted
from alphorn.policy.attachments.view import Damaged, View

CHUNK = 128 * 1024
INPUT = 16 * 1024
SMALL = 4096
BOMB_RATIO = 100
BOMB_OCTETS = 1 << 20
SHARE = 0.75
MAX_DICTIONARY = 128 << 20
MAX_WINDOW_LOG = 23

Step = Callable[[bytes, int], tuple[bytes, bytes, bool]]
"""From input and a limit to: output, input that is left, and whether this was the end."""


class Method(Protocol):
    """A way of expanding: `make` begins anew; each octet read costs as much as `factor` given."""

    factor: int

    def make(self) -> Step: ...


class Inflate:
    """Deflate, zlib or gzip, by `bits` as zlib counts them."""

    factor = 0

    def __init__(self, bits: int) -> None:
        self._bits = bits

    def make(self) -> Step:
        machine = zlib.decompressobj(self._bits)

        def step(data: bytes, limit: int) -> tuple[bytes, bytes, bool]:
            given = machine.decompress(data, limit)
            return given, machine.unconsumed_tail, machine.eof

        return step


class Lzma:
    """xz, `.lzma`, or raw streams by their filters; dictionaries are bounded."""

    factor = 14

    def __init__(self, form: int, filters: list[Mapping[str, Any]] | None = None) -> None:
        self._form = form
        self._filters = filters

    def make(self) -> Step:
        if self._form == lzma.FORMAT_RAW:
            machine = lzma.LZMADecompressor(self._form, filters=self._filters)
        else:
            machine = lzma.LZMADecompressor(self._form, memlimit=MAX_DICTIONARY + (1 << 20))
        return _step_of(machine)


class Bzip2:
    factor = 16

    def make(self) -> Step:
        return _step_of(bz2.BZ2Decompressor())


class Zstandard:
    """A frame is read as a stream; its window is bounded."""

    factor = 8

    def make(self) -> Step:
        machine = zstandard.ZstdDecompressor(max_window_size=1 << MAX_WINDOW_LOG).decompressobj(
            write_size=SMALL
        )

        def step(data: bytes, limit: int) -> tuple[bytes, bytes, bool]:
            # It knows no limit: little goes in, so that no more than two megabytes come out.
            given = machine.decompress(data[:_ZSTD_PIECE])
            return given, data[_ZSTD_PIECE:], machine.eof

        return step


class Stored:
    """Nothing to expand, where a chain of methods has such a link."""

    factor = 0

    def make(self) -> Step:
        def step(data: bytes, limit: int) -> tuple[bytes, bytes, bool]:
            return data[:limit], data[limit:], False

        return step


_ZSTD_PIECE = 64


def _step_of(machine: "bz2.BZ2Decompressor | lzma.LZMADecompressor") -> Step:
    def step(data: bytes, limit: int) -> tuple[bytes, bytes, bool]:
        # It keeps what it has not used, and is then given nothing new.
        given = machine.decompress(data if machine.needs_input else b"", limit)
        return given, b"" if machine.needs_input or machine.eof else b"\0", machine.eof

    return step


DEFLATE = Inflate(-15)
GZIP = Inflate(31)
ZLIB = Inflate(15)
BZIP2 = Bzip2()
XZ = Lzma(lzma.FORMAT_XZ)
LZMA_ALONE = Lzma(lzma.FORMAT_ALONE)
ZSTANDARD = Zstandard()
STORED = Stored()

_FAULTS = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, zstandard.ZstdError)


def expand(method: Method, source: View, budget: Budget, limit: int | None = None) -> bytes:
    """Up to `limit` octets, or all of them; less where the source is damaged.

    Raises `Damaged` where there are none at all, and `Exhausted` where all are wanted and the
    budget has not as many; one file may take SHARE of what is there, so that something is left for
    the others.
    """
    budget.charge(PEEK)
    reserve = budget.work - int(budget.work * SHARE) if limit is None else 0
    given: list[bytes] = []
    total = at = 0
    left = b""
    try:
        step = method.make()
        while True:
            fresh = not left
            if fresh:
                left = source.read(at, SMALL if not at else INPUT)
                at += len(left)
                budget.charge(len(left) * method.factor)
            room = min(CHUNK, budget.work + 1)
            if budget.work <= reserve:
                raise Exhausted
            if limit is not None:
                room = min(room, limit - total)
            piece, left, ended = step(left, room)
            total += len(piece)
            given.append(piece)
            budget.charge(len(piece))
            if ended or (limit is not None and total >= limit):
                break
            if not piece and not left and at >= len(source):
                break
    except Exhausted:
        bomb = total > BOMB_OCTETS and total > BOMB_RATIO * (at - len(left))
        raise Exhausted(bomb, b"".join(given)) from None
    except _FAULTS:
        if not total:
            raise Damaged("compressed data") from None
    return b"".join(given)
