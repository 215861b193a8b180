"""No octets upset a reader, and none makes it take long: whatever comes is judged."""

import bz2
import gzip
import io
import lzma
import random
import tarfile
from collections.abc import Callable, Iterator
from struct import pack

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.policy.attachments import (
    cabinet,
    documents,
    iso,
    office,
    rar,
    rtf,
    sevenzip,
    streams,
    tar,
    vba,
    zip,
)
from alphorn.policy.attachments.budget import Budget, Exhausted
from alphorn.policy.attachments.items import Finding, Item, Reader
from alphorn.policy.attachments.kinds import Kind, identify
from alphorn.policy.attachments.view import Damaged, View
from tests.policy.attachments import makers
from tests.policy.attachments.makers import AUTOMATIC, PDF, PROGRAM, judge, judge_file, zipped
from tests.support.cost import cost

WORK = 4 << 20
FILES = 500
MOST_SECONDS = 1.0


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in ("a" * 150, "b.txt"):
            archive.addfile(tarfile.TarInfo(name))
    return out.getvalue()


def cab() -> bytes:
    file = pack("<LLHHHH", 3, 0, 0, 0, 0, 0x20) + b"a.txt\0" + pack("<LLHHHH", 3, 3, 0, 0, 0, 0x80)
    head = pack("<4sLLLLL2B5H", b"MSCF", 0, 100, 0, 44, 0, 3, 1, 1, 2, 0, 0, 0)
    return head + pack("<LHH", 80, 0, 0) + file + b"b.txt\0" + bytes(40)


def one(kind: Kind) -> Reader:
    def read(view: View, budget: Budget) -> Iterator[Item]:
        return streams.members(kind, ("a.gz",), view, budget)

    return read


def macros(view: View, budget: Budget) -> Iterator[Item]:
    vba.decompress(view.whole(), budget, 65536)
    return iter(())


def relations(view: View, budget: Budget) -> Iterator[Item]:
    return documents.part_findings("word/_rels/document.xml.rels", view)


def seven() -> bytes:
    """An archive of two files, one of them in a folder, as 7-Zip 23 writes it with LZMA2."""
    data = lzma.compress(
        b"hello", lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]
    )
    names = "a.txt\0b\0".encode("utf-16-le")
    header = (
        b"\x01\x04\x06\x00\x01\x09" + bytes((len(data),)) + b"\x00"
        b"\x07\x0b\x01\x00\x01\x21\x21\x01\x00\x0c\x05\x00\x08\x0a\x01\x00\x00\x00\x00\x00\x00"
        b"\x05\x02\x0e\x01\x40\x11" + bytes((len(names) + 1,)) + b"\x00" + names + b"\x00\x00"
    )
    return (
        pack("<6s2BLQQL", b"7z\xbc\xaf\x27\x1c", 0, 4, 0, len(data), len(header), 0) + data + header
    )


def disc() -> bytes:
    """An image with one directory, that has one file."""
    name = b"A.TXT;1"
    entry = pack("<BBLLLL7sBBBHHB", 40, 0, 19, 0, 5, 0, b"", 0, 0, 0, 1, 0, len(name)) + name
    root = pack("<BBLLLL7sBBBHHB", 34, 0, 18, 0, 2048, 0, b"", 2, 0, 0, 1, 0, 1) + b"\0"
    descriptor = (b"\x01CD001".ljust(156, b"\0") + root).ljust(2048, b"\0")
    end = b"\xffCD001".ljust(2048, b"\0")
    return bytes(16 * 2048) + descriptor + end + entry.ljust(2048, b"\0") + b"hello"


GOOD: dict[str, tuple[Reader, Callable[[], bytes]]] = {
    "zip": (zip.members, lambda: zipped(("a.txt", b"a" * 100), ("b.txt", b"b"))),
    "tar": (tar.members, tarred),
    "7z": (sevenzip.members, seven),
    "rar4": (rar.members, lambda: makers.rar4((b"a\0\x04\x55abcd", b"x"), flags=0x200)),
    "rar5": (rar.members, lambda: makers.rar5(("a", b"x"), ("b", b"y"), encrypted=True)),
    "iso": (iso.members, disc),
    "cab": (cabinet.members, cab),
    "arj": (cabinet.arj_members, lambda: b"\x60\xea\x22\0\x1e" + bytes(200)),
    "office": (office.members, lambda: makers.compound(makers.vba(AUTOMATIC))),
    "native": (
        lambda view, budget: office.native(view.whole(), sized=True),
        lambda: makers.native("a.txt", b"x"),
    ),
    "embedded": (
        lambda view, budget: office.embedded(view.whole(), budget),
        lambda: b"\1\5\0\0\2\0\0\0\x08\0\0\0Package\0" + bytes(8) + makers.native("a.txt", b"x"),
    ),
    "vba": (macros, lambda: makers.ovba(AUTOMATIC * 20)),
    "rtf": (
        rtf.members,
        lambda: b"{\\rtf1{\\object{\\*\\objdata 0105000002000000" + b"Equation.3".hex().encode(),
    ),
    "onenote": (
        documents.onenote_members,
        lambda: bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac") + bytes(20) + PROGRAM,
    ),
    "active mime": (
        documents.active_mime_members,
        lambda: b"ActiveMime" + bytes(40) + b"x\x9c\x03\0",
    ),
    "office xml": (documents.xml_members, lambda: b"<pkg:binaryData>QWN0aXZlTWltZQ==<"),
    "relations": (
        relations,
        lambda: b'<Relationship Type="/oleObject" Target="mhtml:a!" x="External"/>',
    ),
    "gzip": (one(Kind.GZIP), lambda: gzip.compress(b"x" * 500)),
    "bzip2": (one(Kind.BZIP2), lambda: bz2.compress(b"x" * 500)),
    "xz": (one(Kind.XZ), lambda: lzma.compress(b"x" * 500)),
    "lzma": (one(Kind.LZMA), lambda: lzma.compress(b"x" * 500, lzma.FORMAT_ALONE)),
    "zstd": (one(Kind.ZSTANDARD), lambda: zstandard.ZstdCompressor().compress(b"x" * 500)),
}


