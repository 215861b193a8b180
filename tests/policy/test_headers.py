"""Headers of abuse are refused, odd ones scored, and real mail passes: all of it that there is."""

import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alphorn.message import header
from alphorn.message.parse import MAX_HEADER, parse
from alphorn.policy.decision import Act, Decision
from alphorn.policy.header_faults import MAX_FIELDS, REFUSING
from alphorn.policy.header_signs import SCORING
from alphorn.policy.header_view import MAX_FROM
from alphorn.policy.headers import REPLY, check
from tests.support.cost import cost, promised

NOW = 1_763_000_000
DATE = b"Date: Thu, 13 Feb 2025 12:00:00 +0100\r\n"
ID = b"Message-ID: <1@example.org>\r\n"
FROM = b"From: Anna <anna@example.org>\r\n"
REST = b"To: b@example.net\r\nSubject: Hello\r\n" + DATE + ID
ORDINARY = FROM + REST


def judged(
    head: bytes, body: bytes = b"Hello\r\n", sender: str | None = "a@example.org"
) -> Decision:
    raw = head + b"\r\n" + body
    return check(raw, parse(raw), sender, NOW)


def codes(decision: Decision) -> list[str]:
    return [reason.code.removeprefix("header-") for reason in decision.reasons]


def mixed(inner: bytes, boundary: bytes = b'boundary="x"') -> bytes:
    return (
        ORDINARY
        + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
        + boundary
        + b"\r\n"
        + inner
    )


PARTS = b"--x\r\nContent-Type: text/plain\r\n\r\nHello\r\n--x--\r\n"

REFUSED: dict[str, tuple[tuple[bytes, bytes], ...]] = {
    "long-from": ((FROM.replace(b"Anna", b"A" * MAX_FROM) + REST, b""),),
    "no-domain": tuple(
        (b"From: Anna <anna@" + domain + b">\r\n" + REST, b"")
        for domain in (
            b"example.org..",
            b"[example.org]",
            b"example.org:",
            b"a" * 64 + b".example.org",
            b".".join([b"a" * 60] * 5),
        )
    ),
    "too-large": (
        (ORDINARY + b"X: " + b"y" * MAX_HEADER + b"\r\n", b""),
        (ORDINARY + b"X: y\r\n" * (MAX_FIELDS + 1), b""),
        (mixed(b""), (b"--x\r\n" + b"X: y\r\n" * 9000 + b"\r\n") * 100),
    ),
    "null": ((ORDINARY + b"X: a\0b\r\n", b""), (ORDINARY.replace(b"Anna", b"An\0na"), b"")),
    "bare-cr": (
        (ORDINARY + b"X: a\rFrom: x@evil.example\r\n", b""),
        (ORDINARY.replace(b"Hello\r\n", b"Hello\r\r\n"), b""),
    ),
    "several-from": (
        (ORDINARY + b"From: x@evil.example\r\n", b""),
        (ORDINARY + b"X: y\r\nfROM :x@evil.example\r\n", b""),
    ),
    "several-subjects": ((ORDINARY + b"Subject: Other\r\n", b""),),
    "several-contents": (
        (ORDINARY + b"Content-Type: text/plain\r\nContent-type: text/html\r\n", b""),
        (
            ORDINARY + b"Content-Transfer-Encoding: base64\r\n"
            b"Content-Transfer-Encoding: quoted-printable\r\n",
            b"",
        ),
        (
            mixed(b""),
            b"--x\r\nContent-Type: text/plain\r\nContent-Type: application/zip\r\n\r\n--x--\r\n",
        ),
    ),
    "boundaries": (
        (mixed(b"", b"boundary*0=x"), PARTS),
        (mixed(b"", b"boundary*=us-ascii''x"), PARTS),
        (mixed(b"", b"boundary=x; boundary=y"), PARTS),
    ),
    "no-from": ((REST, b""), (b"", b"From: a@example.org\r\n")),
    "no-author": (
        (b"From:\r\n" + REST, b""),
        (b"From: <>\r\n" + REST, b""),
        (b'From: "Anna" <>\r\n' + REST, b""),
        (b"From: (anna@example.org)\r\n" + REST, b""),
        (b'From: "anna@example.org":;\r\n' + REST, b""),
    ),
    "control": (
        (b"From: An\x07na <anna@example.org>\r\n" + REST, b""),
        (b"From: anna@ex\x01ample.org\r\n" + REST, b""),
        (b"From: anna@example.org\x7f\r\n" + REST, b""),
    ),
    "hidden": (
        (b"From: =?utf-8?q?boss=40bank.example=00?=@evil.example\r\n" + REST, b""),
        (b"From: <=?utf-8?b?Ym9zc0BiYW5rLmV4YW1wbGU=?=@evil.example>\r\n" + REST, b""),
        (b"From: <=?utf-8?q?boss=0d=0a?=@evil.example>\r\n" + REST, b""),
    ),
    "markup": (
        (b'From: "<script>alert(1)</script>" <x@evil.example>\r\n' + REST, b""),
        (b'From: <"<img src=1 onerror=alert(1)>"@evil.example>\r\n' + REST, b""),
    ),
    "domains": (
        (b"From: a@example.org, b@example.net\r\n" + REST, b""),
        (b'From: "Someone" <valid@example.net>:<attacker@example.org>\r\n' + REST, b""),
    ),
    "zone": ((FROM + ID + b"Date: Wed, 21 Aug 2002 20:31:57 -1600\r\n", b""),),
    "fragment": (
        (ORDINARY + b'Content-Type: message/partial; id="1"; number=1; total=2\r\n', b""),
    ),
}


