"""Folding, signatures, packs and compression: the parts that full-text search is made of."""

import hashlib
import random
import threading
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.base.errors import Unavailable
from alphorn.message.summarize import summarize
from alphorn.store import codec, folding, packs
from alphorn.store.bodies import pack_body, pieces
from alphorn.store.details import Detail, details_of, read_detail
from alphorn.store.fulltext import texts_of
from alphorn.store.packs import Item, Pack
from alphorn.store.signatures import Filter, signature
from tests.store.mail import raw

texts = st.text(max_size=200)


# -- folding --


@given(texts)
def test_folding_is_stable(text: str) -> None:
    once = folding.fold(text)
    assert folding.fold(once.decode()) == once
    assert folding.fold(text.upper().lower()) == folding.fold(text.upper())
    assert b"\x00" not in once
    assert b"\n" not in once
    assert b"  " not in once


@given(st.lists(st.text(alphabet="aB ä\u0308ßﬁ\u00ad\t日", max_size=20), max_size=8))
def test_any_part_of_a_text_is_found(words: list[str]) -> None:
    """Words are whole in both, so that no character is cut into its parts."""
    text = " ".join(words)
    for begin in range(len(words)):
        for end in range(begin, len(words)):
            needle = " ".join(words[begin : end + 1]).strip()
            assert folding.fold_needle(needle).strip() in folding.fold(text)


def test_lines_stay_apart() -> None:
    assert folding.fold_lines("Subject:  A\tb \n\n \nTo: C") == b"subject: a b\nto: c"
    assert folding.fold_lines("") == b""


# -- signatures --


@settings(deadline=None)
@given(st.lists(texts, max_size=5), st.data())
def test_no_signature_hides_a_text(contents: list[str], data: st.DataObject) -> None:
    folded = [folding.fold(text) for text in contents]
    row = signature(folded)
    for text in folded:
        begin = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(begin, len(text)))
        assert Filter(text[begin:end]).admits(row)


def test_signatures_keep_most_other_texts_out() -> None:
    chance = random.Random(1)
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    text = " ".join("".join(chance.choices(letters, k=8)) for _ in range(1500)).encode()
    row = signature([text])
    assert len(row) < len(text) / 4  # with words as random as these
    needles = ["".join(chance.choices(letters, k=12)).encode() for _ in range(300)]
    assert sum(Filter(needle).admits(row) for needle in needles if needle not in text) < 30
    assert not Filter(b"zebra").admits(row)
    assert Filter(b"").admits(row)
    assert Filter(b"ab c").admits(row)
    assert not Filter(b"abc").admits(signature([]))


# -- compression --


@given(st.binary(max_size=3000))
def test_what_was_packed_comes_back(data: bytes) -> None:
    for how in (codec.pack, codec.pack_young, codec.pack_thoroughly):
        packed = how(data)
        assert codec.unpack(packed) == data
        assert codec.unpack(memoryview(packed)) == data
        assert codec.size(packed) == len(data)
        assert len(packed) <= len(data) + 1


def test_damage_is_noticed() -> None:
    packed = codec.pack(b"Some text that can be compressed. " * 30)
    for at in range(len(packed)):
        with pytest.raises(Unavailable) as failure:
            changed = packed[:at] + bytes((packed[at] ^ 0x55,)) + packed[at + 1 :]
            assert codec.unpack(changed) == b"Some text that can be compressed. " * 30
            raise Unavailable("It made no difference.", code="damaged")
        assert failure.value.code == "damaged"
        codec.size(changed)
    for end in range(len(packed)):
        with pytest.raises(Unavailable):
            codec.unpack(packed[:end])
        codec.size(packed[:end])


