"""Signatures are checked by an independent verifier; what it sees altered it refuses."""

import base64
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alphorn.base.errors import Refused
from alphorn.mailauth.dkim.canonical import relaxed_body, relaxed_field, split, split_fields
from alphorn.mailauth.dkim.fields import select
from alphorn.mailauth.dkim.keys import NewKey
from alphorn.mailauth.dkim.sign import LINE, sign
from alphorn.message.line_ends import with_crlf
from tests.mailauth.dkim.independent import Verifier
from tests.support.cost import cost

NOW = 1_700_000_000
MESSAGE = (
    b"Received: from there\r\n"
    b"From: Anna <anna@example.test>\r\n"
    b"To: Bert <bert@remote.test>\r\n"
    b"Subject: A long\r\n\tsubject \t folded  \r\n"
    b"Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
    b"Message-ID: <1@example.test>\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"\r\n"
    b"Hello  Bert,\t \r\n\r\nthis is it. \r\n\r\n\r\n"
)


@dataclass(frozen=True)
class Key:
    domain: str
    selector: str
    private_key_der: bytes


@pytest.fixture(scope="session")
def keys(rsa: NewKey, ed25519: NewKey) -> list[Key]:
    return [
        Key("example.test", "r1", rsa.private_key_der),
        Key("example.test", "e1", ed25519.private_key_der),
    ]


@pytest.fixture(scope="session")
def records(rsa: NewKey, ed25519: NewKey) -> dict[str, str]:
    return {
        "r1._domainkey.example.test.": rsa.record,
        "e1._domainkey.example.test.": ed25519.record,
    }


def transmitted(message: bytes) -> bytes:
    """As SMTP carries it: the last line has its end (RFC 5321 §4.1.1.4)."""
    return message if message.endswith(b"\r\n") else message + b"\r\n"


def test_both_signatures_verify(
    verifier: Verifier, keys: list[Key], records: dict[str, str]
) -> None:
    signed = sign(MESSAGE, keys, NOW) + MESSAGE
    assert verifier.verify(signed, records, 2) == [True, True]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: A", b"Subject: Another"),
        (b"From: Anna", b"From: Mallory <m@m.test>\r\nFrom: Anna"),
        (b"Date:", b"Reply-To: <m@m.test>\r\nDate:"),
        (b"this is it", b"this was it"),
        (b"charset=utf-8", b"charset=utf-7"),
    ],
)
def test_a_change_on_the_way_is_noticed(
    verifier: Verifier, keys: list[Key], records: dict[str, str], old: bytes, new: bytes
) -> None:
    altered = (sign(MESSAGE, keys, NOW) + MESSAGE).replace(old, new)
    assert True not in verifier.verify(altered, records, 2)


def test_what_relays_may_do_is_not_noticed(
    verifier: Verifier, keys: list[Key], records: dict[str, str]
) -> None:
    relayed = (sign(MESSAGE, keys, NOW) + MESSAGE).replace(
        b"Subject: A long\r\n\t", b"SUBJECT:A long "
    )
    relayed = b"Received: by elsewhere\r\nList-Id: <l>\r\n" + relayed + b"\r\n\r\n"
    assert verifier.verify(relayed, records, 2) == [True, True]


@pytest.mark.parametrize(
    "message",
    [
        b"From: a@example.test\r\n\r\n",
        b"From: a@example.test\r\n\r\nno line end",
        b"From: a@example.test\r\n\r\n\r\n\r\n",
        b"From:a@example.test\r\n\r\n \t\r\n",
        b"From: a@example.test\r\nTo:\r\n b@x.test,\r\n\tc@x.test\r\n\r\nbody \r\n",
        "From: ä@example.test\r\nSubject: Grüße\r\n\r\nGrüße\r\n".encode(),
        b"From: a@example.test\r\nTo: 1\r\nTo: 2\r\nTo: 3\r\nCc: 4\r\nCc: 5\r\n\r\nx\r\n",
        b"From: a@example.test\r\n\r\n.\r\n..\r\n",
    ],
)
def test_odd_messages_verify(
    verifier: Verifier, keys: list[Key], records: dict[str, str], message: bytes
) -> None:
    arrived = transmitted(sign(message, keys, NOW) + message)
    assert verifier.verify(arrived, records, 2) == [True, True]


