"""The whole service with the real Rspamd and the real ClamAV beside it."""

import smtplib
from pathlib import Path

import pytest

from alphorn.message import spam_field
from tests.support.engines import (
    MALWARE,
    PASSWORD,
    ClamDaemon,
    RspamdDaemon,
    clamd,
    free_port,
    rspamd,
)
from tests.support.service import running

pytestmark = [pytest.mark.program("rspamd"), pytest.mark.program("clamd")]

ANNA = "anna@example.test"
STRANGER = "stranger@other.test"


def settings(spam: RspamdDaemon, virus: ClamDaemon) -> str:
    return f"""
[engines]
rspamd = "{spam.worker}"
rspamd_controller = "{spam.controller}"
rspamd_password = "{PASSWORD}"
rspamd_weight = 1
clamav = "{virus.socket}"
"""


def message(subject: str, text: str) -> bytes:
    return (
        f"From: {STRANGER}\r\nTo: {ANNA}\r\nSubject: {subject}\r\n"
        f"Date: Mon, 06 Jan 2025 10:00:00 +0000\r\nMessage-ID: <{subject}@other.test>\r\n"
        f"\r\n{text}\r\n"
    ).encode()


def test_with_engines(tmp_path: Path) -> None:
    with (
        rspamd() as spam,
        clamd() as virus,
        running(tmp_path, {ANNA: "secret words"}, settings=settings(spam, virus)) as service,
    ):
        service.send(STRANGER, [ANNA], message("letter", "Nothing to see."))
        service.send(STRANGER, [ANNA], message("lottery", "Your prize in the lottery."))
        with pytest.raises(smtplib.SMTPDataError) as refused:
            service.send(STRANGER, [ANNA], message("malware", MALWARE.decode()))
        assert refused.value.smtp_code == 554
        assert b"5.7.0 The message carries malware (Alphorn.Test.UNOFFICIAL)" in (
            refused.value.smtp_error
        )
        assert service.subjects(ANNA) == ["letter"]
        assert service.subjects(ANNA, "Junk") == ["lottery"]
        with service.imap(ANNA) as client:
            client.select("Junk", readonly=True)
            _, found = client.fetch("1", "(BODY.PEEK[HEADER])")
            assert isinstance(found[0], tuple)
            said = spam_field.read(found[0][1])
        assert said is not None
        (reason,) = [one for one in said.reasons if one.code == "rspamd-lottery"]
        assert (reason.text, reason.score) == ("Promises a prize in a lottery.", 7.5)


def test_mail_goes_on_without_rspamd(tmp_path: Path) -> None:
    nowhere = f'rspamd = "127.0.0.1:{free_port()}"'
    with running(tmp_path, {ANNA: "secret words"}, settings=f"[engines]\n{nowhere}\n") as service:
        service.send(STRANGER, [ANNA], message("letter", "Nothing to see."))
        assert service.subjects(ANNA) == ["letter"]


def test_mail_waits_for_clamav(tmp_path: Path) -> None:
    nowhere = f'clamav = "127.0.0.1:{free_port()}"'
    with running(tmp_path, {ANNA: "secret words"}, settings=f"[engines]\n{nowhere}\n") as service:
        for _ in range(2):
            with pytest.raises(smtplib.SMTPDataError) as deferred:
                service.send(STRANGER, [ANNA], message("letter", "Nothing to see."))
            assert deferred.value.smtp_code == 451
            assert deferred.value.smtp_error.startswith(
                b"4.7.1 The message cannot be checked for viruses now; try again later"
            )
        assert service.subjects(ANNA) == []
