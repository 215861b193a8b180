"""The invariants hold for messages made of the pieces that parsers stumble over."""

import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.message import addresses, content, dates, header, html_text, words
from alphorn.message.address_reader import AddressReader
from alphorn.message.collate import base_subject
from alphorn.message.comments import strip_comments
from tests.message import invariants

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.eml"))

PIECES = (
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b" ", b"\t", b"\0", b"\xff\xfe", b"\xc3\xbc"),
    *(b"--", b"--a", b"\r\n--a\r\n", b"\n--a--\n", b"\r\n--ab\r\n", b"\r\n--a \t\r\n", b"--a--x"),
    b"Content-Type: multipart/mixed; boundary=a\r\n",
    b'Content-Type: multipart/alternative; boundary="ab"\r\n',
    b"Content-Type: multipart/digest; boundary=\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Type: message/global\r\n",
    b"Content-Type: text/html; charset=utf-7\r\n",
    b"Content-Type: text/plain; name*0*=x'y'%C3; name*1*=%BC\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b'Content-Disposition: attachment; filename="=?utf-8?B?4pyT?="\r\n',
    b"Content-Language: de, en\r\n",
    b"From: A <a@b>, (x) group: c@d;\r\n",
    b"To: \xc3\xa9@\xc3\xa9\r\n",
    b"Subject: =?utf-8?Q?=C3=BC?= \r\n =?utf-8?B?4pyT?=\r\n",
    b"Date: 1 Jan 70 00:00 A\r\n",
    b"References: <a@b> <c@d>\r\n",
    *(
        b"Message-ID: <x@y>\r\n",
        b"=3D=\r\n",
        b"QUJD",
        b"<p>&amp;",
        b"<!--",
        b"<style",
        b"From x\r\n",
    ),
)
structured = st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join)
markup = st.text(alphabet="abc <>\"'()@,;:.=?*_%&\\[]/!-\t\r\nQqBb1209üé\udcff\0", max_size=200)


@settings(deadline=None, max_examples=500)
@given(structured)
def test_pieces_in_any_order(raw: bytes) -> None:
    invariants.check(raw)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_any_octets(raw: bytes) -> None:
    invariants.check(raw)


@settings(deadline=None, max_examples=500)
@given(markup)
def test_no_text_upsets_the_readers_of_values(text: str) -> None:
    for mailbox in addresses.mailboxes(text):
        addresses.format_mailbox(mailbox)
    AddressReader(text).addresses()
    words.decode(text).encode("utf-8")
    words.parameters(content.parameters(text, 0))
    content.media_type(text)
    content.disposition(text)
    dates.parse(text)
    strip_comments(text)
    base_subject(text)
    html_text.to_text(text)


@settings(deadline=None, max_examples=300)
@given(structured, st.sampled_from(("From", "Subject", "content-type", "X")))
def test_removing_a_field_leaves_all_else(raw: bytes, name: str) -> None:
    left = header.remove(raw, [name])
    assert header.count(left, name) == 0
    before = [field for field in header.iterate(raw) if field.name.lower() != name.lower().encode()]
    after = list(header.iterate(left))
    assert [(f.name, f.value) for f in before] == [(f.name, f.value) for f in after]


def test_golden_files_damaged_at_random() -> None:
    """Octets lost, doubled, changed and moved, the same ones in each run."""
    rng = random.Random(20250213)
    for path in GOLDEN:
        whole = path.read_bytes()
        for _ in range(60):
            raw = bytearray(whole)
            for _ in range(rng.randint(1, 6)):
                mutate(raw, rng)
            invariants.check(bytes(raw))


def mutate(raw: bytearray, rng: random.Random) -> None:
    if not raw:
        raw += b"\r\n"
    begin = rng.randrange(len(raw))
    end = min(len(raw), begin + rng.choice((1, 2, 10, 100)))
    match rng.randrange(5):
        case 0:
            del raw[begin:end]
        case 1:
            raw[begin:begin] = raw[begin:end] * rng.randint(1, 5)
        case 2:
            raw[begin] = rng.randrange(256)
        case 3:
            raw[begin:begin] = rng.choice(PIECES)
        case _:
            del raw[begin:]
