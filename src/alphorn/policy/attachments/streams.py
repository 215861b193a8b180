"""One compressed file without a directory: gzip, bzip2, xz, lzma, zstd.

Its name is that of the compressed file without the last extension, and beside it the one that a
gzip header tells (RFC 1952 §2.3.1). Who reads gives the outer names.
"""

from collections.abc import Iterator
from struct import Struct

from alphorn.message import charsets
from alphorn.policy.attachments import expand
from alphorn.policy.attachments.budget import Budget
from alphorn.policy.attachments.expand import Method
from alphorn.policy.attachments.items import Item, Member, compressed
from alphorn.policy.attachments.kinds import Kind
from alphorn.policy.attachments.view import View

MAX_GZIP_NAME = 1024

_GZIP = Struct("<2sBB6x")
_HAS_EXTRA, _HAS_NAME = 4, 8
_LENGTH = Struct("<H")

_METHODS: dict[Kind, Method] = {
    Kind.GZIP: expand.GZIP,
    Kind.BZIP2: expand.BZIP2,
    Kind.XZ: expand.XZ,
    Kind.LZMA: expand.LZMA_ALONE,
    Kind.ZSTANDARD: expand.ZSTANDARD,
}
_SHORT = {"tgz": "tar", "tbz": "tar", "tbz2": "tar", "txz": "tar", "tlz": "tar", "tzst": "tar"}
_OWN = frozenset(("gz", "gzip", "z", "bz2", "bz", "xz", "lzma", "zst", "zstd", *_SHORT))


def members(kind: Kind, names: tuple[str, ...], source: View, budget: Budget) -> Iterator[Item]:
    """The one file in it."""
    budget.file()
    inner = []
    if kind is Kind.GZIP and (told := _gzip_name(source)):
        inner.append(told)
    inner += [_without_extension(name) for name in names]
    opener = compressed(_METHODS[kind], source, budget)
    yield Member(tuple(dict.fromkeys(inner)) or ("",), opener)


def _gzip_name(source: View) -> str:
    _, _, flags = source.unpack(_GZIP, 0)
    at = _GZIP.size
    if not flags & _HAS_NAME:
        return ""
    if flags & _HAS_EXTRA:
        at += 2 + int(source.unpack(_LENGTH, at)[0])
    name = source.read(at, MAX_GZIP_NAME).partition(b"\0")[0]
    return charsets.decode_unlabelled(name)


def _without_extension(name: str) -> str:
    base, dot, extension = name.rstrip(" .").rpartition(".")
    extension = extension.lower()
    if not dot or extension not in _OWN:
        return name
    return f"{base}.{_SHORT[extension]}" if extension in _SHORT else base
