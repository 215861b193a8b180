"""What is made to exhaust whoever looks into it costs less than 50 ms and 20 MB.

Each is judged in a process of its own, which measures itself by the system's figures.
"""

import bz2
import gzip
import io
import json
import lzma
import random
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from alphorn.message.parse import parse
from alphorn.policy.attachments import check
from alphorn.policy.attachments.rules import AttachmentRules
from tests.policy.attachments.makers import (
    PROGRAM,
    compound,
    judge_file,
    message,
    part,
    rar4,
    rar5,
    vba,
    zipped,
)
from tests.support.cost import cost, promised

MOST_SECONDS = 0.05
MOST_OCTETS = 20 << 20
MEGABYTE = 1 << 20


def zip_of_zeros() -> bytes:
    return zipped(*((f"{n}.bin", bytes(20 * MEGABYTE)) for n in range(10)))


def nested_zips() -> bytes:
    """Sixteen of sixteen of sixteen, and zeros at the end of each way."""
    archive = zipped(("0.dll.txt", bytes(30 * MEGABYTE)))
    for _ in range(5):
        archive = zipped(*((f"lib{n}.zip", archive) for n in range(16)))
    return archive


def quine() -> bytes:
    """An archive that holds a file of which it says that it is itself: endless for who believes."""
    name = b"a.zip"
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0) + name
    central = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, *(0,) * 2, len(name), *(0,) * 6
    )
    size = len(local) + len(central) + len(name) + 22
    local = local[:18] + struct.pack("<LL", size, size) + local[26:]
    central = central[:20] + struct.pack("<LL", size, size) + central[28:] + name
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def overlapping() -> bytes:
    """All files of the directory are the same octets (as in the better known bombs)."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = kernel.compress(bytes(20 * MEGABYTE)) + kernel.flush()
    local = (
        struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, len(data), 0, 5, 0) + b"a.zip"
    )
    central = b""
    for n in range(20_000):
        name = b"%05d.zip" % n
        central += struct.pack(
            "<4s6H3L5H2L",
            *(b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, len(data), 20 * MEGABYTE, len(name), *(0,) * 6),
        )
        central += name
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 20_000, 20_000, len(central), 0, 0)
    head = local + data
    end = end[:16] + struct.pack("<L", len(head)) + end[20:]
    return head + central + end


def tar_of_claims() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for n in range(3000):
            member = tarfile.TarInfo(f"{n}.zip")
            member.size = 0
            archive.addfile(member)
    data = bytearray(out.getvalue())
    data[124:136] = b"\x80" + b"\x7f" * 11
    return bytes(data)


def tar_of_headers() -> bytes:
    header = tarfile.TarInfo("a.txt").tobuf()
    return header * 5_000


def huge_tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo("a.bin")
        member.size = 60 * MEGABYTE
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    return gzip.compress(out.getvalue())


def random_7z() -> bytes:
    """A header that claims a folder of many streams and files."""
    names = "".join(f"{n}.zip\0" for n in range(20_000)).encode("utf-16-le")
    files = b"\x05" + b"\xc0\x20\x4e" + b"\x11" + b"\xe0" + struct.pack("<L", len(names) + 1)[:3]
    header = b"\x01" + files + b"\0" + names + b"\0\0"
    start = struct.pack("<6s2BLQQL", b"7z\xbc\xaf\x27\x1c", 0, 4, 0, 0, len(header), 0)
    return start + header


def xz_header_7z() -> bytes:
    """A header compressed a thousandfold."""
    data = lzma.compress(
        bytes(4 * MEGABYTE),
        lzma.FORMAT_RAW,
        filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": 3, "lp": 0, "pb": 2}],
    )
    packed = b"\x06\0\x01\x09" + b"\x80" + bytes((len(data) & 0xFF,)) + b"\0"
    packed = b"\x06\0\x01\x09\xc0" + struct.pack("<H", len(data)) + b"\0"
    unpack = b"\x07\x0b\x01\0\x01\x23\x03\x01\x01\x05\x5d\0\0\x10\0\x0c\xf0\0\0\x40\0\0"[:-1]
    header = b"\x17" + packed + unpack + b"\0\0"
    start = struct.pack("<6s2BLQQL", b"7z\xbc\xaf\x27\x1c", 0, 4, 0, len(data), len(header), 0)
    return start + data + header


def circles() -> bytes:
    """A compound file in which each chain of sectors leads back to its beginning."""
    raw = bytearray(compound({f"Ole10Native{n}": b"x" * 5000 for n in range(300)}))
    sectors = struct.unpack_from("<L", raw, 44)[0]
    first = struct.unpack_from("<L", raw, 76)[0]
    for n in range(sectors * 128 - 1):
        struct.pack_into("<L", raw, 512 * (first + 1) + 4 * n, max(0, n - 1))
    return bytes(raw)


def large_macros() -> bytes:
    source = b"".join(b"x%d = %d\r\n" % (n, n * n) for n in range(8_000))
    tree = vba(source)
    streams = tree["Macros"]["VBA"]
    for n in range(30):
        streams[f"Module{n + 2}"] = streams["Module1"][64:]
    return compound(tree)


def rtf_digits() -> bytes:
    return b"{\\rtf1" + b"{\\object{\\*\\objdata " + b"\\'4" * MEGABYTE


def many_objects_rtf() -> bytes:
    return b"{\\rtf1" + b"\\objdata 01020304" * 200_000


def zip_in_gzip_in_xz() -> bytes:
    return lzma.compress(gzip.compress(bz2.compress(bytes(30 * MEGABYTE))))


def iso_loop() -> bytes:
    """Directories that hold each other."""
    sector = 2048
    image = bytearray(16 * sector)

    def record(place: int, size: int, name: bytes) -> bytes:
        length = 33 + len(name) + (len(name) + 1) % 2
        return struct.pack(
            "<BBLLLL7sBBBHHB",
            *(length, 0, place, 0, size, 0, b"", 2, 0, 0, 1, 0, len(name)),
        ) + name.ljust(length - 33, b"\0")

    descriptor = bytearray(sector)
    descriptor[:6] = b"\x01CD001"
    descriptor[156:190] = record(18, 2000 * sector, b"\0")[:34]
    terminator = b"\xffCD001\x01".ljust(sector, b"\0")
    image += descriptor + terminator
    for n in range(2000):
        entries = b"".join(
            record(18 + (n * 7 + k) % 2000, 2000 * sector, b"d%d" % k) for k in range(40)
        )
        image += entries.ljust(sector, b"\0")[:sector]
    return bytes(image)


def random_deflate() -> bytes:
    """What is slowest to expand: short codes, no matches."""
    text = bytes(random.Random(1).choices(range(64), k=2 * MEGABYTE))
    return zipped(("a.zip", b"PK\x03\x04" + text))


def bzip2_of_noise() -> bytes:
    return bz2.compress(random.Random(2).randbytes(3 * MEGABYTE))


BOMBS: dict[str, Callable[[], bytes]] = {
    "flat zip": zip_of_zeros,
    "nested zips": nested_zips,
    "zip of itself": quine,
    "overlapping files": overlapping,
    "gzip of zeros": lambda: gzip.compress(bytes(200 * MEGABYTE), 1),
    "bzip2 of zeros": lambda: bz2.compress(bytes(200 * MEGABYTE)),
    "xz of zeros": lambda: lzma.compress(bytes(100 * MEGABYTE), preset=0),
    "zstd of zeros": lambda: zstandard.ZstdCompressor().compress(bytes(200 * MEGABYTE)),
    "zstd with a huge window": lambda: zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=27)
    ).compress(random.Random(3).randbytes(MEGABYTE)),
    "xz with a huge dictionary": lambda: lzma.compress(bytes(100 * MEGABYTE), preset=9),
    "tar of claims": tar_of_claims,
    "tar of headers": tar_of_headers,
    "huge tar": huge_tar,
    "7z with many names": random_7z,
    "7z with a header of zeros": xz_header_7z,
    "compound file in circles": circles,
    "large macros": large_macros,
    "objects in rtf": rtf_digits,
    "many objects in rtf": many_objects_rtf,
    "streams in streams": zip_in_gzip_in_xz,
    "disc of loops": iso_loop,
    "slow deflate": random_deflate,
    "slow bzip2": bzip2_of_noise,
    "many files in a zip": lambda: zipped(*((f"{n}.pdf", PROGRAM[2:]) for n in range(30_000))),
    "many zips in a zip": lambda: zipped(
        *((f"{n}.zip", zipped(("a.txt", b"a"))) for n in range(5_000))
    ),
    "many files in a rar": lambda: rar4(*((b"%d.txt" % n, b"x") for n in range(30_000))),
    "many files in a new rar": lambda: rar5(*((f"{n}.txt", b"x") for n in range(30_000))),
}


@promised
@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_bomb_costs_little(name: str, tmp_path: Path, slack: float) -> None:
    path = tmp_path / "bomb.eml"
    path.write_bytes(message(part(BOMBS[name](), "a.bin")))
    command = [sys.executable, "-m", __name__, str(path), str(MOST_SECONDS * slack)]
    done = subprocess.run(command, check=True, capture_output=True, timeout=120)
    measured = json.loads(done.stdout)
    assert measured["seconds"] < MOST_SECONDS * slack
    assert measured["octets"] < MOST_OCTETS


@pytest.mark.parametrize(
    "name", ["flat zip", "nested zips", "gzip of zeros", "overlapping files", "zstd of zeros"]
)
def test_bombs_are_refused(name: str) -> None:
    assert judge_file(BOMBS[name](), "a.bin").facts["fault"] == "bomb"


def test_the_bound_is_that_of_the_whole_message() -> None:
    archive = xz_header_7z()
    allowed = AttachmentRules().work
    once, many = (message(*(part(archive, f"{n}.7z") for n in range(most))) for most in (1, 8))
    assert check(once, parse(once)).facts["work"] > allowed / 2
    assert check(many, parse(many)).facts["work"] <= allowed + len(many)


def memory(what: str) -> int:
    """VmRSS: what is taken now; VmHWM: the most since `main` said that it begins."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) * 1024
    raise AssertionError(what)


def main() -> None:
    """Judge one message; print what it took."""
    raw = Path(sys.argv[1]).read_bytes()
    entity = parse(raw)
    small = message(part(zipfile_warm(), "a.zip"))
    check(small, parse(small))
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted anew
    before = memory("VmRSS")
    check(raw, entity)
    octets = memory("VmHWM") - before
    seconds = cost(lambda: check(raw, entity), float(sys.argv[2]))
    print(json.dumps({"seconds": seconds, "octets": octets}))


def zipfile_warm() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", b"x")
    return out.getvalue()


if __name__ == "__main__":
    main()