values = st.text(st.sampled_from("ab:; \t=<>@\"'ä"), max_size=40)
names = st.sampled_from(["To", "cc", "SUBJECT", "Date", "X-Y", "Reply-To", "List-Id", "Message-Id"])
lines = st.text(st.sampled_from("ab. \tü\x0b"), max_size=20)
folds = st.sampled_from([" ", "\r\n ", "\r\n\t", " \r\n  "])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    fields = [("From", "anna@example.test"), *draw(st.lists(st.tuples(names, values), max_size=8))]
    header = "".join(
        f"{name}:{draw(folds)}x{value.replace(' ', draw(folds))}\r\n" for name, value in fields
    )
    body = "\r\n".join(draw(st.lists(lines, max_size=8))) + draw(st.sampled_from(["", "\r\n"]))
    return f"{header}\r\n{body}".encode()


@settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(message=messages())
def test_any_message_verifies(
    verifier: Verifier, keys: list[Key], records: dict[str, str], message: bytes
) -> None:
    arrived = transmitted(sign(message, keys, NOW) + message)
    assert verifier.verify(arrived, records, 2) == [True, True]


def test_lines_are_short_and_tags_complete(keys: list[Key]) -> None:
    fields = sign(MESSAGE, keys, NOW, lifetime=3600).decode("ascii")
    assert fields.endswith("\r\n")
    assert max(map(len, fields.split("\r\n"))) <= LINE
    first, second = re.split(r"\r\n(?=D)", fields)
    for field, algorithm, selector in ((first, "rsa", "r1"), (second, "ed25519", "e1")):
        flat = re.sub(r"\r\n[ \t]+", " ", field)
        assert flat.startswith(
            f"DKIM-Signature: v=1; a={algorithm}-sha256; c=relaxed/relaxed; d=example.test; "
            f"s={selector}; t={NOW}; x={NOW + 3600}; h=From:From:Subject:Subject:To:To:Cc:"
        )


def test_the_same_arguments_give_the_same_octets(keys: list[Key]) -> None:
    assert sign(MESSAGE, keys, NOW) == sign(MESSAGE, keys, NOW)


def test_without_a_key_there_is_no_signature() -> None:
    assert sign(MESSAGE, [], NOW) == b""


@pytest.mark.parametrize("domain", ["a;b.test", "a b.test", "a\r\nX: y", "", "a..b"])
def test_a_domain_cannot_add_tags(rsa: NewKey, domain: str) -> None:
    with pytest.raises(Refused):
        sign(MESSAGE, [Key(domain, "s", rsa.private_key_der)], NOW)


RFC_8463_EXAMPLE = (
    b"From: Joe SixPack <joe@football.example.com>\r\n"
    b"To: Suzie Q <suzie@shopping.example.net>\r\n"
    b"Subject: Is dinner ready?\r\n"
    b"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    b"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    b"\r\n"
    b"Hi.\r\n"
    b"\r\n"
    b"We lost the game.  Are you hungry yet?\r\n"
    b"\r\n"
    b"Joe.\r\n"
)
RFC_8463_SIGNATURE = (
    b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    b" d=football.example.com; i=@football.example.com;\r\n"
    b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    b" subject : date : message-id : from : subject : date;\r\n"
    b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    b" b="
)


def test_the_example_of_rfc_8463() -> None:
    """Appendix A: the parts that signing is made of give what its signature was made over."""
    header, body = split(RFC_8463_EXAMPLE)
    assert (
        base64.b64encode(sha256(relaxed_body(body)).digest())
        == b"2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="
    )
    names = ["from", "to", "subject", "date", "message-id", "from", "subject", "date"]
    signed = [relaxed_field(field) + b"\r\n" for field in select(split_fields(header), names)]
    public = Ed25519PublicKey.from_public_bytes(
        base64.b64decode("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    )
    public.verify(
        base64.b64decode(
            "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus"
            "Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
        ),
        sha256(b"".join(signed) + relaxed_field(RFC_8463_SIGNATURE)).digest(),
    )


@pytest.mark.shared
def test_real_messages_verify(
    verifier: Verifier, keys: list[Key], records: dict[str, str], shared: Path
) -> None:
    """Of the messages that the independent verifier can read at all, it accepts every one."""
    files = sorted(path for path in (shared / "mime").rglob("*.eml"))
    accepted = 0
    for path in files[:: max(1, len(files) // 120)]:
        message = with_crlf(path.read_bytes())
        results = verifier.verify(sign(message, keys, NOW) + message, records, 2)
        assert all(result is True or _unreadable(result) for result in results), path
        accepted += results == [True, True]
    assert accepted > 80


def _unreadable(result: object) -> bool:
    return isinstance(result, str) and "mismatch" not in result


def test_a_large_message_is_signed_quickly(keys: list[Key]) -> None:
    line = base64.b64encode(bytes(57)) + b"\r\n"
    message = MESSAGE + line * (25_000_000 // len(line))
    assert cost(lambda: sign(message, keys, NOW), 0.5) < 0.5
