"""Sender rewriting: what goes out comes back, whatever it was, and nothing else does."""

import hmac
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.base.address import MAX_LOCAL, parse_foreign
from alphorn.message.srs import (
    DAY,
    MAX_DAYS,
    Fault,
    Restored,
    SrsError,
    is_rewritten,
    restore,
    rewrite,
)

OURS = "example.test"
NOW = 1_800_000_000.0


def mac(text: bytes) -> bytes:
    return hmac.digest(b"key", text, "sha256")


def other_mac(text: bytes) -> bytes:
    return hmac.digest(b"another key", text, "sha256")


def back(address: str, now: float = NOW) -> Restored:
    local, _, domain = address.rpartition("@")
    return restore(local, domain, mac, now)


def fault(address: str, now: float = NOW) -> Fault:
    with pytest.raises(SrsError) as caught:
        back(address, now)
    assert address in caught.value.text
    return caught.value.fault


labels = st.text("abcxyz019", min_size=1, max_size=12)
domains = st.lists(labels, min_size=2, max_size=4).map(".".join)
atoms = st.text(string.ascii_letters + string.digits + "_+=-", min_size=1, max_size=20)
senders = st.builds(
    lambda local, domain: f"{'.'.join(local)}@{domain}",
    st.lists(atoms, min_size=1, max_size=3),
    domains,
)
anything = st.one_of(
    senders,
    st.builds(lambda local, domain: f"{local}@{domain}", st.text(min_size=1), st.text()),
)


def test_how_it_looks() -> None:
    made = rewrite("carl@other.test", OURS, mac, NOW)
    local, _, domain = made.address.rpartition("@")
    prefix, seal, day, host, rest = local.split("=")
    assert (prefix, host, rest, domain) == ("SRS0", "other.test", "carl", OURS)
    assert (len(seal), len(day), made.token) == (8, 2, "")
    assert back(made.address) == Restored("carl@other.test")


@given(anything, st.floats(0, 4e9), st.integers(0, MAX_DAYS))
def test_there_and_back(sender: str, now: float, days: int) -> None:
    made = rewrite(sender, OURS, mac, now)
    local = made.address.rpartition("@")[0]
    assert len(local) <= MAX_LOCAL
    assert is_rewritten(local)
    parse_foreign(made.address)  # a Dot-string, so that every server takes it
    found = back(made.address, now + days * DAY)
    if made.token:
        assert found == Restored(token=made.token)
    else:
        # An address of SRS0 or SRS1 comes back as the first forwarder's.
        assert found.sender.lower() == sender.lower() or is_rewritten(sender)


@given(senders, st.sampled_from([str.lower, str.upper, str.swapcase]))
def test_case_may_change_on_the_way(sender: str, changed: object) -> None:
    made = rewrite(sender, OURS, mac, NOW)
    local = made.address.rpartition("@")[0]
    found = restore(changed(local), OURS, mac, NOW)  # type: ignore[operator]
    if made.token:
        assert found.token == made.token
    else:
        assert found.sender.lower() == back(made.address).sender.lower()
        host = found.sender.rpartition("@")[2]
        assert host == host.lower()


@given(senders, st.data())
def test_a_change_of_any_character_is_noticed(sender: str, data: st.DataObject) -> None:
    local = rewrite(sender, OURS, mac, NOW).address.rpartition("@")[0]
    at = data.draw(st.integers(0, len(local) - 1))
    other = data.draw(st.sampled_from([c for c in "a7=" if c != local[at].lower()]))
    changed = local[:at] + other + local[at + 1 :]
    with pytest.raises(SrsError):
        restore(changed, OURS, mac, NOW)


@given(st.one_of(st.text(), st.from_regex(r"(?i)SRS[01][=+-].{0,80}", fullmatch=True)), st.text())
def test_nothing_else_comes_back(local: str, domain: str) -> None:
    with pytest.raises(SrsError):
        restore(local, domain, mac, NOW)


def test_it_expires() -> None:
    made = rewrite("carl@other.test", OURS, mac, NOW).address
    start = NOW // DAY * DAY
    assert back(made, start + (MAX_DAYS + 1) * DAY - 1) == Restored("carl@other.test")
    assert fault(made, start + (MAX_DAYS + 1) * DAY) is Fault.EXPIRED
    assert fault(made, start + 1000 * DAY) is Fault.EXPIRED
    # Another machine's clock may be a day behind, not a month.
    assert back(made, start - 1) == Restored("carl@other.test")
    assert fault(made, start - DAY - 1) is Fault.EXPIRED


def test_it_holds_for_one_key_and_one_domain() -> None:
    local = rewrite("carl@other.test", OURS, mac, NOW).address.rpartition("@")[0]
    assert fault(f"{local}@example.org") is Fault.FORGED
    with pytest.raises(SrsError) as caught:
        restore(local, OURS, other_mac, NOW)
    assert caught.value.fault is Fault.FORGED


@pytest.mark.parametrize(
    "local",
    ["SRS0=abcd=aa=other.test=carl", "SRS0+abcdefgh=aa=other.test=carl", "SRS1=x=y==z", "SRS0="],
)
def test_those_of_others_are_told_apart(local: str) -> None:
    assert fault(f"{local}@{OURS}") is Fault.FOREIGN


def test_a_second_forwarder_points_to_the_first() -> None:
    """And a third does too, in no more room."""
    first = "SRS0=AbCd=x7=far.test=Carl@one.test"
    second = rewrite(first, "two.test", mac, NOW).address
    assert second.startswith("SRS1=")
    third = rewrite(second, "three.test", mac, NOW).address
    assert third.partition("@")[0].split("=", 2)[2] == "one.test==AbCd=x7=far.test=Carl"
    assert len(third) - len("three.test") == len(second) - len("two.test")
    assert back(second) == back(third) == Restored(first)


@pytest.mark.parametrize("sign", ["=", "+", "-"])
def test_the_sign_that_the_first_forwarder_uses_stays(sign: str) -> None:
    sender = f"SRS0{sign}AbCd=x7=far.test=carl@one.test"
    assert back(rewrite(sender, OURS, mac, NOW).address) == Restored(sender)


def test_our_own_address_comes_back_through_another_forwarder() -> None:
    """He points to us, and his report comes to what we made."""
    ours = rewrite("carl@other.test", OURS, mac, NOW).address
    theirs = rewrite(ours, "two.test", other_mac, NOW).address
    local, _, domain = theirs.rpartition("@")
    assert restore(local, domain, other_mac, NOW).sender == ours
    assert back(ours) == Restored("carl@other.test")


@pytest.mark.parametrize(
    "sender",
    [
        "bounces+4711-0815-anna.muster=example.org@em1234.newsletter.example.com",
        '"carl the great"@other.test', "carl%x@other.test", "carl!x@other.test",
        "carl@[192.0.2.1]", "cärl@other.test", "carl@ötter.test", "a" * 300 + "@other.test",
        "SRS0=AbCd=x7=a-long-name.example.com=carl@another-long-name.example.org",
    ],
)  # fmt: skip
def test_what_does_not_fit_is_kept_under_a_token(sender: str) -> None:
    made = rewrite(sender, OURS, mac, NOW)
    assert len(made.token) == 26
    assert back(made.address) == Restored(token=made.token)
    assert rewrite(sender, OURS, mac, NOW + DAY).token == made.token
    assert rewrite(sender, OURS, other_mac, NOW).token != made.token