@pytest.mark.parametrize(
    ("code", "head", "body"), [(code, *case) for code, cases in REFUSED.items() for case in cases]
)
def test_what_only_abuse_writes(code: str, head: bytes, body: bytes) -> None:
    decision = judged(head, body)
    assert decision.act is Act.REFUSE
    assert (decision.basic, decision.status, decision.text) == (554, "5.7.0", REPLY)
    assert REPLY == "Message is rejected by headers rule filter"
    assert decision.page == "headers"
    assert codes(decision)[0] == code
    assert decision.facts == {"rule": f"header-{code}"}
    assert decision.reasons[0].score == 0


def test_every_rule_that_refuses_is_in_the_table() -> None:
    assert len(REFUSED) == len(REFUSING) + 1


SCORED: dict[str, tuple[tuple[bytes, bytes], ...]] = {
    "repeated": (
        (ORDINARY + b"To: c@example.net\r\n", b""),
        (ORDINARY + b"Date: Thu, 13 Feb 2025 13:00:00 +0100\r\n", b""),
        (ORDINARY + FROM.replace(b" <", b"  <"), b""),
        (ORDINARY + b"Subject:Hello\r\nMessage-Id: <2@example.org>\r\n", b""),
    ),
    "many-lines": ((ORDINARY + b"X: y\r\n\tz\r\n" * 400, b""),),
    "junk": ((ORDINARY + b"this is no field\r\n", b""),),
    "folded-first": ((b" \tx\r\n" + ORDINARY, b""),),
    "spaced-name": ((ORDINARY.replace(b"From:", b"From :"), b""),),
    "unqualified": ((b"From: root\r\n" + REST, b""), (b"From: Daemon <root>\r\n" + REST, b"")),
    "several-authors": (
        (b"From: a@example.org, b@example.org\r\n" + REST, b""),
        (b"Sender: a@example.org\r\nFrom: a@example.org, b@example.net\r\n" + REST, b""),
    ),
    "cut-name": ((b"From: Doe, John <john@example.org>\r\n" + REST, b""),),
    "name-address": (
        (b'From: "support@bank.example" <x@evil.example>\r\n' + REST, b""),
        (b"From: =?utf-8?q?support=40bank=2Eexample?= <x@evil.example>\r\n" + REST, b""),
        ("From: support＠bank.example <x@evil.example>\r\n".encode() + REST, b""),
    ),
    "address-within": ((b'From: "ceo@bank.example"@evil.example\r\n' + REST, b""),),
    "encoded-address": ((b"From: <=?utf-8?q?anna?=@example.org>\r\n" + REST, b""),),
    "direction": (("From: \u202egpj.nna <anna@example.org>\r\n".encode() + REST, b""),),
    "no-date": ((FROM + ID, b""),),
    "bad-date": ((FROM + ID + b"Date: 29-04-2017 23:34\r\n", b""),),
    "future": ((FROM + ID + b"Date: Wed, 04 Oct 2028 12:05:01 -0400\r\n", b""),),
    "ancient": (
        (FROM + ID + b"Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n", b""),
        (FROM + ID + b"Date: Thu, 22 Aug 0102 12:07:35 +0800\r\n", b""),
    ),
    "no-message-id": ((FROM + DATE, b""),),
    "encoded-parts": ((mixed(b"Content-Transfer-Encoding: base64\r\n"), PARTS),),
    "no-parts": ((mixed(b""), b"Hello\r\n"),),
    "boundary": (
        (
            mixed(b""),
            b"--x\r\nContent-Type: multipart/mixed; boundary=xy\r\n\r\n--xy\r\n\r\n--xy--\r\n--x--",
        ),
    ),
    "media": ((ORDINARY + b"Content-Type: application-x-gzip\r\n", b""),),
}


