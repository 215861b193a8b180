"""Header fields about authentication: written so that no stranger's word changes their meaning,
and those removed that a stranger wrote in our name."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.mailauth.arc.validate import ArcResult
from alphorn.mailauth.dkim.verify import DkimResult
from alphorn.mailauth.dmarc.evaluate import DmarcResult
from alphorn.mailauth.outcome import Outcome
from alphorn.mailauth.results import (
    Authentication,
    authentication_results,
    received_spf,
    without_forged,
)
from alphorn.mailauth.spf.result import Spf, SpfResult
from alphorn.message import header
from alphorn.message.comments import strip_comments
from tests.support.cost import cost

HOST = "mx.alphorn.test"
SPF = SpfResult(Spf.PASS, "example.org", "mailfrom", "192.0.2.1", "ip4:192.0.2.0/24")
HELO = SpfResult(Spf.FAIL, "mail.example.org", "helo", "192.0.2.1", "-all")
DKIM = DkimResult(
    Outcome.PASS, "example.org", "s1", "@example.org", "rsa-sha256", 2048, "", False, "", "Ab/c+d12"
)
BROKEN = replace(DKIM, outcome=Outcome.FAIL, reason='The body was changed; "b" differs.', start="")
DMARC = DmarcResult(
    Outcome.PASS, "reject", "example.org", "example.org", "Because.", "example.org", "reject"
)
ARC = ArcResult(Outcome.PASS, ("list.example", "relay.example"), oldest_pass=1)


def test_all_of_it() -> None:
    auth = Authentication(SPF, HELO, (DKIM, BROKEN), ARC, DMARC, "mail.example.org")
    assert authentication_results(HOST, auth).decode() == (
        "Authentication-Results: mx.alphorn.test;\r\n"
        "\tdkim=pass header.d=example.org header.i=@example.org header.s=s1\r\n"
        '\t header.a=rsa-sha256 header.b="Ab/c+d12";\r\n'
        '\tdkim=fail reason="The body was changed; \\"b\\" differs."\r\n'
        "\t header.d=example.org header.s=s1 header.a=rsa-sha256;\r\n"
        "\tspf=pass smtp.mailfrom=example.org;\r\n"
        "\tspf=fail smtp.helo=mail.example.org;\r\n"
        "\tiprev=pass (mail.example.org) policy.iprev=192.0.2.1;\r\n"
        "\tdmarc=pass header.from=example.org policy.dmarc=reject;\r\n"
        "\tarc=pass (sealed by list.example relay.example) smtp.remote-ip=192.0.2.1\r\n"
        "\t header.oldest-pass=0\r\n"
    )


def test_nothing_was_checked() -> None:
    written = authentication_results(HOST, Authentication(arc=ArcResult(Outcome.NONE)))
    assert written == b"Authentication-Results: mx.alphorn.test;\r\n\tnone\r\n"


def test_received_spf() -> None:
    assert received_spf(HOST, SPF, "anna@example.org", "mail.example.org").decode() == (
        "Received-SPF: pass\r\n"
        "\t(mx.alphorn.test: domain of example.org designates 192.0.2.1 as permitted sender)\r\n"
        "\treceiver=mx.alphorn.test;\r\n"
        "\tclient-ip=192.0.2.1;\r\n"
        '\tenvelope-from="anna@example.org";\r\n'
        "\thelo=mail.example.org;\r\n"
        "\tidentity=mailfrom;\r\n"
        '\tmechanism="ip4:192.0.2.0/24";\r\n'
    )
    wrong = replace(SPF, result=Spf.PERMERROR, ip="2001:db8::1", mechanism="", problem="No “a”.")
    written = received_spf(HOST, wrong, "", "[x]").decode()
    assert 'client-ip="2001:db8::1";' in written
    assert 'envelope-from="";' in written
    assert 'helo="[x]";' in written
    assert 'problem="No “a”.";' in written
    assert "mechanism" not in written
    for result in Spf:
        line = received_spf("h", replace(SPF, result=result, domain="d{0}"), "", "").decode()
        assert line.startswith(f"Received-SPF: {result}\r\n\t(h: ")
        assert "d{0}" in line


HOSTILE = (
    "a\r\nX-Injected: yes",
    "a\nX-Injected: yes",
    "a\r\n\r\nbody",
    'x"; dmarc=pass header.from=bank.example; "',
    "x) dkim=pass (",
    "x\\",
    'x\\"; spf=pass',
    "\x00\x1b[2J\x7f",
    "\udcff\udc80",
    "a\u202eb\u2028c\x85d",
    "é" * 5000,
    '"' * 5000,
    "\\" * 5000,
    "",
    " ",
    "; dmarc=pass",
    "=?utf-8?q?=0d=0aX:_y?=",
)
ANY = st.sampled_from(HOSTILE) | st.text(st.characters()) | st.text('"\\()\r\n;= \x00a\udcff')


def fields_of(written: bytes) -> str:
    """The one field that was written, on one line; every line of it is short enough."""
    assert written.endswith(b"\r\n")
    assert len(list(header.iterate(written + b"\r\nbody"))) == 1
    assert header.header_end(written + b"\r\nbody") == len(written) + 2
    lines = written.decode("utf-8").split("\r\n")[:-1]
    assert all(line.startswith("\t") for line in lines[1:])
    assert all(len(line.encode()) <= 998 for line in lines)
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", "".join(lines))
    return " ".join(line.strip() for line in lines)


def outside_quotes(text: str) -> str:
    """What a reader sees who knows quoted strings and comments."""
    return strip_comments(re.sub(r'"(?:[^"\\]|\\.)*"', '""', text))


@given(ANY, ANY, ANY)
def test_no_stranger_adds_a_result(one: str, two: str, three: str) -> None:
    auth = Authentication(
        replace(SPF, domain=one, problem=two, ip=three),
        replace(HELO, domain=two, problem=three),
        [
            replace(DKIM, domain=one, selector=two, identity=three, algorithm=one, start=two),
            replace(BROKEN, domain=three, selector=one, reason=two),
        ],
        replace(ARC, outcome=Outcome.FAIL, sealers=(one, two, three) * 10, reason=one),
        replace(DMARC, outcome=Outcome.FAIL, author=two, reason=three, policy=""),
        one,
    )
    text = outside_quotes(fields_of(authentication_results(HOST, auth)))
    results = [piece.split()[0] for piece in text.split(";")[1:]]
    expected = ["dkim=pass", "dkim=fail", "spf=pass", "spf=fail"]
    expected += ["iprev=pass"] if one else []
    assert results == [*expected, "dmarc=fail", "arc=fail"]


@given(ANY, ANY, ANY)
def test_no_stranger_adds_a_pair(one: str, two: str, three: str) -> None:
    result = replace(SPF, domain=one, mechanism=three, problem=two)
    text = outside_quotes(fields_of(received_spf(HOST, result, one, two)))
    names = [piece.split("=")[0].split()[-1] for piece in text.split(";") if "=" in piece]
    expected = ["receiver", "client-ip", "envelope-from", "helo", "identity"]
    expected += ["mechanism"] if three else []
    assert names == [*expected, *(["problem"] if two else [])]


FORGED = (
    b"Authentication-Results: mx.alphorn.test; dmarc=pass\r\n",
    b"authentication-results : MX.Alphorn.Test.;\r\n\tspf=pass\r\n",
    b"Authentication-Results:\r\n\tmx.alphorn.test 1; none\r\n",
    b"Authentication-Results: (a (nested) comment) mx.alphorn.test (x); dkim=pass\r\n",
    b'Authentication-Results: "mx.alphorn.test"; dkim=pass\r\n',
    b'Authentication-Results: "mx.al\\phorn.test"; dkim=pass\r\n',
    b"Authentication-Results: mx.alphorn.test\r\n",
    b"Authentication-Results: (never closed mx.alphorn.test; dkim=pass\r\n",
    b"Authentication-Results: ; dkim=pass\r\n",
    b"Authentication-Results:\r\n",
    b"Authentication-Results: (" + b"x" * 5000 + b") mx.alphorn.test; dkim=pass\r\n",
    b"Authentication-Results:" + b"\r\n " * 5000 + b"mx.alphorn.test; dkim=pass\r\n",
    b"Received-SPF: pass (other.test: ok) client-ip=1.2.3.4;\r\n",
    b"AUTHENTICATION-RESULTS: mx.alphorn.test; dkim=pass\n",
    b"Authentication-Results: =?utf-8?q?mx=2Ealphorn=2Etest?=; dkim=pass\r\n",
    b"Authentication-Results: mx . alphorn (x) . test/1; dkim=pass\r\n",
    b"Authentication-Results: m\xc2\xadx.alphorn.test; dkim=pass\r\n",
    b"Authentication-Results: \xef\xbb\xbfmx.alphorn.test; dkim=pass\r\n",
)
FOREIGN = (
    b"Authentication-Results: mx.alphorn.test.other.test; dkim=pass\r\n",
    b"Authentication-Results: mx.other.test; dmarc=pass (for mx.alphorn.test)\r\n",
    b"Authentication-Results: notmx.alphorn.test; dkim=pass header.d=mx.alphorn.test\r\n",
    b"ARC-Authentication-Results: i=1; mx.alphorn.test; spf=pass\r\n",
    b"X-Authentication-Results: mx.alphorn.test; spf=pass\r\n",
    b"Subject: Authentication-Results: mx.alphorn.test; x\r\n",
)


@pytest.mark.parametrize("forged", FORGED)
def test_forged_fields_go_wherever_they_stand(forged: bytes) -> None:
    before = b"Return-Path: <x>\r\n"
    after = b"Received: from a by b; now\r\nSubject: x\r\n \ty\r\n\r\n" + forged + b"body\r\n"
    for raw in (before + forged + after, forged + before + after, before + forged * 3 + after):
        assert without_forged(raw, HOST) == before + after
    if forged.lower().startswith(b"auth"):
        raw = after.replace(b"Subject", forged + b"Subject", 1)
        assert without_forged(raw, HOST) == after
        assert without_forged(b"X: y\r\n" + forged, HOST.upper()) == b"X: y\r\n"


@pytest.mark.parametrize("foreign", FOREIGN)
def test_fields_of_others_stay(foreign: bytes) -> None:
    raw = foreign + b"Received: x\r\n" + foreign + b"\r\n" + foreign
    assert without_forged(raw, HOST) is raw


def test_received_spf_of_earlier_hops_stays_and_one_in_our_name_goes() -> None:
    earlier = b"Received: x\r\nReceived-SPF: pass client-ip=1.2.3.4; receiver=mx.other.test;\r\n"
    assert without_forged(earlier + b"\r\nx", HOST) == earlier + b"\r\nx"
    for ours in (b"mx.alphorn.test", b'"MX.alphorn.test"', b"mx.alphorn.test.;", b"\r\n "):
        value = b"receiver=" + (ours if ours.strip() else ours + b"mx.alphorn.test")
        assert without_forged(
            b"Received: x\r\nReceived-SPF: pass " + value + b"\r\n\r\n", HOST
        ) == (b"Received: x\r\n\r\n")


def test_what_we_write_we_would_remove() -> None:
    ours = authentication_results(HOST, Authentication(SPF)) + received_spf(HOST, SPF, "a@b", "c")
    rest = b"Received: x\r\n" + received_spf(HOST, SPF, "", "")
    assert without_forged(ours + rest + b"\r\n", HOST) == b"Received: x\r\n\r\n"


@given(
    st.lists(st.sampled_from([*FORGED, *FOREIGN, b"X: y\r\n", b"\r\n", b" z\r\n", b"Received:\n"]))
)
def test_removing_leaves_nothing_forged_and_changes_no_body(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    cleaned = without_forged(raw, HOST)
    assert without_forged(cleaned, HOST) == cleaned
    assert raw[header.header_end(raw) :] == cleaned[header.header_end(cleaned) :]


def test_a_huge_header_costs_little() -> None:
    raw = b"X: y\r\n" * 1_000_000 + FORGED[0] + b"Received: z\r\n" * 100_000 + b"\r\n"
    assert len(raw) - len(without_forged(raw, HOST)) == len(FORGED[0])
    assert cost(lambda: without_forged(raw, HOST), 1.5) < 1.5
