"""Mail comes in and goes out as programs of others do it: swaks, curl, Python's smtplib."""

import email
import email.policy
import smtplib
import subprocess
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.end_to_end.tools import PASSWORD, alphorn_json, certificate, message, reading
from tests.support.service import Service

ANNA = "anna@example.test"
BEN = "ben@example.test"
GUEST = "guest@example.net"
SWAKS_REFUSED = {"MAIL": 23, "RCPT": 24, "DATA": 26, "AUTH": 28}
BODY = "one\n.two\n..three\ngrüezi\n"
TLS = ("--tls", "--tls-verify", "--tls-ca-path", "{certificate}")
TLS_FROM_THE_START = ("--tlsc", *TLS[1:])
LOGIN = ("--auth-user", ANNA, "--auth-password", PASSWORD, "--from", ANNA)
MOST = 100
"""Recipients a message, by the plan."""


def swaks(
    service: Service, listener: str, subject: str, *options: str
) -> subprocess.CompletedProcess[str]:
    place = {"certificate": str(certificate(service))}
    command = ["swaks", "--server", service.host, "--port", str(service.ports[listener])]
    command += ["--ehlo", "client.test", "--header", f"Subject: {subject}", "--body", BODY]
    command += [option.format(**place) for option in options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def newest(service: Service, address: str) -> tuple[EmailMessage, bytes]:
    with reading(service, address) as inbox:
        raw = inbox.fetch(inbox.search("ALL")[-1])
    return email.message_from_bytes(raw, policy=email.policy.default), raw  # type: ignore[return-value]


def unfolded(field: str) -> str:
    return " ".join(field.split())


@pytest.mark.program("swaks")
@pytest.mark.parametrize(
    ("options", "protocol"),
    [
        ((), "ESMTP"),
        (("--pipeline",), "ESMTP"),
        (TLS, "ESMTPS"),
        ((*TLS, "--pipeline"), "ESMTPS"),
        (("--protocol", "SMTP"), "SMTP"),
    ],
)
def test_swaks_delivers(service: Service, options: tuple[str, ...], protocol: str) -> None:
    subject = f"swaks {len(options)} {protocol}"
    people = ("--from", GUEST, "--to", f"{ANNA},{BEN}")
    done = swaks(service, "smtp", subject, *people, *options)
    assert done.returncode == 0, done.stdout
    for address in (ANNA, BEN):
        arrived, raw = newest(service, address)
        assert arrived["Subject"] == subject
        assert arrived["Return-Path"] == f"<{GUEST}>"
        assert arrived["Delivered-To"] == address
        assert f" with {protocol} id " in unfolded(arrived["Received"])
        assert BODY.replace("\n", "\r\n").encode() in raw


def test_smtplib_says_what_is_in_the_message(service: Service) -> None:
    """BODY=8BITMIME and SMTPUTF8 with an author outside ASCII; not a byte is changed."""
    author = "jürg@exämple.test"
    sent = message(author, "Grüße vom Säntis", "Zürich und Genève\r\n")
    with service.smtp() as client:
        client.ehlo()
        assert client.has_extn("8bitmime")
        assert client.has_extn("smtputf8")
        client.sendmail(author, [ANNA], sent, mail_options=("BODY=8BITMIME", "SMTPUTF8"))
    arrived, raw = newest(service, ANNA)
    assert raw.endswith(b"\r\n" + sent)
    assert arrived["Return-Path"] == "<jürg@xn--exmple-cua.test>"
    assert " with UTF8SMTP id " in unfolded(arrived["Received"])


def test_many_messages_in_one_connection(service: Service) -> None:
    with service.smtp() as client:
        for number in range(20):
            client.sendmail(GUEST, [BEN], message(GUEST, f"row {number}"))
    with reading(service, BEN) as inbox:
        subjects = [inbox.fetch(uid) for uid in inbox.search("SUBJECT", '"row "')]
    assert [
        f"Subject: row {number}\r\n".encode() in raw for number, raw in enumerate(subjects)
    ] == ([True] * 20)


@pytest.mark.program("swaks")
@pytest.mark.parametrize(
    ("recipient", "reply"),
    [
        ("nobody@example.test", "550 5.1.1"),
        ("x@elsewhere.test", "550 5.7.1"),
        ("x%elsewhere.test@example.test", "550 5.7.1"),
        ("@example.test:x@elsewhere.test", "550 5.7.1"),
    ],
)
def test_mx_refuses_to_the_senders_face(service: Service, recipient: str, reply: str) -> None:
    done = swaks(service, "smtp", "no", "--from", GUEST, "--to", recipient)
    assert done.returncode == SWAKS_REFUSED["RCPT"]
    assert f"<** {reply} " in done.stdout


@pytest.mark.program("swaks")
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize(
    ("listener", "tls"), [("submission", TLS), ("submissions", TLS_FROM_THE_START)]
)
def test_swaks_submits(
    service: Service, listener: str, tls: tuple[str, ...], mechanism: str
) -> None:
    """To one of ours and to somebody elsewhere, in one message."""
    subject = f"submitted {listener} {mechanism}"
    far = f"{listener}.{mechanism.lower()}@elsewhere.test"
    done = swaks(
        service, listener, subject, *LOGIN, "--to", f"{BEN},{far}", "--auth", mechanism, *tls
    )
    assert done.returncode == 0, done.stdout
    with reading(service, BEN) as inbox:
        raw = inbox.fetch(inbox.wait("SUBJECT", f'"{subject}"'))
    arrived = email.message_from_bytes(raw, policy=email.policy.default)
    assert " with ESMTPSA id " in unfolded(arrived["Received"])
    assert [field.split(";")[1].strip() for field in arrived.get_all("DKIM-Signature", [])] == [
        "a=rsa-sha256",
        "a=ed25519-sha256",
    ]
    (waiting,) = alphorn_json(service, "queue", "list", "--address", far)
    assert waiting["sender"] == ANNA
    assert waiting["message_id"] == arrived["Message-ID"]


@pytest.mark.program("swaks")
@pytest.mark.parametrize(
    ("options", "stage", "reply"),
    [
        ((*LOGIN, "--from", BEN), "MAIL", "550 5.7.1"),
        ((*LOGIN, "--header", f"From: {BEN}"), "DATA", "550 5.7.1"),
        ((*LOGIN, "--auth-password", "wrong words"), "AUTH", "535 5.7.8"),
    ],
)
def test_submission_refuses(
    service: Service, options: tuple[str, ...], stage: str, reply: str
) -> None:
    done = swaks(service, "submission", "no", "--to", BEN, "--auth", "PLAIN", *options, *TLS)
    assert done.returncode == SWAKS_REFUSED[stage], done.stdout
    assert f"<~* {reply} " in done.stdout


@pytest.mark.program("swaks")
def test_no_login_without_tls(service: Service) -> None:
    done = swaks(service, "submission", "no", *LOGIN, "--to", BEN, "--auth", "PLAIN")
    assert done.returncode == SWAKS_REFUSED["AUTH"]
    assert "AUTH" not in [line.split()[-1] for line in done.stdout.splitlines() if "250-" in line]
    done = swaks(service, "submission", "no", "--from", ANNA, "--to", BEN)
    assert done.returncode == SWAKS_REFUSED["MAIL"]
    assert "<** 530 5.7.0 " in done.stdout


def test_recipients_are_counted_wherever_they_stand(service: Service) -> None:
    """As many as the plan allows go; one more is refused, in the envelope or in the header."""
    people = [f"friend{number}@elsewhere.test" for number in range(MOST + 1)]
    with service.submission(ANNA) as client:
        assert client.sendmail(ANNA, people[:MOST], message(ANNA, "hundred")) == {}
        with pytest.raises(smtplib.SMTPException) as refused:
            client.sendmail(ANNA, people[:1], message(ANNA, "cc", "", "Cc: " + ", ".join(people)))
        assert isinstance(refused.value, smtplib.SMTPDataError)
        assert b"At most 100 recipients" in refused.value.smtp_error
        over = client.sendmail(ANNA, people, message(ANNA, "hundred and one"))
        code, text = over[people[MOST]]
        assert (code, text[:5]) == (550, b"5.5.3")


@pytest.mark.program("curl")
def test_curl_sends_lists_and_reads(service: Service, tmp_path: Path) -> None:
    """Verifying the certificate, and with a login over TLS both times."""
    letter = tmp_path / "letter.eml"
    letter.write_bytes(message(ANNA, "from curl", "Read me.\r\n"))

    def curl(scheme: str, rest: str, *options: str) -> str:
        url = f"{scheme}://localhost:{service.ports[LISTENERS[scheme]]}{rest}"
        login = ["--cacert", str(certificate(service)), "--user", f"{ANNA}:{PASSWORD}"]
        done = subprocess.run(
            ["curl", "-sS", "--ipv4", *login, url, *options],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    curl("smtps", "/client.test", "--mail-from", ANNA, "--mail-rcpt", ANNA, "-T", str(letter))
    with reading(service, ANNA) as inbox:
        uid = inbox.wait("SUBJECT", '"from curl"')
    assert f" {uid}" in curl("imaps", '/INBOX?SUBJECT%20"from%20curl"')
    assert "Read me." in curl("imaps", f"/INBOX;UID={uid}")
    curl("imaps", "/Drafts", "-T", str(letter))
    assert "* 1 FETCH (FLAGS (\\Seen))" in curl("imaps", "/Drafts", "-X", "FETCH 1 FLAGS")


LISTENERS = {"smtps": "submissions", "imaps": "imaps"}
