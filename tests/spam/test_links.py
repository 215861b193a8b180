"""Where a link leads, as a browser would go."""

import pytest

from alphorn.spam import links


@pytest.mark.parametrize(
    ("url", "host", "base"),
    [
        ("http://www.Example.CO.UK/x", "www.example.co.uk", "example.co.uk"),
        ("https:\\\\a.b.example.com", "a.b.example.com", "example.com"),
        ("http:/one.slash.test", "one.slash.test", "slash.test"),
        ("http://user:pw@target.test:8080/", "target.test", "target.test"),
        ("http://a%2ETEST/", "a.test", "a.test"),
        ("ht\ntp://li\nne.test/", "line.test", "line.test"),
        ("http://x.test&#47;y", "x.test", "x.test"),
        ("http://[2001:db8::1]/", "[2001:db8::1]", "[2001:db8::1]"),
        ("http://dot.test./", "dot.test", "dot.test"),
    ],
)
def test_host(url: str, host: str, base: str) -> None:
    link = links.parse(url)
    assert link is not None
    assert (link.host, link.base) == (host, base)


@pytest.mark.parametrize("url", ["", "#top", "page.html", "//", "http://"])
def test_what_is_no_link(url: str) -> None:
    assert links.parse(url) is None


@pytest.mark.parametrize(
    ("host", "numeric"),
    [
        ("192.0.2.1", True),
        ("3221225985", True),
        ("0xC0000201", True),
        ("0xc0.0.2.1", True),
        ("[2001:db8::1]", True),
        ("1.test", False),
        ("a.test", False),
    ],
)
def test_addresses_in_every_notation(host: str, numeric: bool) -> None:
    link = links.parse(f"http://{host}/")
    assert link is not None
    assert link.numeric is numeric


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://www.bank.test/login", "www.bank.test"),
        ("bank.test", "bank.test"),
        ("  Bank.Test/x ", "bank.test"),
        ("Click here", ""),
        ("me@bank.test", ""),
        ("Version 1.2 of it", ""),
        ("", ""),
    ],
)
def test_what_a_link_shows(text: str, shown: str) -> None:
    assert links.shown_host(text) == shown


def test_a_user_part_is_noted() -> None:
    link = links.parse("http://www.bank.test@evil.test/")
    assert link is not None
    assert link.user
    assert link.host == "evil.test"
