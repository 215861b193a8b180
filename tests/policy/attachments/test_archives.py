"""Files in archives of every kind, by archives made here: names, contents, lies, encryption."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Callable

import pytest
import zstandard

from alphorn.policy.attachments import AttachmentRules
from tests.message.test_tnef import MESSAGE_ID, attachment, attribute, prop, stream, text
from tests.policy.attachments.makers import (
    HELP,
    JPEG,
    PDF,
    PROGRAM,
    SHORTCUT,
    codes,
    compound,
    judge,
    judge_file,
    message,
    part,
    rar4,
    rar4_hidden,
    rar5,
    refused,
    zipped,
)

Pack = Callable[..., bytes]


def tarred(*files: tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def encoded(*files: tuple[str, bytes]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(), content) for name, content in files)


ARCHIVES: dict[str, Pack] = {
    "a.zip": zipped,
    "stored.zip": lambda *files: zipped(*files, method=zipfile.ZIP_STORED),
    "bzip2.zip": lambda *files: zipped(*files, method=zipfile.ZIP_BZIP2),
    "lzma.zip": lambda *files: zipped(*files, method=zipfile.ZIP_LZMA),
    "a.tar": tarred,
    "gnu.tar": lambda *files: tarred(*files, form=tarfile.GNU_FORMAT),
    "old.tar": lambda *files: tarred(*files, form=tarfile.USTAR_FORMAT),
    "a.tar.gz": lambda *files: gzip.compress(tarred(*files)),
    "a.tgz": lambda *files: gzip.compress(tarred(*files)),
    "a.tar.bz2": lambda *files: bz2.compress(tarred(*files)),
    "a.tar.xz": lambda *files: lzma.compress(tarred(*files)),
    "a.tar.lzma": lambda *files: lzma.compress(tarred(*files), lzma.FORMAT_ALONE),
    "a.tar.zst": lambda *files: zstd(tarred(*files)),
    "a.rar": lambda *files: rar4(*encoded(*files)),
    "new.rar": rar5,
}


@pytest.mark.parametrize("name", sorted(ARCHIVES))
def test_a_forbidden_name_in_an_archive(name: str) -> None:
    make = ARCHIVES[name]
    decision = judge_file(make(("a.txt", b"a"), ("folder/run.exe", b"b")), name)
    assert refused(decision).startswith(name)
    assert refused(decision).endswith(" » folder/run.exe: extension")
    assert not refused(judge_file(make(("a.txt", b"a"), ("b.pdf", PDF)), name))


@pytest.mark.parametrize("name", sorted(ARCHIVES))
@pytest.mark.parametrize("content", [PROGRAM, SHORTCUT, HELP], ids=("program", "link", "help"))
def test_a_program_under_another_name_in_an_archive(name: str, content: bytes) -> None:
    decision = judge_file(ARCHIVES[name](("a.txt", b"a"), ("b.pdf", content)), name)
    assert refused(decision).endswith(" » b.pdf: program")


@pytest.mark.parametrize("outer", sorted(ARCHIVES))
def test_archives_in_archives_under_any_name(outer: str) -> None:
    inner = zipped(("run.exe", b"x"))
    for name in ("inner.zip", "inner.dat"):
        decision = judge_file(ARCHIVES[outer]((name, inner)), f"{outer}.bin")
        assert refused(decision).endswith(f" » {name} » run.exe: extension")


def test_the_refusal_tells_the_path() -> None:
    inner = zipped(("run.exe", b"x"))
    decision = judge_file(zipped(("inner.zip", inner)), "report.zip")
    assert decision.text == (
        "The attachment report.zip » inner.zip » run.exe is of a kind that is not taken here (.exe)"
    )


def test_a_name_is_judged_though_what_comes_before_it_cannot_be_read() -> None:
    bomb = zipped(("zeros", bytes(50 << 20)))
    damaged = b"7z\xbc\xaf\x27\x1c" + b"\xff" * 40
    decision = judge_file(zipped(("bomb.zip", bomb), ("a.7z", damaged), ("run.exe", b"x")), "a.zip")
    assert refused(decision) == "a.zip » run.exe: extension"


def test_the_name_of_one_compressed_file() -> None:
    assert refused(judge_file(gzip.compress(b"x"), "a.exe.gz")) == "a.exe.gz » a.exe: extension"
    assert refused(judge_file(lzma.compress(b"x"), "a.scr.xz")) == "a.scr.xz » a.scr: extension"
    assert refused(judge_file(gzip.compress(PROGRAM), "a.gz")) == "a.gz » a: program"


def test_the_name_in_a_gzip_header() -> None:
    out = io.BytesIO()
    with gzip.GzipFile("run.exe", "wb", fileobj=out) as file:
        file.write(b"x")
    assert refused(judge_file(out.getvalue(), "a.gz")) == "a.gz » run.exe: extension"


# -- ZIP and its lies ------------------------------------------------------------------------------


def test_a_name_that_only_the_local_header_has() -> None:
    archive = zipped(("run.exe", b"x"))
    at = archive.rfind(b"run.exe")
    lying = archive[:at] + b"run.txt" + archive[at + 7 :]
    assert refused(judge_file(lying, "a.zip")) == "a.zip » run.exe: extension"


def test_a_name_that_only_the_directory_has() -> None:
    lying = zipped(("run.exe", b"x")).replace(b"run.exe", b"run.txt", 1)
    assert refused(judge_file(lying, "a.zip")) == "a.zip » run.exe: extension"


def test_a_name_in_an_extra_field() -> None:
    name = b"run.exe"
    info = zipfile.ZipInfo("run.txt")
    info.extra = struct.pack("<HHBL", 0x7075, 5 + len(name), 1, 0) + name
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, b"x")
    assert refused(judge_file(out.getvalue(), "a.zip")) == "a.zip » run.exe: extension"


def test_without_a_directory_local_headers_count() -> None:
    archive = zipped(("a.txt", b"a"), ("run.exe", b"x"))
    cut = archive[: archive.index(b"PK\x01\x02")]
    assert refused(judge_file(cut, "a.zip")) == "a.zip » run.exe: extension"


@pytest.mark.parametrize("first", [True, False])
def test_two_archives_in_one_file(first: bool) -> None:
    good, bad = zipped(("a.txt", b"a" * 50)), zipped(("run.exe", b"x"))
    joined = bad + good if first else good + bad
    assert refused(judge_file(joined, "a.zip")) == "a.zip » run.exe: extension"


def test_an_archive_after_something_else() -> None:
    behind = JPEG + zipped(("run.exe", b"x"))
    assert refused(judge_file(behind, "a.zip")) == "a.zip » run.exe: extension"
    assert not refused(judge_file(behind, "a.jpg"))


def test_a_file_between_two_that_the_directory_lists() -> None:
    good = zipped(("a.txt", b"a"), ("b.txt", b"b"), method=zipfile.ZIP_STORED)
    hidden = zipped(("run.exe", b"x" * 30), method=zipfile.ZIP_STORED)
    hidden = hidden[: hidden.index(b"PK\x01\x02")]
    at = good.index(b"PK\x03\x04", 4)
    longer = bytearray(good[:at] + hidden + good[at:])
    shift = len(hidden)
    second = longer.rindex(b"PK\x01\x02")
    for place in (second + 42, len(longer) - 6):
        value = struct.unpack_from("<L", longer, place)[0] + shift
        struct.pack_into("<L", longer, place, value)
    assert zipfile.ZipFile(io.BytesIO(bytes(longer))).namelist() == ["a.txt", "b.txt"]
    assert refused(judge_file(bytes(longer), "a.zip")) == "a.zip » run.exe: extension"


def test_zip64() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("a.pdf", "w", force_zip64=True) as file:
        file.write(PROGRAM)
    assert refused(judge_file(out.getvalue(), "a.zip")) == "a.zip » a.pdf: program"


def test_a_zip64_directory() -> None:
    archive = zipped(("a.txt", b"x"), ("run.exe", b"x"))
    end = archive.rindex(b"PK\x05\x06")
    begin = archive.index(b"PK\x01\x02")
    directory = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 2, 2, end - begin, begin)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, *(0xFFFFFFFF,) * 2, 0)
    large = archive[:end] + directory + locator + last
    assert zipfile.ZipFile(io.BytesIO(large)).namelist() == ["a.txt", "run.exe"]
    assert refused(judge_file(large, "a.zip")) == "a.zip » run.exe: extension"


def test_overlapping_files_are_a_bomb() -> None:
    archive = bytearray(zipped(("a.txt", b"x" * 50), ("b.txt", b"y" * 50)))
    first = archive.index(b"PK\x01\x02")
    second = archive.index(b"PK\x01\x02", first + 4)
    struct.pack_into("<L", archive, second + 42, 10)
    archive[10:14] = b"PK\x03\x04"
    assert refused(judge_file(bytes(archive), "a.zip")) == "a.zip: bomb"


def test_encrypted_zip_by_its_directory() -> None:
    archive = bytearray(zipped(("a.txt", b"x" * 50)))
    archive[6] |= 1
    archive[archive.index(b"PK\x01\x02") + 8] |= 1
    assert codes(judge_file(bytes(archive), "a.zip")) == {"encrypted"}
    strict = AttachmentRules(encrypted=True)
    assert refused(judge_file(bytes(archive), "a.zip", strict)) == "a.zip: encrypted"
    named = bytes(archive).replace(b"a.txt", b"a.exe")
    assert refused(judge_file(named, "a.zip")) == "a.zip » a.exe: extension"


# -- RAR -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "archive",
    [rar4((b"a.txt", b"x"), flags=4), rar4_hidden(), rar5(("a.txt", b"x"), encrypted=True)],
    ids=("old", "old and hidden", "new"),
)
def test_encrypted_rar(archive: bytes) -> None:
    assert codes(judge_file(archive, "a.rar")) == {"encrypted"}
    strict = AttachmentRules(encrypted=True)
    assert refused(judge_file(archive, "a.rar", strict)) == "a.rar: encrypted"


def test_rar_with_hidden_names() -> None:
    assert codes(judge_file(rar5(hidden=True), "a.rar")) == {"encrypted"}


def test_the_unicode_name_of_an_old_rar() -> None:
    # Its two bits a character: 1 for those with the high octet that stands first.
    text = "лист.exe"
    flags = bytes((0b01010101, 0b00000000))
    octets = [ord(char) & 0xFF for char in text]
    packed = b"\x04" + flags[:1] + bytes(octets[:4]) + flags[1:] + bytes(octets[4:])
    archive = rar4((b"list.txt\0" + packed, b"x"), flags=0x200)
    decision = judge_file(archive, "a.rar")
    assert refused(decision) == "a.rar » лист.exe: extension"


def test_a_compressed_file_in_a_rar_stays_closed_and_its_name_counts() -> None:
    assert not refused(judge_file(rar4((b"a.pdf", PROGRAM), method=0x33), "a.rar"))
    assert refused(judge_file(rar4((b"a.exe", b"x"), method=0x33), "a.rar"))


# -- the bounds ------------------------------------------------------------------------------------


def nested(levels: int) -> bytes:
    archive = PDF
    for level in range(levels):
        archive = zipped((f"{level}.zip" if level else "a.pdf", archive))
    return archive


def test_depth() -> None:
    assert not refused(judge_file(nested(6), "a.zip"))
    assert refused(judge_file(nested(7), "a.zip")).endswith("bomb")
    assert refused(judge_file(nested(4), "a.zip", AttachmentRules(depth=3))).endswith("bomb")


def test_files() -> None:
    rules = AttachmentRules(files=100)
    many = [(f"{n}.txt", b"") for n in range(200)]
    assert codes(judge_file(zipped(*many), "a.zip", rules)) == {"unseen"}
    decision = judge_file(zipped(*many, ("run.exe", b"")), "a.zip", rules)
    assert refused(decision) == "a.zip » run.exe: extension"


def test_work() -> None:
    inner = zipped(("a.bin", JPEG * 3000), method=zipfile.ZIP_STORED)
    outer = zipped(("inner.zip", inner))
    assert len(outer) < 100_000 < 4 << 20 < len(inner)
    decision = judge_file(zipped(("inner.zip", inner)), "a.zip", AttachmentRules(work=1 << 20))
    assert "unseen" in codes(decision) or refused(decision).endswith("bomb")


# -- mail in mail ----------------------------------------------------------------------------------


def test_attached_messages() -> None:
    inner = message(part(b"x", "run.exe"), boundary=b"inner")
    for media, encoding in (
        ("message/rfc822", "7bit"),
        ("message/rfc822", "base64"),
        ("application/octet-stream", "base64"),
    ):
        body = part(inner, "fwd.eml", media, encoding)
        assert refused(judge(message(body))) == "fwd.eml » run.exe: extension"
    assert refused(judge_file(zipped(("fwd.eml", inner)), "a.zip")) == (
        "a.zip » fwd.eml » run.exe: extension"
    )


def test_an_unnamed_attached_message() -> None:
    body = part(
        message(part(b"x", "run.exe"), boundary=b"inner"), media="message/rfc822", encoding="7bit"
    )
    assert refused(judge(message(body))) == "message » run.exe: extension"


def test_what_outlook_packs_into_one_file() -> None:
    def packed(name: str, content: bytes) -> bytes:
        file = attachment(text(0x3707, name), prop(0x102, 0x3701, content))
        return stream(attribute(1, 0x78008, b"IPM.Note\0"), file)

    for media, called in (("application/ms-tnef", "winmail.dat"), ("x/y", "a.bin")):
        body = part(packed("run.exe", b"x"), called, media)
        assert refused(judge(message(body))) == f"{called} » run.exe: extension"
    assert refused(judge_file(packed("a.pdf", PROGRAM), "a.dat")) == "a.dat » a.pdf: program"
    inner = packed("run.exe", b"x")
    nested = attachment(text(0x3001, "fwd"), prop(0x0D, 0x3701, MESSAGE_ID + inner))
    assert refused(judge_file(stream(nested), "a.dat")) == "a.dat » fwd » run.exe: extension"
    assert judge_file(packed("a.pdf", PDF), "winmail.dat").passes


def test_a_message_of_outlook() -> None:
    def attached(name: str, content: bytes) -> dict[str, bytes]:
        return {"__substg1.0_3707001F": name.encode("utf-16-le"), "__substg1.0_37010102": content}

    msg = compound({"__attach_version1.0_#00000000": attached("run.exe", b"x")})
    assert refused(judge_file(msg, "a.msg")) == "a.msg » run.exe: extension"
    msg = compound({"__attach_version1.0_#00000000": attached("a.pdf", PROGRAM)})
    assert refused(judge_file(msg, "a.msg")) == "a.msg » a.pdf: program"


# -- by content alone ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [PROGRAM, SHORTCUT, HELP, b"conectix" + bytes(100), b"vhdxfile" + bytes(100), b"#@~^abc"],
    ids=("program", "link", "help", "old disk", "new disk", "script"),
)
def test_a_program_by_its_content(content: bytes) -> None:
    decision = judge(message(part(content, "report.pdf", "application/pdf")))
    assert refused(decision) == "report.pdf: program"


def test_an_installer_is_known_by_its_class() -> None:
    for code in ("84", "86", "82"):
        root = bytes.fromhex(f"{code}100c0000000000c000000000000046")
        package = compound({"a": b"x"}, root)
        assert refused(judge_file(package, "a.doc")) == "a.doc: program"


def test_texts_that_begin_like_programs_are_texts() -> None:
    assert not refused(judge_file(b"MZ is how a program begins, said Mark Zbikowski.", "a.txt"))


def test_programs_of_other_systems_are_told() -> None:
    assert codes(judge_file(b"\x7fELF" + bytes(100), "a.bin")) == {"foreign-program"}


def test_what_cannot_be_looked_into_is_told() -> None:
    assert codes(judge_file(b"\x1f\x9d" + bytes(100), "a.z")) == {"sealed"}


def test_a_disc_that_cannot_be_read_is_refused() -> None:
    assert refused(judge_file(b"whatever", "a.iso")) == "a.iso: program"


def test_an_ordinary_message_passes_without_a_word() -> None:
    decision = judge(message(part(JPEG, "a.jpg", "image/jpeg"), part(PDF, "b.pdf")))
    assert decision.passes
    assert not decision.reasons
