"""winmail.dat as real programs write it, as it is made here, and as it is damaged."""

import random
import zlib
from pathlib import Path
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.message import compressed_rtf, mapi, parts, tnef
from alphorn.message.parse import Entity, parse
from alphorn.message.tnef import Tnef

RTF = b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
# The example of MS-OXRTFCP §3.1.
COMPRESSED = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232"
    "0af32068656c090020627705b06c647d0a800fa0"
)
MESSAGE_ID = bytes.fromhex("0703020000000000c000000000000046")


def attribute(level: int, tag: int, value: bytes) -> bytes:
    return pack("<BLL", level, tag, len(value)) + value + pack("<H", sum(value) & 0xFFFF)


def prop(kind: int, number: int, value: bytes) -> bytes:
    return pack("<HHLL", kind, number, 1, len(value)) + value + b"\0" * (-len(value) % 4)


def properties(*some: bytes) -> bytes:
    return pack("<L", len(some)) + b"".join(some)


def text(number: int, value: str) -> bytes:
    return prop(0x1F, number, value.encode("utf-16-le") + b"\0\0")


def stream(*attributes: bytes) -> bytes:
    return b"\x78\x9f\x3e\x22\x01\x00" + b"".join(attributes)


def attachment(*some: bytes, title: bytes = b"", data: bytes = b"") -> bytes:
    return b"".join(
        (
            attribute(2, 0x69002, b"\1\0" + bytes(12)),
            attribute(2, 0x18010, title + b"\0") if title else b"",
            attribute(2, 0x6800F, data) if data else b"",
            attribute(2, 0x69005, properties(*some)) if some else b"",
        )
    )


def whole() -> bytes:
    """A message with everything in it: bodies, a file, a picture, a message that holds a file."""
    inner = stream(
        attribute(1, 0x69003, properties(text(0x37, "inner"))),
        attachment(text(0x3707, "deep.txt"), prop(0x102, 0x3701, b"deep")),
    )
    return stream(
        attribute(1, 0x89006, b"\0\0\1\0"),
        attribute(1, 0x69007, pack("<LL", 1252, 0)),
        attribute(1, 0x78008, b"IPM.Note\0"),
        attribute(1, 0x18004, b"Gr\xfc\xdfe\0"),
        attribute(
            1,
            0x69003,
            properties(
                pack("<HH16sLL", 3, 0x8001, b"s" * 16, 0, 7) + pack("<L", 9),
                pack("<HH16sLL", 3, 0x8002, b"s" * 16, 1, 6)
                + "ab\0".encode("utf-16-le")
                + b"\0\0"
                + pack("<L", 9),
                pack("<HHLLL", 0x1003, 0x1234, 2, 5, 6),
                pack("<HHQ", 0x40, 0x39, 5),
                text(0x1000, "plain body"),
                prop(0x102, 0x1013, b"<p>html body"),
                prop(0x102, 0x1009, COMPRESSED),
                pack("<HHL", 3, 0x3FDE, 65001),
            ),
        ),
        attachment(title=b"SHORT~1.TXT", data=b"first"),
        attachment(
            text(0x3707, "größer.png"),
            text(0x370E, "image/png"),
            text(0x3712, "<a@b>"),
            prop(0x102, 0x3701, b"\x89PNG"),
            title=b"GROESS~1.PNG",
        ),
        attachment(
            text(0x3001, "a message"),
            pack("<HHL", 3, 0x3705, 5),
            prop(0x0D, 0x3701, MESSAGE_ID + inner),
        ),
    )


