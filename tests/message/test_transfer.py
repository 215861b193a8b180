import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.message import transfer


@given(st.binary(max_size=500))
def test_base64_round_trips(data: bytes) -> None:
    assert transfer.decode(base64.encodebytes(data), "base64") == data


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"QUJD", b"ABC"),
        (b"QU JD\r\n", b"ABC"),
        (b"QUI", b"AB"),
        (b"QUJDR", b"ABC"),
        (b"QU*JD!", b"ABC"),
        (b"", b""),
        (b"=", b""),
        (b"Q", b""),
    ],
)
def test_base64_that_is_broken(data: bytes, expected: bytes) -> None:
    assert transfer.decode(data, "base64") == expected


def test_other_encodings() -> None:
    assert transfer.decode(b"a=3Db=\r\nc=ZZ=", "quoted-printable").startswith(b"a=bc")
    assert transfer.decode(b"\xff\0", "8bit") == b"\xff\0"
    assert transfer.decode(b"data", "x-unheard-of") == b"data"
