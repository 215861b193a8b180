import pytest

from alphorn.wire.sasl import base64


def test_round_trip_and_initial_response() -> None:
    assert base64.decode(base64.encode(b"\0a\0b")) == b"\0a\0b"
    assert base64.decode(b"") == b""
    assert base64.decode_initial(b"=") == b""
    assert base64.decode_initial(b"AGEAYg==") == b"\0a\0b"


@pytest.mark.parametrize(
    "line", [b"=", b"*", b"A", b"AGEAYg", b"AG EA", b"AGEAYg==\r", b"AGE-", b"\xff"]
)
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):
        base64.decode(line)
