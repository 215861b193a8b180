"""Abuse reports (RFC 5965): those of others are read, ours are read back and by other parsers."""

import email
import email.policy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.message import arf, header
from alphorn.message.arf import Complaint, Feedback, build, read

NOON = 1739444400
ORIGINAL = (
    b"Return-Path: <carl@evil.test>\r\nFrom: =?utf-8?q?B=C3=A4nk?= <service@evil.test>\r\n"
    b"To: anna@example.test\r\nSubject: Your account\r\n\r\nhttp://login.evil.test/\r\n"
)
COMPLAINT = Complaint(
    host="mx.example.test",
    author="Mail reports <postmaster@mx.example.test>",
    to="operator@example.test",
    subject="Reported as phishing: Your account",
    text="anna@example.test reported this message.\n",
    original=ORIGINAL,
    now=NOON,
    mail_from="carl@evil.test",
    recipients=("anna@example.test",),
    arrival=NOON - 60,
    source_ip="192.0.2.7",
    domains=("evil.test",),
    uris=("http://login.evil.test/", "http://other.test/a?b=c"),
    authentication=("mx.example.test; spf=fail smtp.mailfrom=evil.test",),
)
EMPTY = b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"

EXPECTED = {
    "source_ip": "source_ip",
    "user_agent": "agent",
    "version": "version",
    "incidents": "incidents",
    "original_envelope_id": "envelope_id",
    "original_mail_from": "mail_from",
    "reporting_mta": "reporting_mta",
    "arrival_date": "arrival",
}
OTHER_FIELDS = (
    "dkim_canonicalized_body",
    "dkim_canonicalized_header",
    "dkim_domain",
    "dkim_identity",
    "dkim_selector",
    "dkim_selector_dns",
    "dkim_adsp_dns",
    "spf_dns",
)


def words(value: str | None) -> str | None:
    """Folded and unfolded alike; the samples keep the folding."""
    return None if value is None else "".join(value.split())


@pytest.mark.shared
@pytest.mark.parametrize("name", ["003", "004", "005"])
def test_reports_of_others(shared: Path, name: str) -> None:
    folder = shared / "bounce" / "stalwart-arf"
    raw = (folder / f"{name}.eml").read_bytes()
    wanted: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    report = read(raw)
    assert report is not None
    assert report.kind == "auth-failure"
    assert wanted["feedback_type"] == "AuthFailure"
    assert report.fields["auth-failure"].replace("-", "") == wanted["auth_failure"].lower()
    for theirs, ours in EXPECTED.items():
        assert getattr(report, ours) == wanted[theirs], theirs
    assert list(report.domains) == wanted["reported_domain"]
    assert list(report.uris) == wanted["reported_uri"]
    assert [words(one) for one in report.authentication] == [
        words(one) for one in wanted["authentication_results"]
    ]
    recipients = [wanted["original_rcpt_to"]] if wanted["original_rcpt_to"] else []
    assert list(report.recipients) == recipients
    for field in OTHER_FIELDS:
        assert words(report.fields.get(field.replace("_", "-"))) == words(wanted[field]), field
    if wanted["headers"] is not None:
        assert not report.whole
        assert report.original.replace(b"\r\n", b"\n").strip() == wanted["headers"].encode().strip()
    else:
        assert report.whole
        assert b"making sure DKIM" in report.original


@pytest.mark.shared
def test_bounces_are_no_reports_and_feedback_loops_are(shared: Path) -> None:
    found: dict[str, str] = {}
    for path in sorted((shared / "bounce").rglob("*.eml")):
        report = read(path.read_bytes())
        if report is not None:
            found[path.name] = report.kind
            assert report.original, path.name
    loops = {name: kind for name, kind in found.items() if name.startswith("arf")}
    assert len(loops) == len(list((shared / "bounce").rglob("arf-*.eml"))) > 5
    assert set(loops.values()) <= {"abuse", "fraud", "opt-out", "auth-failure", "opt-out-list", ""}
    assert "abuse" in loops.values()
    assert not [name for name in found if name.startswith("lhost")]


