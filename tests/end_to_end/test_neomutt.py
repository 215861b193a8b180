"""A person at neomutt: opens the inbox, reads, files a copy, answers."""

import email
import email.policy
from pathlib import Path

import pytest

from tests.end_to_end.terminal import Terminal
from tests.end_to_end.tools import PASSWORD, certificate, environment, message, reading
from tests.support.service import Service

pytestmark = pytest.mark.program("neomutt")
MAX = "max@example.test"
NORA = "nora@example.test"

SETTINGS = """\
set folder="imaps://localhost:{imaps}/" spoolfile=+INBOX record=+Sent postponed=+Drafts
set imap_user="{user}" imap_pass="{password}"
set smtp_url="{smtp_url}" smtp_pass="{password}"
set ssl_force_tls=yes certificate_file="{certificate}"
set from="{user}" realname="Max Mountain" use_from=yes
set editor="{editor}" autoedit=yes fast_reply=yes include=no
set confirmappend=no confirmcreate=no delete=yes quit=yes move=no wait_key=no mark_old=no
set sleep_time=0 header_cache="" tmpdir="{home}"
"""


@pytest.mark.parametrize(
    ("smtp", "listener", "subject"),
    [("smtps", "submissions", "Hot soup"), ("smtp", "submission", "Cold soup")],
)
def test_read_file_and_answer(
    service: Service, tmp_path: Path, smtp: str, listener: str, subject: str
) -> None:
    """The answer goes out on either port, logged in with SCRAM-SHA-256."""
    text = "Does the hut have soup? With dumplings?"
    service.send(NORA, [MAX], message(NORA, subject, f"{text}\r\n", "To: Max <max@example.test>"))
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\necho 'Yes, with dumplings.' >> \"$1\"\n")
    editor.chmod(0o700)
    settings = tmp_path / "neomuttrc"
    settings.write_text(
        SETTINGS.format(
            imaps=service.ports["imaps"],
            user=MAX,
            password=PASSWORD,
            smtp_url=f"{smtp}://max%40example.test@localhost:{service.ports[listener]}/",
            certificate=certificate(service),
            editor=editor,
            home=tmp_path,
        )
    )
    command = ["neomutt", "-n", "-F", str(settings)]
    with Terminal(command, environment(tmp_path)) as mutt:
        mutt.wait_for(subject)
        mutt.keys("*\n")  # the last message
        mutt.wait_for(text)
        mutt.keys("C")
        mutt.wait_for("Copy to mailbox")
        mutt.keys("\x15=Archive\n")
        mutt.wait_for("/Archive...")
        mutt.keys("r")
        mutt.wait_for("Security: None")
        mutt.keys("yqq")  # send, leave the message, leave
        assert mutt.ended() == 0
        assert "SCRAM-SHA-256" in mutt.text, mutt.text

    with reading(service, MAX) as inbox:
        (uid,) = inbox.search("SUBJECT", f'"{subject}"')
        assert inbox.flags(uid) == {"\\Seen", "\\Answered"}
        original = inbox.fetch(uid)
        inbox.open("Archive")
        assert inbox.raw(subject) == original
        inbox.open("Sent")
        kept = email.message_from_bytes(inbox.raw(subject), policy=email.policy.default)
    with reading(service, NORA) as inbox:
        raw = inbox.fetch(inbox.wait("SUBJECT", f'"Re: {subject}"'))
    answer = email.message_from_bytes(raw, policy=email.policy.default)
    assert answer["From"] == "Max Mountain <max@example.test>"
    assert answer["In-Reply-To"] == f"<{subject.replace(' ', '.')}@example.test>"
    assert answer["Message-ID"] == kept["Message-ID"]
    assert answer.get_content() == kept.get_content() == "Yes, with dumplings.\r\n"
    assert "ESMTPSA" in answer["Received"]
