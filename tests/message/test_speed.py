"""Time grows with size and no faster, and stays far below what a user would notice."""

import base64
import random
from collections.abc import Callable

import pytest

from alphorn.message import addresses, collate, content, header, html_text, words
from alphorn.message.parse import parse
from alphorn.message.summarize import summarize
from alphorn.message.text import searchable
from tests.support.cost import cost, growth, promised

MEGABYTE = 1_000_000
HEAD = b'From: a@b\r\nContent-Type: multipart/mixed; boundary="----=_Part_1"\r\n\r\n'
PART = b"------=_Part_1\r\nContent-Type: text/plain\r\n\r\nhello\r\n"


def attachment(size: int) -> bytes:
    data = base64.encodebytes(random.Random(1).randbytes(size * 3 // 4)).replace(b"\n", b"\r\n")
    part = b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return b"".join((HEAD, PART, b"------=_Part_1\r\n", part, data, b"\r\n------=_Part_1--\r\n"))


LARGE = {
    "one attachment": lambda: attachment(25 * MEGABYTE),
    "many parts": lambda: HEAD + PART * (25 * MEGABYTE // len(PART)),
}
LARGE_AND_ODD = {
    "no line ends": lambda: b"x" * 25 * MEGABYTE,
    "only line ends": lambda: b"Subject: x\r\n" + b" \r\n" * (8 * MEGABYTE),
    "one huge header": lambda: b"X: y\r\n" * (4 * MEGABYTE),
    "lines like delimiters": lambda: HEAD + b"------=_Part_1x\r\n" * (MEGABYTE + MEGABYTE // 2),
    "hyphens": lambda: HEAD.replace(b"----=_Part_1", b"-" * 70) + b"-" * 25 * MEGABYTE,
}


@promised
@pytest.mark.parametrize("name", sorted(LARGE))
def test_25_megabytes_parse_in_a_tenth_of_a_second(name: str, slack: float) -> None:
    raw = LARGE[name]()
    assert len(raw) >= 20 * MEGABYTE
    assert cost(lambda: parse(raw), 0.1 * slack) < 0.1 * slack


@promised
@pytest.mark.parametrize("name", sorted(LARGE_AND_ODD))
def test_25_hostile_megabytes_parse_in_half_a_second(name: str, slack: float) -> None:
    raw = LARGE_AND_ODD[name]()
    assert len(raw) >= 20 * MEGABYTE
    assert cost(lambda: parse(raw), 0.5 * slack) < 0.5 * slack


@promised
def test_an_ordinary_message_is_summarized_in_well_under_a_millisecond(slack: float) -> None:
    text = b"A line of an ordinary message with some words in it.\r\n" * 80
    html = b"<p>A line of an ordinary <b>message</b> with some words in it.</p>\r\n" * 75
    raw = (
        b"Received: from a.example by b.example with ESMTP id 1;\r\n\tMon, 3 Mar 2025 09:00 GMT\r\n"
        b"From: Anna Muster <anna@example.org>\r\nTo: Beat <beat@example.test>, c@example.test\r\n"
        b"Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\nDate: Mon, 3 Mar 2025 09:00:00 +0100\r\n"
        b"Message-ID: <one@example.org>\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text + b"\r\n"
        b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html + b"\r\n--b--\r\n"
    )
    assert cost(lambda: summarize(raw), 0.001 * slack, 50) < 0.001 * slack


def strict(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        addresses.parse_one(text)


# What would be quadratic in a careless parser: each grows with a number.
HOSTILE: dict[str, Callable[[int], object]] = {
    "nested multiparts": lambda n: parse(
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (k, k)
            for k in range(100)
        )
        + b"x\r\n" * 20 * n
    ),
    "nested messages": lambda n: summarize(
        b"Content-Type: message/rfc822\r\n\r\n" * 100 + b"x\r\n" * 20 * n
    ),
    "open encoded words": lambda n: words.decode("=?a?q?" * n),
    "encoded words": lambda n: words.decode("=?a?q?x?= " * n),
    "question marks": lambda n: words.decode("=?a?q?" + "?" * n),
    "quotes": lambda n: addresses.parse('"\\"' * n),
    "angles": lambda n: addresses.parse("<" * n),
    "comments": lambda n: addresses.parse("(" * n + ")" * n),
    "dots": lambda n: addresses.parse(". " * n),
    "addresses": lambda n: addresses.parse("a b@c, " * n),
    "groups": lambda n: addresses.parse("a:;" * n),
    "spaces in a date": lambda n: summarize(b"Date: 1" + b" " * 10 * n + b"\r\n\r\n"),
    "tags of a subject": lambda n: collate.base_subject("[a]" * n),
    "open HTML comments": lambda n: html_text.to_text("<!--" * n),
    "open HTML styles": lambda n: html_text.to_text("<style>" * n),
    "open HTML tags": lambda n: html_text.to_text("<a " * n),
    "open HTML inline tags": lambda n: html_text.to_text("<b" * n),
    "ampersands": lambda n: html_text.to_text("&a" * n),
    "parameters": lambda n: summarize(b"Content-Type: a/b" + b";a=b" * n + b"\r\n\r\n"),
    "a long parameter name": lambda n: content.media_type("a/b;" + "c" * n),
    "spaced parameter names": lambda n: content.media_type("a/b;" + "c " * n),
    "quoted parameters": lambda n: summarize(b'Content-Type: a/b;a="' + b"\\" * n + b"\r\n\r\n"),
    "folded lines": lambda n: summarize(b"Subject: x" + b"\r\n y" * n + b"\r\n\r\n"),
    "removed fields": lambda n: header.remove(b"A: b\r\n" * n + b"\r\n", ["a"]),
    "references": lambda n: summarize(b"References: " + b"<a@b>" * n + b"\r\n\r\n"),
    "a long Message-ID": lambda n: summarize(b"Message-ID: " + b"a" * n + b"@\r\n\r\n"),
    "Message-IDs that never end": lambda n: summarize(b"References: " + b"<a" * n + b"\r\n\r\n"),
    "a strict address": lambda n: strict("a." * n),
    "a strict name": lambda n: strict("\\" * n + "<a@b>"),
    "a long name": lambda n: addresses.parse("a " * n + "<b@c>"),
    "words to search": lambda n: searchable(b"Subject: x\r\n\r\n" + b"<p>&amp;</p>" * n),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_time_is_linear(name: str) -> None:
    """Eight times the size takes no more than some twenty times as long; what grew with the square
    of the size would take more than sixty."""
    assert growth(HOSTILE[name], 2_500, 20_000, 24) < 24