def test_ours_is_read_back() -> None:
    raw = build(COMPLAINT, "t0ken")
    report = read(raw)
    assert report is not None
    assert (report.kind, report.version, report.agent) == ("fraud", 1, "Alphorn/1")
    assert (report.mail_from, report.recipients) == ("<carl@evil.test>", ("<anna@example.test>",))
    assert (report.arrival, report.source_ip) == (NOON - 60, "192.0.2.7")
    assert (report.domains, report.uris) == (COMPLAINT.domains, COMPLAINT.uris)
    assert report.authentication == COMPLAINT.authentication
    assert report.reporting_mta == "dns; mx.example.test"
    assert (report.original, report.whole) == (ORIGINAL, True)
    assert report.fields == {}
    assert header.get(raw, "Auto-Submitted") == "auto-generated"


def test_others_read_ours() -> None:
    other = email.message_from_bytes(build(COMPLAINT, "t0ken"), policy=email.policy.default)
    assert other.get_content_type() == "multipart/report"
    assert other.get_param("report-type") == "feedback-report"
    assert [part.get_content_type() for part in other.iter_parts()] == [
        "text/plain",
        "message/feedback-report",
        "message/rfc822",
    ]
    assert not other.defects
    assert other["message-id"] == "<t0ken@mx.example.test>"


def test_of_a_large_message_only_the_header_is_returned() -> None:
    large = ORIGINAL + b"x" * 70 * 1024 * 8
    report = read(build(Complaint("h", "a@h", "b@h", "s", "t\n", large, NOON), "t"))
    assert report is not None
    assert not report.whole
    assert report.original == ORIGINAL[: header.header_end(ORIGINAL)]
    assert report.mail_from is None
    assert report.arrival is None


@pytest.mark.parametrize("evil", ["x\r\nVersion: 9", "x\r\n\r\n--=_t\r\n", "x\0y", "ü\r\n"])
def test_nothing_in_a_message_breaks_out_of_the_report(evil: str) -> None:
    complaint = Complaint(
        "h", "a@h", "b@h", evil, evil, ORIGINAL, NOON, Feedback.ABUSE,
        mail_from=evil, recipients=(evil,), source_ip=evil, domains=(evil,), uris=(evil, "ok:"),
        authentication=(evil,), fields=(("X-More", evil),),
    )  # fmt: skip
    raw = build(complaint, "t")
    report = read(raw)
    assert report is not None
    assert (report.kind, report.version, report.uris) == ("abuse", 1, ("ok:",))
    assert report.original == ORIGINAL
    assert list(report.fields) == ["x-more"]
    assert header.count(raw, "Subject") == 1


def test_a_report_names_so_many_and_no_more() -> None:
    many = tuple(f"d{n}.test" for n in range(1000))
    complaint = Complaint("h", "a@h", "b@h", "s", "t\n", ORIGINAL, NOON, domains=many)
    report = read(build(complaint, "t"))
    assert report is not None
    assert len(report.domains) == arf.MAX_NAMED


@pytest.mark.parametrize(
    "raw", [b"", ORIGINAL, EMPTY, EMPTY + b"--b\r\n\r\nx\r\n--b--\r\n", b"\0" * 100]
)
def test_what_is_no_report(raw: bytes) -> None:
    assert read(raw) is None


@given(st.binary(max_size=2000))
def test_anything_in_the_place_of_fields(data: bytes) -> None:
    raw = EMPTY + b"--b\r\nContent-Type: message/feedback-report\r\n\r\n" + data + b"\r\n--b--\r\n"
    report = read(raw)
    assert report is None or (report.version >= 0 and report.incidents >= 0)
    read(data)


def test_it_takes_no_time_to_read_the_worst() -> None:
    fields = b"".join(b"Reported-URI: http://a%d.test/\r\n" % n for n in range(100_000))
    raw = (
        EMPTY + b"--b\r\nContent-Type: message/feedback-report\r\n\r\n" + fields + b"\r\n--b--\r\n"
    )
    report = read(raw)
    assert report is not None
    assert len(report.uris) == arf.MAX_FIELDS
