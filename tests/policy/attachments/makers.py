"""Messages and files to be judged: nothing in them runs, they only look like what does."""

import base64
import io
import zipfile
import zlib
from struct import pack
from typing import Any

from alphorn.message.parse import parse
from alphorn.policy.attachments import AttachmentRules, check
from alphorn.policy.attachments.rules import DEFAULT
from alphorn.policy.decision import Act, Decision

PROGRAM = (
    b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00".ljust(128, b"\0") + b"PE\0\0"
)
SHORTCUT = bytes.fromhex("4c0000000114020000000000c000000000000046") + b"\0" * 60
HELP = b"ITSF\x03\x00\x00\x00" + b"\0" * 88
PDF = b"%PDF-1.7\n" + b"x" * 2000
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x80" * 2000


def part(
    content: bytes,
    name: str | None = None,
    media: str = "application/octet-stream",
    encoding: str = "base64",
    header: bytes = b"",
) -> bytes:
    """A body part; `header` replaces its Content-Disposition field."""
    if not header and name is not None:
        header = f'Content-Disposition: attachment; filename="{name}"\r\n'.encode()
    if encoding == "base64":
        content = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return (
        f"Content-Type: {media}\r\nContent-Transfer-Encoding: {encoding}\r\n".encode()
        + header
        + b"\r\n"
        + content
    )


def message(*bodies: bytes, boundary: bytes = b"xyz") -> bytes:
    """A message with a text and these parts."""
    text = b"Content-Type: text/plain; charset=utf-8\r\n\r\nHere it is.\r\n"
    inner = b"".join(b"--" + boundary + b"\r\n" + body + b"\r\n" for body in (text, *bodies))
    return (
        b"From: a@example.org\r\nTo: b@example.org\r\nSubject: A file\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary="
        + boundary
        + b"\r\n\r\n"
        + inner
        + b"--"
        + boundary
        + b"--\r\n"
    )


def judge(raw: bytes, rules: AttachmentRules = DEFAULT) -> Decision:
    return check(raw, parse(raw), rules)


def judge_file(content: bytes, name: str, rules: AttachmentRules = DEFAULT) -> Decision:
    return judge(message(part(content, name)), rules)


def refused(decision: Decision) -> str:
    """The path and the fault of a refusal, "" where there is none."""
    if decision.act is not Act.REFUSE:
        assert decision.act is Act.PASS
        return ""
    assert (decision.status, decision.basic) == ("5.7.0", 554)
    assert decision.text.startswith("The attachment ")
    return f"{decision.facts['file']}: {decision.facts['fault']}"


def codes(decision: Decision) -> set[str]:
    return {reason.code.removeprefix("attachment-") for reason in decision.reasons}


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def rar4(*files: tuple[bytes, bytes], flags: int = 0, method: int = 0x30) -> bytes:
    """A RAR archive of version 4; names are as they stand, `flags` those of each file."""
    out = b"Rar!\x1a\x07\x00" + pack("<HBHHHL", 0, 0x73, 0, 13, 0, 0)
    for name, content in files:
        body = pack("<LLBLLBBHL", len(content), len(content), 2, 0, 0, 29, method, len(name), 0x20)
        out += pack("<HBHH", 0, 0x74, flags | 0x8000, 7 + len(body) + len(name)) + body + name
        out += content
    return out + pack("<HBHH", 0, 0x7B, 0, 7)


def rar4_hidden() -> bytes:
    """The same, with encrypted headers."""
    return b"Rar!\x1a\x07\x00" + pack("<HBHHHL", 0, 0x73, 0x80, 13, 0, 0) + b"\x55" * 64


