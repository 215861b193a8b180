"""Real mail programs: isync keeps a Maildir and the account alike, neomutt reads and sorts."""

import asyncio
import os
import pty
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.store.api import Account, Column, FlagAction
from tests.servers.imap.house import ADDRESS, House
from tests.servers.imap.play import logged_in, mail
from tests.support.installation import PASSWORD
from tests.support.stage import certificate_files, on_loop

MBSYNCRC = """\
IMAPAccount anna
Host localhost
Port {port}
User {address}
Pass "{password}"
SSLType STARTTLS
CertificateFile {certificate}
PipelineDepth 50

IMAPStore remote
Account anna

MaildirStore local
Path {folder}/maildir/
Inbox {folder}/maildir/INBOX
SubFolders Verbatim

Channel all
Far :remote:
Near :local:
Patterns *
Create Both
Remove Both
Expunge Both
SyncState *
"""

MUTTRC = """\
set imap_user = "{address}"
set imap_pass = "{password}"
set imap_authenticators = "plain"
set ssl_starttls = no
set ssl_force_tls = no
set folder = "imap://localhost:{port}/"
set spoolfile = "+INBOX"
set move = no
set delete = yes
set quit = yes
set confirmappend = no
set wait_key = no
set sort = "mailbox-order"
push "{keys}"
"""


def flags_of(account: Account, name: str) -> dict[int, int]:
    rows = account.fetch(
        account.mailbox(name).id, NumberSet(((1, 1000),)), (Column.UID, Column.FLAGS)
    )
    return {int(str(uid)): int(str(flags)) for uid, flags in rows}


def with_server(
    house: House, tmp_path: Path, act: Callable[[int, Path], None], messages: int = 0
) -> None:
    """Run the act in a thread beside a server with some messages in INBOX."""
    files = certificate_files(tmp_path, "localhost")

    async def main() -> None:
        async with house.serving(files=files) as port:
            client = await logged_in(port)
            for _ in range(messages):
                await client.append("parts")
            await asyncio.to_thread(act, port, files.certificate)

    on_loop("uvloop", main, seconds=60)


@pytest.mark.program("mbsync")
def test_isync_keeps_both_sides_alike(house: House, tmp_path: Path) -> None:
    inbox = tmp_path / "maildir" / "INBOX"
    inbox.parent.mkdir()
    account = house.store.account(house.account.id)

    def act(port: int, certificate: Path) -> None:
        config = tmp_path / "mbsyncrc"
        config.write_text(
            MBSYNCRC.format(
                port=port,
                address=ADDRESS,
                password=PASSWORD,
                certificate=certificate,
                folder=tmp_path,
            )
        )

        def sync() -> None:
            done = subprocess.run(
                ["mbsync", "-c", str(config), "all"], capture_output=True, text=True, timeout=30
            )
            assert done.returncode == 0, done.stderr
            assert "Warning" not in done.stderr, done.stderr

        sync()
        here = sorted(path for part in ("cur", "new") for path in (inbox / part).iterdir())
        assert len(here) == 5
        original = mail("parts").replace(b"\r\n", b"\n")
        for path in here:  # isync marks what it has just copied with a field of its own
            assert re.sub(rb"X-TUID: .*\n", b"", path.read_bytes()) == original
        assert (tmp_path / "maildir" / "Sent").is_dir()
        # here: one is read, one is deleted, a new one and a new folder; there: one is flagged
        name = here[0].name.partition(":")[0]
        here[0].rename(inbox / "cur" / f"{name}:2,S")
        here[1].rename(inbox / "cur" / (here[1].name.partition(":")[0] + ":2,T"))
        (inbox / "new" / "1.new.host").write_bytes(mail("umlaut").replace(b"\r\n", b"\n"))
        for part in ("cur", "new", "tmp"):
            (tmp_path / "maildir" / "Entwürfe" / part).mkdir(parents=True)
        account.flag(account.mailbox("INBOX").id, NumberSet.of([5]), FlagAction.ADD, Flag.FLAGGED)
        sync()
        flags = flags_of(account, "INBOX")
        assert len(flags) == 5
        assert sorted(flags.values()) == [0, 0, 0, Flag.SEEN, Flag.FLAGGED]
        assert account.mailbox("Entwürfe").messages == 0
        assert any(path.name.endswith(":2,F") for path in (inbox / "cur").iterdir())
        # there: everything goes
        everything = NumberSet.of(flags)
        account.flag(account.mailbox("INBOX").id, everything, FlagAction.ADD, Flag.DELETED)
        account.expunge(account.mailbox("INBOX").id)
        sync()
        assert not [path for part in ("cur", "new") for path in (inbox / part).iterdir()]

    with_server(house, tmp_path, act, messages=5)


@pytest.mark.program("neomutt")
def test_neomutt_reads_flags_copies_and_deletes(house: House, tmp_path: Path) -> None:
    account = house.store.account(house.account.id)
    keys = (
        "<first-entry><display-message><exit>"
        "<next-entry><flag-message>"
        "<next-entry><copy-message>+Archive<enter>"
        "<last-entry><delete-message>"
        "<sync-mailbox><quit>"
    )

    def act(port: int, certificate: Path) -> None:
        config = tmp_path / "muttrc"
        config.write_text(MUTTRC.format(address=ADDRESS, password=PASSWORD, port=port, keys=keys))
        leader, follower = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "HOME": str(tmp_path), "LINES": "40"}
        process = subprocess.Popen(
            ["neomutt", "-n", "-F", str(config)],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env=environment,
            start_new_session=True,
        )
        os.close(follower)
        screen = b""
        try:
            while chunk := os.read(leader, 65536):
                screen += chunk
        except OSError:
            pass  # the other end of a terminal is gone: the program has ended
        assert process.wait(10) == 0, screen[-2000:]
        os.close(leader)

    with_server(house, tmp_path, act, messages=4)
    flags = flags_of(account, "INBOX")
    assert sorted(flags) == [1, 2, 3]
    assert flags[1] & Flag.SEEN
    assert flags[2] & Flag.FLAGGED
    assert account.mailbox("Archive").messages == 1
