"""Tina's mail program has a script run on what it does: uploaded to where the server says, named by
an annotation, and run by whichever worker she does it at.
"""

import imaplib
from pathlib import Path

from tests.end_to_end.tools import alphorn, message, until
from tests.support.service import HOSTNAME, Service

TINA = "tina@example.test"
SCRIPT = """\
require ["imapsieve", "environment", "imap4flags", "fileinto", "copy"];
if environment "imap.cause" "FLAG" {
    if environment :contains "imap.changedflags" "\\\\Flagged" { fileinto :copy "Archive"; }
} elsif header :contains "subject" "dull" {
    discard;
} else {
    addflag "$Looked";
}
"""


def flags(client: imaplib.IMAP4, mailbox: str, number: str) -> bytes:
    """The flags of a message as another session sees them now; b"" where it is not there."""
    (count,) = client.select(mailbox, readonly=True)[1]
    lines = client.fetch(number, "(FLAGS)")[1] if int(count or 0) >= int(number) else [b""]
    client.unselect()
    return lines[0] if isinstance(lines[0], bytes) else b""


def test_a_script_on_what_happens(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "events.sieve"
    path.write_text(SCRIPT, encoding="utf-8")
    alphorn(service, "script", "put", TINA, "events", str(path))
    with service.imap(TINA) as client, service.imap(TINA) as other:
        said = client.capability()[1][0].split()
        assert b"METADATA" in said
        where = f"sieve://{HOSTNAME}:{service.ports['sieve']}".removesuffix(":4190")
        assert f"IMAPSIEVE={where}".encode() in said
        entry = "/shared/imapsieve/script"
        assert client.xatom("SETMETADATA", "INBOX", f'({entry} "events")')[0] == "OK"
        assert other.xatom("GETMETADATA", "INBOX", entry)[0] == "OK"
        assert other.response("METADATA")[1] == [f'INBOX ({entry} "events")'.encode()]
        for subject in ("fine", "dull"):
            client.append("INBOX", "", "", message(TINA, f"It is {subject}"))
        until(lambda: b"$Looked" in flags(other, "INBOX", "1"), "the script ran")
        until(lambda: b"\\Deleted" in flags(other, "INBOX", "2"), "the script discarded")
        client.select("INBOX")
        client.store("1", "+FLAGS", "\\Flagged")
        until(lambda: b"$Looked" in flags(other, "Archive", "1"), "the script filed a copy")
        assert b"\\Flagged" in flags(other, "Archive", "1")
        assert b"\\Deleted" not in flags(other, "INBOX", "1")
