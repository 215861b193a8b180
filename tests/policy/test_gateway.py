"""By which certificates a gateway is recognized."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.policy.gateway import ANY, Shown, read_client, recognizes

DIGEST = "0a" * 32
SHOWN = Shown(("gw.hin.test", "Other.hin.test"), "common.hin.test", DIGEST)
BARE = Shown((), "GW.hin.test", DIGEST)


@pytest.mark.parametrize(
    ("clients", "shown", "is_it"),
    [
        (["gw.hin.test"], SHOWN, True),
        (["x.test", "other.hin.test"], SHOWN, True),
        (["common.hin.test"], SHOWN, False),  # where there are other names it does not count
        (["gw.hin.test"], BARE, True),
        (["hin.test"], SHOWN, False),
        (["gw.hin.test"], Shown(("*.hin.test",), "", DIGEST), False),
        (["gw.hin.test"], Shown(("gw.hin.test.evil.test",), "gw.hin.test", DIGEST), False),
        ([f"sha256:{DIGEST}"], SHOWN, True),
        ([f"sha256:{'0b' * 32}"], SHOWN, False),
        ([ANY], SHOWN, True),
        ([], SHOWN, False),
        ([""], Shown((), "", DIGEST), False),
    ],
)
def test_recognized(clients: list[str], shown: Shown, is_it: bool) -> None:
    assert recognizes(clients, shown) is is_it


def test_no_certificate_claims_to_be_any() -> None:
    """`any` is a word of the operator's, not a name that a certificate can have its way with."""
    assert not recognizes(["gw.hin.test"], Shown((ANY,), ANY, DIGEST))


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (" GW.Hin.test ", "gw.hin.test"),
        ("Any", ANY),
        (f"SHA256:{':'.join(['0A'] * 32)}", f"sha256:{DIGEST}"),
        ("gateway", "gateway"),
    ],
)
def test_clients_are_read(text: str, stored: str) -> None:
    assert read_client(text) == stored


@pytest.mark.parametrize("text", ["", "*.hin.test", "a b", "sha256:12", "-x.test", "x..test", "é"])
def test_what_is_no_client(text: str) -> None:
    with pytest.raises(ValueError, match=r"neither|digest"):
        read_client(text)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_and_stored_once(text: str) -> None:
    try:
        stored = read_client(text)
    except ValueError:
        return
    assert read_client(stored) == stored
    assert not set(stored) & set(" \n\t")
