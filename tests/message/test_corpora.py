"""Thousands of real and hostile messages: each is parsed, and sane ones as other parsers do."""

import email
import json
import random
import tarfile
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from xml.etree import ElementTree

import pytest

from alphorn.message import addresses, dates, header, words
from alphorn.message.addresses import Group, Mailbox
from alphorn.message.parse import Entity, Kind, parse
from tests.message import invariants
from tests.message.test_fuzz import mutate

pytestmark = pytest.mark.shared

FOLDERS = ("mime", "bounce", "maildir", "dkim", "arc", "html/wooyun-webmail-xss", "dmarc")
ARCHIVES = ("spamham/spamassassin-shared.tar.xz", "phishing/phishing_pot-shared.tar.xz")
MAX_FILE = 300_000


def files(shared: Path, folder: str) -> Iterator[bytes]:
    for path in sorted((shared / folder).rglob("*")):
        if (
            path.is_file()
            and path.stat().st_size <= MAX_FILE
            and path.suffix not in (".json", ".xz")
        ):
            yield path.read_bytes()


def archived(shared: Path, name: str, every: int) -> Iterator[bytes]:
    with tarfile.open(shared / name, "r:xz") as tar:
        for number, member in enumerate(tar):
            if member.isfile() and number % every == 0:
                stream = tar.extractfile(member)
                assert stream is not None
                yield stream.read()


def with_crlf(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_message_is_summarized(shared: Path, folder: str) -> None:
    count = 0
    for raw in files(shared, folder):
        invariants.check(raw)
        count += 1
    assert count > 0


@pytest.mark.parametrize("archive", ARCHIVES)
def test_every_archived_message_is_summarized(shared: Path, archive: str) -> None:
    for raw in archived(shared, archive, every=3):
        invariants.check(with_crlf(raw))


def test_damaged_messages_are_summarized(shared: Path) -> None:
    rng = random.Random(5322)
    for whole in files(shared, "mime"):
        if len(whole) < 20_000:
            raw = bytearray(with_crlf(whole))
            for _ in range(rng.randint(1, 20)):
                mutate(raw, rng)
            invariants.check(bytes(raw))


def test_parts_of_sane_messages_are_those_that_python_finds(shared: Path) -> None:
    """Where Python's parser has nothing to object to, both find the same parts to the octet."""
    compared = 0
    for raw in (*files(shared, "mime"), *archived(shared, ARCHIVES[0], every=4)):
        raw = with_crlf(raw)
        message = email.message_from_bytes(raw)
        if any(part.defects for part in message.walk()):
            continue
        assert_same(raw, parse(raw), message)
        compared += 1
    assert compared > 700


def assert_same(raw: bytes, entity: Entity, message: Message) -> None:
    kind = message.get_content_type()
    if message.is_multipart() and message.get_content_maintype() == "message":
        if kind != "message/rfc822":
            assert entity.media.name == kind
            return
        assert entity.kind is Kind.MESSAGE
    elif not message.is_multipart():
        payload = message._payload  # type: ignore[attr-defined]  # get_payload decodes
        assert entity.media.name == kind
        assert entity.kind is Kind.LEAF
        assert raw[entity.body : entity.end] == payload.encode("ascii", "surrogateescape")
        return
    inner = message.get_payload()
    assert isinstance(inner, list)
    assert len(entity.children) == len(inner)
    for child, part in zip(entity.children, inner, strict=True):
        assert isinstance(part, Message)
        assert_same(raw, child, part)


# Where we differ on purpose: an encoded message/rfc822 is not opened, and a multipart in which no
# delimiter stands is text.
MIME4J_DIFFERENT = {
    *("badbound", "multi-2gifs-base64", "missing-inner-boundary", "missing-inner-start-boundary"),
    *("bad-newlines-multiple-parts-base64", "base64encoded-rfc822message-nested"),
}


def test_structures_are_those_that_mime4j_finds(shared: Path) -> None:
    compared = 0
    for path in sorted((shared / "mime/james-mime4j").rglob("*.msg")):
        expected = path.with_suffix(".xml")
        if expected.exists() and path.stem not in MIME4J_DIFFERENT:
            theirs = shape_of_xml(ElementTree.parse(expected).getroot())
            assert shape(parse(path.read_bytes())) == theirs, path.name
            compared += 1
    assert compared >= 25


def shape(entity: Entity) -> list[object] | str:
    if entity.kind is Kind.LEAF:
        return "leaf"
    return [entity.kind, *map(shape, entity.children)]


def shape_of_xml(element: ElementTree.Element) -> list[object] | str:
    for child in element:
        if child.tag == "multipart":
            return [Kind.MULTIPART, *(shape_of_xml(p) for p in child if p.tag == "body-part")]
        if child.tag == "message":
            return [Kind.MESSAGE, shape_of_xml(child)]
    return "leaf"


def test_addresses_are_those_that_stalwart_finds(shared: Path) -> None:
    """But for comments, which it puts into names, groups that nobody named, routes and folds."""
    path = shared / "mime/stalwart-mail-parser/header-fields/address.json"
    compared = 0
    for case in json.loads(path.read_text()):
        if any(sign in case["header"] for sign in ("(", "@node", "\ninvalid", '"John\r')):
            continue
        expected = case["expected"]
        found = addresses.parse(header.unfold(case["header"]))
        if isinstance(expected, dict) and "Group" in expected:
            named = [group for group in expected["Group"] if group["name"] is not None]
            groups = [group for group in found if isinstance(group, Group)]
            assert [(words.decode(group.name), len(group.members)) for group in groups] == [
                (group["name"], len(group["addresses"])) for group in named
            ]
        else:
            listed = expected["List"] if isinstance(expected, dict) else []
            assert list(map(shown, addresses.flatten(found))) == [
                (entry["name"], entry["address"]) for entry in listed
            ]
        compared += 1
    assert compared >= 40


def shown(mailbox: Mailbox) -> tuple[str | None, str]:
    address = f"{mailbox.local}@{mailbox.domain}" if mailbox.domain else mailbox.local
    return words.decode(mailbox.name) or None, address


def test_dates_are_those_that_stalwart_finds(shared: Path) -> None:
    cases = json.loads((shared / "mime/stalwart-mail-parser/header-fields/date.json").read_text())
    compared = 0
    for case in cases:
        expected = case["expected"]
        found = dates.parse(header.unfold(case["header"]))
        if expected is None or found is None or found.offset is None:
            continue
        sign = -1 if expected["tz_before_gmt"] else 1
        assert found.offset == sign * (expected["tz_hour"] * 60 + expected["tz_minute"])
        assert dates.format(*found).split()[1:5] == [
            str(expected["day"]),
            dates.format(*found).split()[2],
            str(expected["year"]),
            f"{expected['hour']:02d}:{expected['minute']:02d}:{expected['second']:02d}",
        ]
        compared += 1
    assert compared >= 25