def read(reader: Reader, data: bytes) -> int:
    """How much was found; a reader may raise `Damaged` and `Exhausted`, and nothing else."""
    found = 0

    def once() -> None:
        nonlocal found
        found = walk(reader, data)

    assert cost(once, MOST_SECONDS) < MOST_SECONDS
    return found


def walk(reader: Reader, data: bytes) -> int:
    budget = Budget(WORK, FILES)
    found = 0
    try:
        for item in reader(View(data), budget):
            found += 1
            if isinstance(item, Finding) or item.open is None:
                continue
            try:
                view = item.open(512)
                assert len(view) <= 512
                assert len(item.open(None)) <= WORK + len(data)
            except (Damaged, Exhausted):
                continue
    except (Damaged, Exhausted):
        pass
    assert budget.work >= 0
    return found


@pytest.mark.parametrize("name", sorted(GOOD))
def test_what_is_in_order_is_read(name: str) -> None:
    reader, make = GOOD[name]
    if name not in ("vba", "arj"):
        assert read(reader, make())


@pytest.mark.parametrize("name", sorted(GOOD))
@settings(deadline=None, max_examples=60)
@given(data=st.binary(max_size=400))
def test_any_octets(name: str, data: bytes) -> None:
    reader, make = GOOD[name]
    read(reader, data)
    read(reader, make()[:32] + data)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_damage_at_random(name: str) -> None:
    """Octets changed, lost, doubled and cut off: the same ones in each run."""
    reader, make = GOOD[name]
    whole = make()
    rng = random.Random(name)
    for _ in range(150):
        raw = bytearray(whole)
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(max(1, len(raw)))
            match rng.randrange(5):
                case 0:
                    raw[at : at + 1] = bytes((rng.randrange(256),))
                case 1:
                    raw[at : at + 4] = rng.choice((b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f"))
                case 2:
                    del raw[at : at + rng.choice((1, 4, 100))]
                case 3:
                    raw[at:at] = raw[at : at + rng.choice((8, 64))]
                case _:
                    if rng.random() < 0.1:
                        del raw[at:]
        read(reader, bytes(raw))


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=600), st.sets(st.sampled_from(("zip", "iso", "eml", "doc", ""))))
def test_everything_is_something(data: bytes, names: set[str]) -> None:
    assert isinstance(identify(View(data), names), Kind)


MARKS = (
    *(b"MZ\0", b"PK\x03\x04", b"PK\x05\x06", b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00"),
    *(b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08\x08", b"BZh9", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"),
    *(
        b"MSCF\0\0\0\0",
        b"\x60\xea",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"{\\rtf1",
        b"]\0\0\x80\0",
    ),
    *(b"\x78\x9f\x3e\x22", b"ActiveMime", b"From: a\r\nContent-Type: x/y\r\n\r\n", b"%PDF"),
)


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(MARKS),
    st.binary(max_size=300),
    st.sampled_from(("a.zip", "a.iso", "a.eml", "a.doc", "a.tar.gz", "x")),
)
def test_the_stage_takes_anything(mark: bytes, data: bytes, name: str) -> None:
    judge_file(mark + data, name)
    judge_file(zipped((name, mark + data)), "b.zip")
    judge(mark + data)


HEADERS = (
    *(b"Content-Type: ", b"Content-Disposition: ", b"attachment; ", b"filename=", b"name*0*="),
    *(
        b"utf-8''",
        b'"',
        b"=?utf-8?B?",
        b"?=",
        b"%2e",
        b"\r\n ",
        b"\r\n",
        b"\xff",
        b"\0",
        b"exe",
        b".",
    ),
    *(
        b"message/rfc822",
        b"multipart/mixed; boundary=a",
        b"\r\n\r\n",
        b"--a\r\n",
        b"base64",
        b"begin 644 x",
    ),
    b"Content-Transfer-Encoding: ",
)


@settings(deadline=None, max_examples=400)
@given(st.lists(st.sampled_from(HEADERS), max_size=40).map(b"".join))
def test_no_header_upsets(raw: bytes) -> None:
    judge(raw)
    judge(b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n" + raw)


def test_the_examples_are_judged_as_files() -> None:
    assert judge_file(PDF, "a.pdf").passes