def number5(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return out + bytes((value,))


def rar5(*files: tuple[str, bytes], encrypted: bool = False, hidden: bool = False) -> bytes:
    """A RAR archive of version 5 with stored files."""
    blocks = [(1, 0, number5(0), b"", b"")]
    if hidden:
        blocks = [(4, 0, number5(0) * 3, b"", b"")]
    for name, content in files:
        encoded = name.encode()
        body = b"".join(map(number5, (0, len(content), 0, 0, 0, len(encoded)))) + encoded
        extra = number5(2) + number5(1) + number5(0) if encrypted else b""
        blocks.append((2, 2 | bool(extra), body, extra, content))
    blocks.append((5, 0, number5(0), b"", b""))
    out = b"Rar!\x1a\x07\x01\x00"
    for kind, flags, body, extra, content in blocks:
        head = number5(kind) + number5(flags)
        head += number5(len(extra)) if flags & 1 else b""
        head += number5(len(content)) if flags & 2 else b""
        whole = head + body + extra
        sized = number5(len(whole)) + whole
        out += pack("<L", zlib.crc32(sized)) + sized + content
    return out


Tree = dict[str, Any]
"""Names to octets, or to trees again."""


def compound(tree: Tree, root_class: bytes = b"\0" * 16) -> bytes:
    """A compound file of 512-octet sectors; small streams lie in the mini stream as they must."""
    entries: list[list[object]] = [["Root Entry", 5, root_class, b"", -1]]
    children: list[list[int]] = [[]]

    def add(branch: Tree, parent: int) -> None:
        for name, content in branch.items():
            number = len(entries)
            children[parent].append(number)
            children.append([])
            kind = 1 if isinstance(content, dict) else 2
            entries.append([name, kind, b"\0" * 16, content, parent])
            if isinstance(content, dict):
                add(content, number)

    add(tree, 0)
    sectors: list[bytes] = []
    fat: list[int] = []

    def store(data: bytes) -> int:
        if not data:
            return 0xFFFFFFFE
        first = len(sectors)
        pieces = [data[at : at + 512].ljust(512, b"\0") for at in range(0, len(data), 512)]
        fat.extend(range(first + 1, first + len(pieces)))
        fat.append(0xFFFFFFFE)
        sectors.extend(pieces)
        return first

    mini = b""
    mini_fat: list[int] = []
    places: dict[int, tuple[int, int]] = {}
    for number, (_, kind, _, content, _) in enumerate(entries):
        if kind != 2:
            continue
        assert isinstance(content, bytes)
        if len(content) >= 4096:
            places[number] = (store(content), len(content))
        elif content:
            first = len(mini) // 64
            count = (len(content) + 63) // 64
            mini_fat += [*range(first + 1, first + count), 0xFFFFFFFE]
            mini += content.ljust(64 * count, b"\0")
            places[number] = (first, len(content))
    places[0] = (store(mini), len(mini))
    mini_fat_at = store(pack(f"<{len(mini_fat)}L", *mini_fat).ljust(512, b"\xff"))
    directory = b""
    none = 0xFFFFFFFF
    for number, (name, kind, class_id, _, parent) in enumerate(entries):
        assert isinstance(name, str)
        assert isinstance(parent, int)
        siblings = children[parent] if parent >= 0 else [0]
        place = siblings.index(number)
        right = siblings[place + 1] if place + 1 < len(siblings) else none
        child = children[number][0] if children[number] else none
        text = name.encode("utf-16-le") + b"\0\0"
        first, size = places.get(number, (0xFFFFFFFE, 0))
        directory += pack(
            "<64sHBBLLL16sL16xLQ",
            *(text, len(text), kind, 1, none, right, child, class_id, 0, first, size),
        )
    directory_at = store(directory)
    fat_sectors = 1
    while len(sectors) + fat_sectors > fat_sectors * 128:
        fat_sectors += 1
    fat_at = len(sectors)
    fat += [0xFFFFFFFD] * fat_sectors
    table = pack(f"<{len(fat)}L", *fat).ljust(fat_sectors * 512, b"\xff")
    sectors += [table[at : at + 512] for at in range(0, len(table), 512)]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += pack("<9L", 0, fat_sectors, directory_at, 0, 4096, mini_fat_at, 1, 0xFFFFFFFE, 0)
    header += pack(f"<{fat_sectors}L", *range(fat_at, fat_at + fat_sectors)).ljust(436, b"\xff")
    return header + b"".join(sectors)


def ovba(source: bytes) -> bytes:
    """A compressed container of MS-OVBA: chunks of literals."""
    out = b"\x01"
    for at in range(0, len(source), 3600):
        piece = source[at : at + 3600]
        tokens = b"".join(b"\0" + piece[n : n + 8] for n in range(0, len(piece), 8))
        out += pack("<H", 0xB000 | (len(tokens) + 2 - 3)) + tokens
    return out


def vba(source: bytes, compiled: bytes = b"\xcc\x61") -> Tree:
    """The storages of a project with one module."""
    offset = 64
    directory = pack("<HL", 0x0F, 2) + b"\x01\0"
    directory += pack("<HL", 0x09, 4) + b"\1\0\0\0\2\0"
    directory += pack("<HL", 0x19, 7) + b"Module1" + pack("<HL", 0x1A, 7) + b"Module1"
    directory += pack("<HL", 0x32, 14) + "Module1".encode("utf-16-le")
    directory += pack("<HL", 0x31, 4) + pack("<L", offset) + pack("<HL", 0x2B, 0)
    module = b"\x77" * offset + ovba(source)
    streams: Tree = {"dir": ovba(directory), "_VBA_PROJECT": compiled, "Module1": module}
    return {"Macros": {"VBA": streams, "PROJECT": b"Module=Module1\r\n"}}


AUTOMATIC = b'Attribute VB_Name = "Module1"\r\nSub AutoOpen()\r\n  Shell "x"\r\nEnd Sub\r\n'
HARMLESS = b'Attribute VB_Name = "Module1"\r\nSub Tidy()\r\n  Beep\r\nEnd Sub\r\n'


def native(name: str, content: bytes) -> bytes:
    """An Ole10Native stream with a file in it."""
    data = b"\x02\0" + name.encode() + b"\0" + b"C:\\t\\" + name.encode() + b"\0"
    data += b"\0\0\3\0" + pack("<L", 5) + b"C:\\t\0" + pack("<L", len(content)) + content
    return pack("<L", len(data)) + data
