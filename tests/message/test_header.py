import pytest

from alphorn.message import header

RAW = (
    b"From x@y Thu Jan  1 00:00:00 1970\r\n"
    b"Received: one\r\n\tfolded\r\n"
    b"Subject : hello\r\n"
    b"received: two\r\n"
    b"Empty:\r\n"
    b"X-Long: a\r\n b\r\n  c\r\n"
    b"\r\n"
    b"Received: in the body\r\n"
)


def test_iterate_gives_raw_fields_and_their_places() -> None:
    fields = list(header.iterate(RAW))
    assert [(field.name, field.value) for field in fields] == [
        (b"Received", b" one\r\n\tfolded"),
        (b"Subject", b" hello"),
        (b"received", b" two"),
        (b"Empty", b""),
        (b"X-Long", b" a\r\n b\r\n  c"),
    ]
    assert RAW[fields[0].start : fields[0].end] == b"Received: one\r\n\tfolded\r\n"
    assert b"".join(RAW[f.start : f.end] for f in fields) == RAW[35 : header.header_end(RAW) - 2]
    assert fields[0].text == "one\tfolded"


def test_iterate_without_a_last_line_end() -> None:
    (field,) = header.iterate(b"A: b")
    assert field == (b"A", b" b", 0, 4)


def test_get() -> None:
    assert header.get(RAW, "SUBJECT") == "hello"
    assert header.get(RAW, "x-long") == "a b  c"
    assert header.get(RAW, "empty") == ""
    assert header.get(RAW, "missing") is None
    assert header.get(RAW, "From x@y Thu Jan  1 00") is not None
    assert header.get_all(RAW, "Received") == ["one\tfolded", "two"]
    assert header.count(RAW, "RECEIVED") == 2
    assert header.get(b"Subject: \xfc\xc3\xbc\r\n\r\n", "Subject") == "üÃ¼"


def test_names_are_not_expressions() -> None:
    assert header.get(b"Abc: x\r\n\r\n", "A.c") is None
    assert header.get(b"A+: x\r\n\r\n", "A+") == "x"


def test_remove() -> None:
    left = header.remove(RAW, ["RECEIVED", "x-long"])
    assert left == (
        b"From x@y Thu Jan  1 00:00:00 1970\r\nSubject : hello\r\nEmpty:\r\n\r\n"
        b"Received: in the body\r\n"
    )
    assert header.remove(RAW, ["missing"]) is RAW
    assert header.remove(RAW, []) is RAW
    assert header.remove(b"A: 1\r\n\r\nbody", ["a"]) == b"\r\nbody"
    assert header.remove(b"A: 1\nB: 2\n\nbody", ["b"]) == b"A: 1\n\nbody"
    assert header.remove(b"A: 1", ["a"]) == b""


def test_prepend() -> None:
    assert header.prepend(b"A: 1\r\n\r\n", b"B: 2\r\n", b"C: 3\r\n") == (
        b"B: 2\r\nC: 3\r\nA: 1\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"A: 1\r\n\r\nbody", b"A: 1\r\nZ: 9\r\n\r\nbody"),
        (b"A: 1\n\nbody", b"A: 1\nZ: 9\r\n\nbody"),
        (b"\r\nbody", b"Z: 9\r\n\r\nbody"),
        (b"A: 1\r\n", b"A: 1\r\nZ: 9\r\n\r\n"),
        (b"A: 1", b"A: 1\r\nZ: 9\r\n\r\n"),
        (b"", b"Z: 9\r\n\r\n"),
    ],
)
def test_append(raw: bytes, expected: bytes) -> None:
    assert header.append(raw, b"Z: 9\r\n") == expected


def test_a_field_with_a_million_continuation_lines() -> None:
    raw = b"A: x" + b"\r\n y" * 1_000_000 + b"\r\nB: z\r\n\r\n"
    assert header.get(raw, "B") == "z"
    assert header.remove(raw, ["A"]) == b"B: z\r\n\r\n"
