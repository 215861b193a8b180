"""Reports, read back by Python's own parser (RFC 3462, RFC 3464, RFC 6533)."""

import email
import email.policy
import string
from dataclasses import fields as dataclass_fields
from email.message import EmailMessage

import pytest

from alphorn.message import dsn
from alphorn.message.dsn import Action, Recipient, Report
from alphorn.message.dsn_texts import FALLBACK, TEXTS, Texts, texts
from alphorn.message.parse import parse
from tests.message import invariants

NOON = 1739444400
ORIGINAL = (
    b"From: anna@example.test\r\nTo: beat@example.org\r\n"
    b"Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nThe body.\r\n"
)
FAILED = Recipient(
    "beat@example.org",
    Action.FAILED,
    "5.1.1",
    "550-5.1.1 No such\r\n550 5.1.1 user",
    "mx.example.org",
    "rfc822;B+2BBeat@example.org",
    NOON - 60,
)
DELAYED = Recipient(
    "carl@example.org", Action.DELAYED, "4.4.1", "Connection refused", retry_until=NOON + 86400
)


def request(**changes: object) -> Report:
    values: dict[str, object] = {
        "host": "mx.example.test",
        "to": "anna@example.test",
        "original": ORIGINAL,
        "recipients": [FAILED],
        "arrival": NOON - 3600,
        "now": NOON,
    }
    return Report(**{**values, **changes})  # type: ignore[arg-type]


def read(report: Report) -> tuple[EmailMessage, str, list[dict[str, str]], EmailMessage]:
    """The report, its words for people, its groups of fields, and what it returns."""
    raw = dsn.report(report, "token")
    invariants.check(raw)
    message = email.message_from_bytes(raw, policy=email.policy.SMTPUTF8)
    assert isinstance(message, EmailMessage)
    assert message.get_content_type() == "multipart/report"
    assert not [part.defects for part in message.walk() if part.defects]
    people, programs, returned = message.iter_parts()
    assert isinstance(people, EmailMessage)
    assert isinstance(returned, EmailMessage)
    # Python reads message/global-delivery-status as a message; its fields are split here instead.
    status = parse(raw).children[1]
    groups = [
        email.message_from_bytes(group, policy=email.policy.SMTPUTF8)
        for group in raw[status.body : status.end].split(b"\r\n\r\n")
    ]
    assert programs.get_content_maintype() == "message"
    words = people.get_content().replace("\r\n", "\n")
    return message, words, [dict(group.items()) for group in groups], returned


def test_it_may_be_in_the_name_of_a_domain() -> None:
    message, *_ = read(request(domain="example.test"))
    assert message["From"].addresses[0].addr_spec == "MAILER-DAEMON@example.test"
    assert message["Message-ID"] == "<token@mx.example.test>"


def test_a_failure() -> None:
    message, people, (about, recipient), returned = read(request(envid="abc+3D1"))
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["To"] == "anna@example.test"
    assert message["From"].addresses[0].addr_spec == "MAILER-DAEMON@mx.example.test"
    assert message["Subject"] == "Not delivered: Grüße"
    assert message["Message-ID"] == "<token@mx.example.test>"
    assert message["Content-Type"].params["report-type"] == "delivery-status"
    assert about == {
        "Reporting-MTA": "dns; mx.example.test",
        "Original-Envelope-Id": "abc=1",
        "Arrival-Date": "Thu, 13 Feb 2025 10:00:00 +0000",
    }
    assert recipient == {
        "Original-Recipient": "rfc822;B+Beat@example.org",
        "Final-Recipient": "rfc822;beat@example.org",
        "Action": "failed",
        "Status": "5.1.1",
        "Remote-MTA": "dns; mx.example.org",
        "Diagnostic-Code": "smtp; 550-5.1.1 No such 550 5.1.1 user",
        "Last-Attempt-Date": "Thu, 13 Feb 2025 10:59:00 +0000",
    }
    assert "beat@example.org\n    The server mx.example.org said: 550-5.1.1 No such" in people
    assert returned.get_content_type() == "text/rfc822-headers"
    assert "Subject: =?utf-8?Q?" in str(returned.get_payload())
    assert "The body." not in str(returned.get_payload())