@pytest.mark.parametrize(
    ("code", "head", "body"), [(code, *case) for code, cases in SCORED.items() for case in cases]
)
def test_what_is_odd_adds_to_the_score(code: str, head: bytes, body: bytes) -> None:
    decision = judged(head, body)
    assert decision.passes
    assert codes(decision) == [code]
    assert 0 < decision.reasons[0].score <= 2.5
    assert decision.text == ""


def test_every_rule_that_scores_is_in_the_table() -> None:
    # One rule speaks of the date in four ways.
    assert len(SCORED) == len(SCORING) + 3


ORDINARY_THINGS = (
    b"",
    b"Received: a\r\n\tb\r\n" * 50,
    "X-Note: Grüße\r\n".encode("latin-1"),
    b"X-Junk: \xff\xfe\x80\r\n",
    b"Subject2: a\r\nSubject2: b\r\n",
    b"DKIM-Signature: a\r\nDKIM-Signature: b\r\n",
    b"MIME-Version: 1.0\r\nMIME-Version: 1.0\r\n",
    b"Content-Type: text/plain; charset=utf-8; name=a\r\n",
    b"X-Mailer : odd but harmless\r\n",
    b"Comments: \x1b$B%F%9%H\x1b(B\r\n",
)


@pytest.mark.parametrize("extra", ORDINARY_THINGS)
def test_ordinary_things_say_nothing(extra: bytes) -> None:
    assert codes(judged(ORDINARY + extra)) == []


NAMES = (
    "Anna",
    '"Anna Muster" ',
    "anna@example.org",
    '"anna@mail.example.org"',
    "=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
    "=?iso-2022-jp?b?GyRCJUYlOSVIGyhC?=",
    "\x1b$B%F%9%H\x1b(B",
    "M\udcfcller",
    "Anna (at home)",
    "A <3 B",
)


@pytest.mark.parametrize("name", NAMES)
def test_names_that_people_have(name: str) -> None:
    field = f"From: {name} <anna@example.org>\r\n".encode("utf-8", "surrogateescape")
    assert codes(judged(field.replace(b"<3", b"&") + REST)) == []


def test_reports_of_failures_may_lack_what_others_must_have() -> None:
    for head in (REST, b"From: <>\r\n" + REST, b"From: MAILER-DAEMON <>\r\n" + REST):
        assert judged(head, sender="").passes
        assert not judged(head).passes
        assert not judged(head, sender=None).passes
    assert not judged(ORDINARY + b"From: b@example.org\r\n", sender="").passes


