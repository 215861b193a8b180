"""Messages in files: single ones, mboxes (RFC 4155), Maildirs, and folders full of any of these.

Only what is read is judged: a file that begins with "From " is an mbox, a folder with `cur` and
`new` in it a Maildir. Line ends become CRLF. Files and messages of more than MAX_OCTETS are left
out, as are hidden files.
"""

import mmap
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from alphorn.base.errors import NotFound, Unavailable
from alphorn.message.line_ends import with_crlf

MAX_OCTETS = 64 << 20
"""Of one message; an mbox may have any number of them."""

_BEGIN = b"From "
# A message begins after an empty line, or at the beginning of the file.
_NEXT = re.compile(rb"\r?\n\r?\nFrom [^\n]*\n")
_ENDED = re.compile(rb"\n\r?\n\Z")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


def messages(paths: Iterable[Path]) -> Iterator[bytes]:
    """All messages, in the order of the paths and of names within them. Raises NotFound for a path
    that is not there, Unavailable for what cannot be read."""
    for path in paths:
        if not path.exists():
            raise NotFound(f"There is no {path}.", code="no-such-file")
        for file in _files(path):
            try:
                yield from _of_file(file)
            except OSError as error:
                raise Unavailable(f"{file} cannot be read: {error.strerror}.") from error


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    folders = [path / "new", path / "cur"]
    if all(folder.is_dir() for folder in folders):
        for folder in folders:
            yield from sorted(file for file in folder.iterdir() if file.is_file())
        return
    for entry in sorted(path.iterdir()):
        if not entry.name.startswith(".") and not entry.is_symlink():
            if entry.is_dir():
                yield from _files(entry)
            elif entry.is_file():
                yield entry


def _of_file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        begin = file.read(len(_BEGIN))
        if not begin:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if begin == _BEGIN:
                for raw in _of_mbox(content):
                    yield with_crlf(_QUOTED.sub(rb"\1", raw))
            elif len(content) <= MAX_OCTETS:
                yield with_crlf(content[:])


def _of_mbox(content: mmap.mmap) -> Iterator[bytes]:
    at = content.find(b"\n") + 1 or len(content)
    for separator in _NEXT.finditer(content):
        if separator.start() < at:
            continue
        if separator.start() + 2 - at <= MAX_OCTETS:
            yield content[at : separator.start()] + b"\n"
        at = separator.end()
    if 0 < len(content) - at <= MAX_OCTETS:
        # The empty line that ends a message is not its own.
        last = content[at:]
        yield last[: -1 if last.endswith(b"\n\n") else -2] if _ENDED.search(last) else last