def test_a_delay_says_until_when() -> None:
    message, people, (_, recipient), _ = read(request(recipients=[DELAYED]))
    assert message["Subject"] == "Delayed: Grüße"
    assert recipient["Action"] == "delayed"
    assert recipient["Will-Retry-Until"] == "Fri, 14 Feb 2025 11:00:00 +0000"
    assert recipient["Diagnostic-Code"] == "x-alphorn; Connection refused"
    assert "Remote-MTA" not in recipient
    assert "until 2025-02-14 11:00 UTC." in people


def test_the_worst_action_gives_the_subject() -> None:
    delivered = Recipient("dora@example.org", Action.DELIVERED)
    relayed = Recipient("emil@example.org", Action.RELAYED, "not a code")
    message, people, groups, _ = read(request(recipients=[delivered, relayed, DELAYED, FAILED]))
    assert message["Subject"].startswith("Not delivered")
    actions = [group["Action"] for group in groups[1:]]
    assert actions == ["delivered", "relayed", "delayed", "failed"]
    assert [group["Status"] for group in groups[1:]] == ["2.0.0", "2.0.0", "4.4.1", "5.1.1"]
    assert people.index("beat@") < people.index("carl@") < people.index("dora@")


@pytest.mark.parametrize(
    ("changes", "full"),
    [
        ({"ret": "FULL"}, True),
        ({"ret": "HDRS"}, False),
        ({"ret": None}, False),
        ({"ret": "FULL", "full_limit": 10}, False),
        ({"ret": "FULL", "recipients": [DELAYED]}, False),
    ],
)
def test_what_is_returned(changes: dict[str, object], full: bool) -> None:
    *_, returned = read(request(**changes))
    expected = "message/rfc822" if full else "text/rfc822-headers"
    assert returned.get_content_type() == expected


def test_an_original_without_header_or_with_a_huge_one() -> None:
    read(request(original=b""))
    read(request(original=b"\r\nbody"))
    raw = dsn.report(request(original=b"X: " + b"y" * 1_000_000), "token")
    assert len(raw) < 100_000


def test_addresses_and_headers_in_utf8() -> None:
    message, _, (_, recipient), returned = read(
        request(
            recipients=[Recipient("jörg@exämple.test", Action.FAILED, "5.1.1")],
            original=ORIGINAL.replace(b"beat", "jörg".encode()),
        )
    )
    assert message["Content-Type"].params["report-type"] == "global-delivery-status"
    assert recipient["Final-Recipient"] == "utf-8;jörg@exämple.test"
    assert returned.get_content_type() == "message/global-headers"


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_each_language(language: str) -> None:
    for recipient in (FAILED, DELAYED):
        message, people, _, _ = read(request(recipients=[recipient], language=f"{language}-CH"))
        assert message["Subject"].endswith(": Grüße")
        assert recipient.address in people
        assert "{" not in people + message["Subject"]
        assert all(len(line) <= dsn.WIDTH for line in people.splitlines())


def test_all_languages_say_the_same_things() -> None:
    def placeholders(language: Texts) -> list[set[str | None]]:
        values = [getattr(language, field.name) for field in dataclass_fields(language)]
        return [
            {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for value in values
            for text in (value if isinstance(value, tuple) else (value,))
        ]

    assert set(TEXTS) == {"en", "de", "fr", "it", "es"}
    assert all(placeholders(each) == placeholders(TEXTS["en"]) for each in TEXTS.values())
    assert texts("rm") is TEXTS[FALLBACK]
    assert texts("de_CH") is TEXTS["de"]


def test_nothing_said_can_add_a_field() -> None:
    evil = "x\r\nAction: delivered\r\n\r\nFinal-Recipient: y"
    raw = dsn.report(
        request(
            recipients=[Recipient(evil, Action.FAILED, evil, evil, evil, evil)],
            envid=evil,
            to=evil,
        ),
        "token",
    )
    message = email.message_from_bytes(raw)
    status = message.get_payload()[1]  # type: ignore[index]
    assert [group.get_all("Action") for group in status.get_payload()] == [None, ["failed"]]  # type: ignore[union-attr]
