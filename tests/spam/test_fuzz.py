"""Nothing raises on any octets, and hostile ones take no longer than honest ones."""

import random
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.message.parse import parse
from alphorn.spam import features, links, markup, tokens
from alphorn.spam.categories import categorize
from alphorn.spam.features import observe
from alphorn.spam.score import judge
from alphorn.spam.values import SpamFacts
from tests.spam.mail import html, message
from tests.support.cost import cost

SEED = html(
    '<a href="http://a.test/x?y=1">www.b.test</a><img src="http://i.test/x" width=1 height=1>'
    '<div style="display:none">hidden</div><form action=x><input type=password></form>',
    subject="=?utf-8?b?R3LDvMOfZQ==?=",
    sender='"Pay\u200bPal" <x@y.test>',
    fields="Reply-To: a@b.test\nList-Id: <x.y>\nX-Mailer: Tool 1.0\n",
)
MARKS = rb"< > </ <a href= style= display:none =? ?= --b &# http:// @ ' : %".split()
PIECES = [*MARKS, b"\r\n", b"\0", b"\xff", b"\xe2\x80\x8b", b'"']
FACTS = SpamFacts(spf="fail", own_domains=frozenset(["y.test"]), reported_hosts={"a.test": 1})
SECONDS = 1.0  # some fifty times what it takes


def whole(raw: bytes) -> None:
    seen = observe(raw, parse(raw), FACTS)
    keys = tokens.tokens(seen)
    assert len(keys) <= tokens.MAX_TOKENS
    assert len(seen.text) <= features.MAX_TEXT
    assert len(seen.links) <= features.MAX_LINKS
    assert len(seen.attachments) <= features.MAX_ATTACHED
    verdict = judge(seen, keys=keys)
    assert -50 < verdict.score < 100
    assert 0 <= verdict.probability <= 1
    categorize(seen)
    for reason in verdict.reasons:
        reason.text.encode()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=500))
def test_any_octets(raw: bytes) -> None:
    whole(raw)
    whole(b"Content-Type: text/html\r\n\r\n" + raw)
    whole(b"From: " + raw)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 30))
def test_damaged_messages(seed: int, changes: int) -> None:
    chance = random.Random(seed)
    raw = bytearray(SEED)
    for _ in range(changes):
        at = chance.randrange(len(raw))
        match chance.randrange(3):
            case 0:
                raw[at : at + chance.randrange(20)] = b""
            case 1:
                raw[at:at] = chance.choice(PIECES) * chance.randrange(1, 20)
            case _:
                raw[at] = chance.randrange(256)
        if not raw:
            raw = bytearray(b"x")
    whole(bytes(raw))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_link(url: str) -> None:
    for link in (links.parse(url, url), links.parse("http://" + url)):
        if link is not None:
            assert link.host
            link.numeric  # noqa: B018


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<>/=\"' aAsStyle:;0%&#-!di\u0130\u200b", max_size=400))
def test_any_markup(text: str) -> None:
    markup.look(text)


BIG = 400_000


@pytest.mark.parametrize(
    "text",
    [
        "<" * BIG,
        "<a " * (BIG // 3),
        "<a href=" * (BIG // 8),
        "<a href='" * (BIG // 9),
        "<div style='display:none" * (BIG // 24),
        "<div style='display:none'>" * (BIG // 26),
        "display:none " * (BIG // 13),
        "font-size:" + " " * BIG,
        "style " * (BIG // 6) + "=",
        "<a href=http://" + "a." * (BIG // 2) + ">",
        "<a href=x>" + "a." * (BIG // 2) + "</a>",
        "<!--" * (BIG // 4),
        "<script" * (BIG // 7),
        "&" * BIG,
        "&#x" * (BIG // 3),
        "http://" * (BIG // 7),
        "http://" + "x" * BIG,
        "www." * (BIG // 4),
        "a" * BIG,
        "A" * BIG,
        "a-" * (BIG // 2),
        "a " * (BIG // 2),
        "1" * BIG,
        "$1," * (BIG // 3),
        "$" * BIG,
        "!" * BIG,
        "\u200b" * (BIG // 3),
        "漢" * (BIG // 3),
        "a\u0430" * (BIG // 3),
        "unsubscribe " * (BIG // 12),
        " bgcolor=" * (BIG // 9),
        " a-a-a-a-a-a" * (BIG // 12),
        "\u0130" * (BIG // 2) + "<div style='display:none'>x</div>",
    ],
    ids=lambda text: ascii(text[:16]),
)
def test_hostile_text_takes_no_longer(text: str) -> None:
    for raw in (message(text), html(text), html(text, subject=text[:5000], sender=text[:5000])):
        assert cost(partial(whole, raw), SECONDS) < SECONDS


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: " + b"=?utf-8?q?a?= " * 50_000 + b"\r\n\r\n",
        b"From: " + b"a@b.test, " * 50_000 + b"\r\n\r\n",
        b"From: " + b'"' * 200_000 + b"\r\n\r\n",
        b"Reply-To: " + b"(" * 200_000 + b"\r\n\r\n",
        b"List-Id: x\r\n" * 50_000 + b"\r\n",
        b"List-Id: " + b"\r\n " * 100_000 + b"\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + b"--b\r\nContent-Type: text/html\r\n\r\n<a href=http://x.test/>x</a>\r\n" * 5_000,
    ],
    ids=lambda raw: ascii(raw[:24]),
)
def test_hostile_messages_take_no_longer(raw: bytes) -> None:
    entity = parse(raw)
    assert cost(lambda: judge(observe(raw, entity, FACTS)), SECONDS) < SECONDS
