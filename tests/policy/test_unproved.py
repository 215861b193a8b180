"""In whose name a message may leave: the choice, and what is read of what was found."""

import pytest

from alphorn.policy.unproved import Way, claims, way_out

HOST = "mx.ours.test"


def found(results: str, author: str = "a@ours.test", name: str = HOST) -> tuple[str, ...]:
    raw = f"Authentication-Results: {name}; {results}\r\nFrom: {author}\r\n\r\n".encode()
    return claims(raw, raw, HOST)


@pytest.mark.parametrize(
    ("results", "claimed"),
    [
        ("dmarc=pass header.from=ours.test", ()),
        ("dmarc=pass header.from=OURS.test", ()),
        ("dmarc=pass header.from=other.test", ("ours.test",)),
        ("dmarc=fail header.from=ours.test; dkim=pass header.d=ours.test", ("ours.test",)),
        ("dmarc=temperror header.from=ours.test", ("ours.test",)),
        ("dmarc=none header.from=ours.test; dkim=pass header.d=ours.test", ()),
        ("dmarc=permerror; dkim=pass header.d=mail.ours.test", ()),
        ("dmarc=none; spf=pass smtp.mailfrom=ours.test", ()),
        ("dmarc=none; spf=softfail smtp.mailfrom=ours.test", ("ours.test",)),
        ("dmarc=none; spf=pass smtp.mailfrom=test", ("ours.test",)),
        ("dmarc=none; spf=pass smtp.mailfrom=notours.test", ("ours.test",)),
        ("spf=none; dkim=none", ("ours.test",)),
        ("none", ("ours.test",)),
    ],
)
def test_what_proves_an_author(results: str, claimed: tuple[str, ...]) -> None:
    assert found(results) == claimed


def test_only_what_we_have_found_counts() -> None:
    assert found("dmarc=fail", name="mx.other.test") == ()
    assert claims(b"From: a@ours.test\r\n\r\n", b"From: a@ours.test\r\n\r\n", HOST) == ()


@pytest.mark.parametrize(
    "author",
    [
        "x@evil.test, a@ours.test",
        "us: a@ours.test;",
        ", ".join([*(f"x@e{n}.test" for n in range(20)), "a@ours.test"]),
        "x@evil.test\r\nFrom: a@OURS.test",
    ],
)
def test_each_author_that_is_named_is_claimed(author: str) -> None:
    assert "ours.test" in found("dmarc=fail header.from=evil.test", author)


@pytest.mark.parametrize(
    ("sender", "ours", "claimed", "way"),
    [
        # Nothing claimed: as ever.
        ("x@evil.test", False, (), Way("ours.test")),
        ("x@ours.test", True, (), Way()),
        ("", False, (), Way()),
        ("x@evil.test", False, ("bank.zz",), Way("ours.test")),
        # Something claimed: by a name that does not prove it.
        ("x@evil.zz", False, ("ours.test",), Way("host.zz")),
        ("x@evil.zz", False, ("below.ours.test",), Way("host.zz")),
        ("x@ours.test", True, ("ours.test",), Way("host.zz")),
        ("x@ours.test", True, ("host.zz",), Way()),
        ("x@evil.test", False, ("ours.test", "mail.host.zz"), Way()),
        ("x@below.ours.test", False, ("ours.test", "mail.host.zz"), None),
        ("x@ours.test", True, ("ours.test", "host.zz"), None),
        ("", False, ("ours.test",), Way()),
        ("", False, ("host.zz",), None),
    ],
)
def test_the_way_out(sender: str, ours: bool, claimed: tuple[str, ...], way: Way | None) -> None:
    assert way_out(sender, ours, ("ours.test", "host.zz"), claimed) == way


@pytest.mark.parametrize(
    ("domain", "claimed", "same"),
    [("a.co.uk", "b.co.uk", False), ("a.co.uk", "x.a.co.uk", True), ("a.co.zz", "b.co.zz", True)],
)
def test_names_below_registries_are_of_different_people(
    domain: str, claimed: str, same: bool
) -> None:
    assert way_out("x@evil.test", False, (domain,), (claimed,)) == (Way() if same else Way(domain))