def test_an_empty_group_is_lawful() -> None:
    assert judged(b"From: Anna :;\r\n" + REST).passes


def test_reasons_of_a_refusal_come_first() -> None:
    decision = judged(b"From: a@example.org, b@example.net\r\nSubject: x\r\nSubject: y\r\n")
    assert codes(decision) == [
        "several-subjects",
        "domains",
        "repeated",
        "several-authors",
        *[
            "no-date",
            "no-message-id",
        ],
    ]


def test_reasons_are_sentences_with_codes_of_their_own() -> None:
    told: dict[str, str] = {}
    for table in (REFUSED, SCORED):
        for cases in table.values():
            for head, body in cases:
                told |= {reason.code: reason.text for reason in judged(head, body).reasons}
    assert len(set(told.values())) == len(told) == len(REFUSED) + len(SCORED)
    assert all(re.fullmatch(r"[A-Z][^\n]+\.", text) for text in told.values())


LINES = st.sampled_from(
    [
        *(
            b"From: a@b.example\r\n",
            b"From:",
            b"From :x\n",
            b"Subject: =?utf-8?b?AA==?=\r\n",
            b"\0",
        ),
        *(b"\r", b"\n", b"\r\n", b" ", b"\t", b"<", b">", b"@", b'"', b"(", b"=?utf-8?q?=00?="),
        *(b"Content-Type: multipart/mixed; boundary=x; boundary=y\r\n", b"--x\r\n", b"--x--", b"x"),
        *(
            b"Date: ",
            b"1 Jan 1999 1:1 +9999",
            b"Content-Type: message/rfc822\r\n",
            b",",
            b":",
            b"\xff",
        ),
    ]
)


@given(
    st.lists(LINES, max_size=60).map(b"".join) | st.binary(max_size=500), st.none() | st.just("")
)
@example(b"\r\n" * 100, None)
def test_any_octets(raw: bytes, sender: str | None) -> None:
    decision = check(raw, parse(raw), sender, NOW)
    assert decision.passes == all(reason.score > 0 for reason in decision.reasons)


@promised
def test_an_ordinary_header_costs_little(slack: float) -> None:
    raw = ORDINARY + b"Received: from a by b;\r\n\tnow\r\n" * 12 + b"X-Other: field\r\n" * 25
    raw += b"\r\n" + b"Hello\r\n" * 100_000
    root = parse(raw)
    most = 200 * 100e-6 * slack
    assert cost(lambda: [check(raw, root, "a@example.org", NOW) for _ in range(200)], most) < most