@pytest.mark.parametrize("octets", [100, 3_000, 20_000, 100_000])
def test_young_messages_are_compressed_whatever_their_size(octets: int) -> None:
    data = (b"Dear Sir or Madam, please find attached invoice %d.\r\n" * (octets // 50))[:octets]
    packed = codec.pack_young(data)
    assert len(packed) < 0.9 * octets
    assert codec.unpack(packed) == data
    changed = packed[:-1] + bytes((packed[-1] ^ 0x55,))
    with pytest.raises(Unavailable):
        codec.unpack(changed)


def test_threads_compress_at_the_same_time() -> None:
    problems: list[int] = []

    def work(number: int) -> None:
        for n in range(200):
            data = raw(f"Thread {number}", f"Round {n}. " * (n % 50))
            if codec.unpack(codec.pack(data)) != data:
                problems.append(n)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_the_dictionary_never_changes() -> None:
    """What was compressed with it needs exactly this text; a better one is a new file."""
    text = files("alphorn.store").joinpath("mail-1.txt").read_bytes()
    digest = hashlib.sha256(text).hexdigest()
    assert digest == "8b8a90b8a6994c397f9ca1fc3ece2376eceeea0a4e489fadc593e7dd040164ca"


def test_the_dictionary_helps() -> None:
    small = raw("Invoice", "Dear Sir or Madam, please find attached the invoice.", number=4)
    assert len(codec.pack(small)) < 0.55 * len(small)


# -- rows --


@given(st.binary(max_size=500), st.binary(max_size=500))
def test_a_row_of_body(header: bytes, rest: bytes) -> None:
    data, large = pack_body(b"details", header, rest)
    assert large is None
    assert [codec.unpack(piece) for piece in pieces(data)] == [b"details", header, rest]


def test_a_large_message_has_a_row_of_its_own() -> None:
    rest = b"x" * codec.LARGE_OCTETS
    data, large = pack_body(b"details", b"header", rest)
    assert large is not None
    assert codec.unpack(large) == rest
    details, header, nothing = pieces(data)
    assert [codec.unpack(details), codec.unpack(header)] == [b"details", b"header"]
    assert not nothing


@given(
    st.lists(
        st.tuples(st.binary(max_size=80), st.none() | st.binary(max_size=80), texts, texts),
        min_size=1,
        max_size=8,
    )
)
def test_a_pack(given_items: list[tuple[bytes, bytes | None, str, str]]) -> None:
    items = [
        Item(
            10 * n,
            bytes(n),
            header,
            rest,
            fields.encode("utf-8", "replace"),
            text.encode("utf-8", "replace"),
        )
        for n, (header, rest, fields, text) in enumerate(given_items, 1)
    ]
    entries, details, headers, bodies = packs.build(items)
    pack = Pack(entries, details, headers, bodies)
    assert list(pack.items()) == items
    for place, item in enumerate(items):
        assert pack.places[item.content] == place
        assert pack.rest(place) == item.rest
        assert Pack(entries, None, headers, None).header(place) == item.header
        assert pack.details(place) == item.details


@given(st.text(max_size=300), st.text(max_size=50))
def test_details(subject: str, text: str) -> None:
    summary = summarize(
        f"Subject: {subject}\r\nFrom: {text}\r\n\r\n{text}".encode("utf-8", "replace")
    )
    packed = details_of(summary)
    assert read_detail(packed, Detail.STRUCTURE) == summary.structure
    assert read_detail(packed, Detail.PARTS) == summary.parts
    assert read_detail(packed, Detail.PREVIEW) == summary.preview
    assert read_detail(packed, Detail.DISPLAY_FROM) == summary.sort_display_from
    assert read_detail(packed, Detail.DISPLAY_TO) == summary.sort_display_to


@given(st.binary(max_size=600))
def test_the_texts_of_any_message_end_with_a_nul_each(octets: bytes) -> None:
    fields, text = texts_of(octets)
    assert fields.startswith(b"\n")
    assert fields.count(b"\x00") == text.count(b"\x00") == 1
    assert fields.endswith(b"\x00")
    assert text.endswith(b"\x00")