def test_everything_in_a_stream() -> None:
    found = tnef.read(whole())
    assert found.recognized
    assert (found.subject, found.message_class) == ("Grüße", "IPM.Note")
    assert (found.body_text, found.body_html) == ("plain body", b"<p>html body")
    assert found.body_rtf == RTF
    assert found.charset == "utf-8"
    first, picture, message = found.attachments
    assert (first.name, first.octets, first.mime_type) == ("SHORT~1.TXT", b"first", "")
    assert (picture.name, picture.octets) == ("größer.png", b"\x89PNG")
    assert (picture.mime_type, picture.content_id) == ("image/png", "a@b")
    assert picture.names == ("größer.png", "GROESS~1.PNG")
    assert message.name == "a message"
    assert message.message is not None
    assert message.message.subject == "inner"
    assert [(a.name, a.octets) for a in message.message.attachments] == [("deep.txt", b"deep")]


def test_without_bodies() -> None:
    found = tnef.read(whole(), bodies=False)
    assert (found.body_html, found.body_rtf) == (b"", b"")
    assert len(found.attachments) == 3


def test_what_is_no_stream() -> None:
    for data in (b"", b"x", b"\x78\x9f\x3e", b"%PDF-1.7"):
        assert tnef.read(data) == tnef.NOTHING
    assert not tnef.NOTHING.recognized


def test_messages_in_messages_end() -> None:
    inner = stream(attachment(text(0x3001, "end"), prop(0x102, 0x3701, b"x")))
    for _ in range(30):
        inner = stream(
            attachment(
                text(0x3001, "m"),
                pack("<HHL", 3, 0x3705, 5),
                prop(0x0D, 0x3701, MESSAGE_ID + inner),
            )
        )
    depth = 0
    found: Tnef | None = tnef.read(inner)
    while found is not None:
        depth += 1
        found = found.attachments[0].message
    assert depth == tnef.MAX_DEPTH + 1


def test_attachments_are_bounded() -> None:
    many = stream(*[attachment(title=b"a", data=b"x")] * (tnef.MAX_ATTACHMENTS + 50))
    assert len(tnef.read(many).attachments) == tnef.MAX_ATTACHMENTS


def test_compressed_rtf() -> None:
    assert compressed_rtf.decompress(COMPRESSED) == RTF
    # §3.2: a copy that overlaps what it makes.
    crossing = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert compressed_rtf.decompress(crossing) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    assert compressed_rtf.decompress(pack("<LL4sL", 17, 5, b"MELA", 0) + b"plain") == b"plain"
    assert compressed_rtf.decompress(COMPRESSED, 5) == RTF[:5]
    assert compressed_rtf.decompress(b"\xff" * 15) == b""


def test_a_small_stream_does_not_become_a_large_one() -> None:
    body = bytes.fromhex("ff") + bytes.fromhex("0cff") * 8
    data = pack("<LL4sL", 1 << 30, 1 << 30, b"LZFu", 0) + body * 20_000
    assert len(compressed_rtf.decompress(data)) <= compressed_rtf.MAX_RTF


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=400))
def test_any_octets(data: bytes) -> None:
    check(data)
    check(stream(data))
    check(
        stream(attribute(1, 0x69003, data), attribute(2, 0x69002, b""), attribute(2, 0x69005, data))
    )
    mapi.read(data)
    compressed_rtf.decompress(pack("<LL4sL", len(data) + 12, 1 << 20, b"LZFu", 0) + data)


def check(data: bytes) -> None:
    """What holds for every stream: no more comes out than went in, and texts can be written."""
    found = tnef.read(data)
    assert len(found.body_rtf) <= compressed_rtf.MAX_RTF
    for one in found.attachments:
        assert len(one.octets) <= len(data)
        for name in (one.name, *one.names, one.mime_type, one.content_id):
            assert len(name) <= tnef.MAX_NAME
            name.encode("utf-8", "surrogatepass")
    found.subject.encode("utf-8", "surrogatepass")