HOSTILE = {
    "commas": b"From: " + b"," * 200_000 + b"\r\n",
    "at signs": b"From: " + b"a@b " * 50_000 + b"\r\n",
    "name of addresses": b'From: "' + b"a@b.c" * 40_000 + b'" <x@y.example>\r\n',
    "dots": b'From: "x@' + b"a." * 100_000 + b'" <x@y.example>\r\n',
    "encoded words": b"From: " + b"=?utf-8?q?a=40b.c?= " * 10_000 + b"<x@y.example>\r\n",
    "angles": b"From: " + b"<" * 250_000 + b"\r\n",
    "spaces": b"From: <" + b" " * 250_000 + b"\r\n",
    "short lines": b"a\n" * 120_000,
    "colons": b"From" + b" " * 250_000 + b"\r\n",
    "parts": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\nA: b\r\n\r\n" * 5000,
    "boundaries": b"Content-Type: multipart/mixed" + b"; boundary=x" * 20_000 + b"\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_headers_are_bounded(name: str) -> None:
    raw = HOSTILE[name] + b"\r\nbody"
    root = parse(raw)
    assert cost(lambda: check(raw, root, None, NOW), 0.5) < 0.5


# --- Real mail ---------------------------------------------------------------------------------

NAMED = {
    "maildir/mu/testdir/cur/multirecip!2,S": "no-author",  # a draft: From is empty
    "dkim/mailauth/message2.eml": "several-subjects",  # made up for a test: two subjects
    "dkim/dkimpy/test_nofrom.message": "no-from",  # made up to test a verifier
}
"""Messages in the corpora of good mail that are refused; each has been read."""

HAM = ("maildir", "dkim", "arc", "dmarc", "spamham/sa-unit/nice")
NO_MAIL = re.compile(
    r"\.(?:json|csv|xml|zip|gz|dat|pem|pub|key|private|dns|tinydns|bind9|yml|md)$"
    r"|LICENSE|dkimpy/.*\.txt$|FORMAT"
)
KEYS_FIRST = re.compile(r"stalwart-mail-auth/\d+\.txt$")


def files(shared: Path, *folders: str) -> Iterator[tuple[str, bytes]]:
    for folder in folders:
        for path in sorted((shared / folder).rglob("*")):
            name = str(path.relative_to(shared))
            if path.is_file() and path.stat().st_size < 3_000_000 and not NO_MAIL.search(name):
                raw = path.read_bytes()
                yield name, raw.partition(b"\n\n")[2] if KEYS_FIRST.search(name) else raw


def archived(shared: Path, name: str, label: str = "") -> Iterator[tuple[str, bytes]]:
    with tarfile.open(shared / name, "r:xz") as tar:
        for member in tar:
            if member.isfile() and member.name.startswith(label):
                stream = tar.extractfile(member)
                assert stream is not None
                yield member.name, stream.read()


def of_corpus(raw: bytes) -> Decision:
    """As it was received: with CRLF, without an mbox line, and with the sender that Return-Path
    tells."""
    if raw.startswith(b"From "):
        raw = raw.partition(b"\n")[2]
    if b"\r\n" not in raw:
        raw = raw.replace(b"\n", b"\r\n")
    path = header.get(raw, "Return-Path")
    return check(raw, parse(raw), "" if path == "<>" else None, NOW)


@pytest.mark.shared
def test_no_good_mail_is_refused_but_for_what_was_read(shared: Path) -> None:
    refused = {}
    count = 0
    scores: Counter[str] = Counter()
    ham = archived(shared, "spamham/spamassassin-shared.tar.xz", "ham/")
    for name, raw in (*ham, *files(shared, *HAM)):
        decision = of_corpus(raw)
        count += 1
        if decision.passes:
            scores.update(codes(decision))
        else:
            refused[name] = codes(decision)[0]
    print(f"\nof {count} good messages {len(refused)} refused; scored: {dict(scores)}")
    assert count > 2200
    assert refused == NAMED


@pytest.mark.shared
def test_no_bounce_is_refused(shared: Path) -> None:
    """Sent with an empty reverse-path, which the files do not all show."""
    for name, raw in files(shared, "bounce"):
        decision = check(raw, parse(raw), "", NOW)
        assert decision.passes, (name, codes(decision))


@pytest.mark.shared
def test_how_much_abuse_is_refused(shared: Path) -> None:
    spam = list(archived(shared, "spamham/spamassassin-shared.tar.xz", "spam/"))
    phishing = list(archived(shared, "phishing/phishing_pot-shared.tar.xz"))
    kinds = {
        "spam": spam,
        "phishing": phishing,
        "malformed": list(files(shared, "mime")),
        "cross-site scripting": list(files(shared, "html/wooyun-webmail-xss")),
    }
    least = {"spam": 150, "phishing": 0, "malformed": 5, "cross-site scripting": 5}
    for kind, messages in kinds.items():
        decisions = [of_corpus(raw) for _, raw in messages]
        refused = Counter(codes(decision)[0] for decision in decisions if not decision.passes)
        scored = sum(bool(decision.passes and decision.reasons) for decision in decisions)
        print(f"\nof {len(messages)} {kind}: {scored} scored, refused {dict(refused)}")
        assert refused.total() >= least[kind]