def test_damage_at_random() -> None:
    rng = random.Random(5)
    for _ in range(400):
        raw = bytearray(whole())
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(len(raw))
            match rng.randrange(4):
                case 0:
                    raw[at] = rng.randrange(256)
                case 1:
                    raw[at : at + 4] = rng.choice((b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f"))
                case 2:
                    del raw[at : at + rng.choice((1, 4, 100))]
                case _:
                    raw[at:at] = raw[at : at + 64]
        check(bytes(raw))


# -- other people's files --------------------------------------------------------------------------


def samples(shared: Path) -> list[Path]:
    return sorted((shared / "tnef" / "mimekit").glob("*.tnef"))


def as_text(data: bytes) -> bytes:
    """Upstream's repository changed the line ends of what it took for text."""
    return data.replace(b"\r\n", b"\n")


@pytest.mark.shared
def test_attachments_and_bodies_are_those_that_mimekit_finds(shared: Path) -> None:
    compared = 0
    for path in samples(shared):
        found = tnef.read(path.read_bytes())
        listed = path.with_suffix(".list").read_text().split()
        bodies = {"body.html": found.body_html, "body.rtf": found.body_rtf}
        expected = [name for name in listed if name not in bodies]
        # Upstream lists the bodies of some and the files of others.
        if expected:
            assert [one.name for one in found.attachments] == expected, path.name
        for name in listed:
            if name in bodies:
                assert bodies[name], path.name
        folder = path.with_suffix("")
        for one in found.attachments:
            if (folder / one.name).is_file():
                theirs = (folder / one.name).read_bytes()
                # An object is told with its class before it.
                assert as_text(theirs).endswith(as_text(one.octets)), (path.name, one.name)
                assert len(theirs) - len(one.octets) in (0, 16) or as_text(theirs) == as_text(
                    one.octets
                )
                compared += 1
        for name, body in (("message.rtf", found.body_rtf), ("message.html", found.body_html)):
            if (folder / name).is_file():
                assert as_text((folder / name).read_bytes()) == as_text(body), path.name
                compared += 1
        if (folder / "message.txt").is_file():
            theirs = (folder / "message.txt").read_bytes()
            assert as_text(found.body_text.encode()) == as_text(theirs)
            compared += 1
    assert compared >= 18


@pytest.mark.shared
def test_samples_of_others(shared: Path) -> None:
    folder = shared / "tnef" / "koodaamo-tnefparse"
    names = [one.name for one in tnef.read((folder / "umlaut.tnef").read_bytes()).attachments]
    assert names == ["TBZ PARIV GmbH.jpg", "image003.jpg", "UmlautAnhang-äüö.txt"]
    minimal = tnef.read((folder / "minimal_attachment.tnef").read_bytes())
    assert [one.octets for one in minimal.attachments] == [b"this is a test\n\0"]
    (short,) = (shared / "tnef" / "Yeraze-ytnef").iterdir()
    assert tnef.read(short.read_bytes()) == Tnef()


@pytest.mark.shared
def test_messages_that_hold_a_stream(shared: Path) -> None:
    found = []
    for path in (*(shared / "tnef").rglob("*.eml"), *(shared / "mime").rglob("*.eml")):
        raw = path.read_bytes()
        for leaf in leaves(parse(raw)):
            data = parts.octets(raw, leaf)
            if data.startswith(tnef.SIGNATURE):
                found.append(tnef.read(data))
                check(data)
    assert len(found) >= 2
    assert any("BILL OF RIGHTS" in one.body_html.decode("latin-1") for one in found)


@pytest.mark.shared
def test_damaged_samples(shared: Path) -> None:
    rng = random.Random(zlib.crc32(b"tnef"))
    for path in samples(shared):
        whole = path.read_bytes()
        if len(whole) < 100_000:
            for _ in range(30):
                raw = bytearray(whole)
                for _ in range(rng.randint(1, 20)):
                    raw[rng.randrange(len(raw))] = rng.randrange(256)
                check(bytes(raw))


def leaves(entity: Entity) -> list[Entity]:
    if not entity.children:
        return [entity]
    return [leaf for child in entity.children for leaf in leaves(child)]
