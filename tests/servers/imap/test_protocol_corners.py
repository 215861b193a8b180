"""Corners of RFC 9051 and its extensions that a client may run into, as dialogs."""

import pytest

from tests.servers.imap.house import House
from tests.servers.imap.play import play
from tests.support.stage import on_loop

SELECTED = """\
S: * FLAGS …
S: * OK [PERMANENTFLAGS …
S: * {count} EXISTS
S: * 0 RECENT
{unseen}S: * OK [UIDVALIDITY …
S: * OK [UIDNEXT …
S: * OK [HIGHESTMODSEQ …
S: * OK [MAILBOXID …
"""


def select(count: int) -> str:
    unseen = "S: * OK [UNSEEN 1] …\n" if count else ""
    return (
        "C: s SELECT INBOX\n"
        + SELECTED.format(count=count, unseen=unseen)
        + "S: s OK [READ-WRITE] Selected\n"
    )


DIALOGS = {
    "a literal is never obeyed, whatever becomes of its command": """\
C: a1 APPEND nowhere {17+}
C: a2 DELETE Archive
C: a3 FROB {17+}
C: a4 DELETE Archive
C: a5 SELECT "x {17+}
C: a6 DELETE Archive
C: a7 LIST "" Archive
S: a1 NO [TRYCREATE] …
S: a3 BAD Unknown command
S: a5 BAD …
S: * LIST (\\HasNoChildren \\Archive) "/" Archive
S: a7 OK LIST done
""",
    "an empty mailbox": select(0)
    + """\
C: a1 FETCH 1:* FLAGS
S: a1 OK FETCH done
C: a2 UID FETCH * FLAGS
S: a2 OK FETCH done
C: a3 COPY 1 Archive
S: a3 BAD There is no message 1; the last is 0
C: a4 UID COPY 1:* Archive
S: a4 OK COPY done: there was nothing to copy
C: a5 UID STORE 1:* +FLAGS (\\Seen)
S: a5 OK STORE done
C: a6 SEARCH RETURN (MIN MAX COUNT ALL) UID *
S: * ESEARCH (TAG "a6") COUNT 0
S: a6 OK SEARCH done
C: a7 EXPUNGE
S: a7 OK EXPUNGE done
C: a8 UID EXPUNGE *
S: a8 OK EXPUNGE done
C: a9 UID MOVE * Archive
S: a9 OK MOVE done: there was nothing to move
""",
    "QRESYNC is refused until it is offered (RFC 7162 §3.2.5, §3.2.6)": select(0)
    + """\
C: a1 SELECT INBOX (QRESYNC (1 1))
S: a1 BAD QRESYNC is not enabled
C: a2 UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)
S: a2 BAD QRESYNC is not enabled
C: a3 NOOP
S: a3 OK NOOP done
C: a4 CLOSE
S: a4 OK CLOSE done
""",
    "a failed SELECT leaves nothing selected (RFC 9051 §6.3.2)": select(0)
    + """\
C: a1 SELECT nowhere
S: * OK [CLOSED] …
S: a1 NO [NONEXISTENT] …
C: a2 FETCH 1:* FLAGS
S: a2 BAD Select a mailbox first
""",
    "one that cannot be parsed leaves all as it was": select(0)
    + """\
C: a1 SELECT nowhere (FROB)
S: a1 BAD …
C: a2 FETCH 1:* FLAGS
S: a2 OK FETCH done
""",
    "the reply names header fields as they were asked for": """\
C: a1 APPEND INBOX {{plain}}
S: a1 OK …
"""
    + select(1)
    + """\
C: a2 FETCH 1 BODY.PEEK[HEADER.FIELDS ("X Y" {4+}
C: From sUBJECT)]<0.9>
S: * 1 FETCH (BODY[HEADER.FIELDS ("X Y" From sUBJECT)]<0> {9}
S: From: Fre)
S: a2 OK FETCH done
C: a3 FETCH 1 BODY.PEEK[]<100000.5>
S: * 1 FETCH (BODY[]<100000> {0}
S: )
S: a3 OK FETCH done
""",
    "names with everything in them": """\
C: a1 CREATE "say \\"hi\\" \\\\ &AOQ-&-"
S: a1 OK [MAILBOXID (F…)] CREATE done
C: a2 LIST "" "say*"
S: * LIST (\\HasNoChildren) "/" "say \\"hi\\" \\\\ &AOQ-&-"
S: a2 OK LIST done
C: a3 LIST "" "*&AOQ-%"
S: * LIST (\\HasNoChildren) "/" "say \\"hi\\" \\\\ &AOQ-&-"
S: a3 OK LIST done
C: a4 STATUS {18+}
C: say "hi" \\ &AOQ-&- (MESSAGES)
S: * STATUS "say \\"hi\\" \\\\ &AOQ-&-" (MESSAGES 0)
S: a4 OK STATUS done
C: a5 STATUS "say \\"hi\\" \\\\ &AOQ-&-" (MESSAGES)
S: * STATUS "say \\"hi\\" \\\\ &AOQ-&-" (MESSAGES 0)
S: a5 OK STATUS done
C: a6 CREATE "&AGE-"
S: a6 BAD Mailbox name is not modified UTF-7 …
""",
    "COPY and MOVE within a mailbox": """\
C: a1 APPEND INBOX {{plain}} {{plain}}
S: a1 OK …
"""
    + select(2)
    + """\
C: a2 COPY 1:2 INBOX
S: * 4 EXISTS
S: a2 OK [COPYUID … 1:2 3:4] COPY done
C: a3 UID MOVE 1 INBOX
S: * OK [COPYUID … 1 5] Moved
S: * 1 EXPUNGE
S: * 4 EXISTS
S: a3 OK MOVE done
C: a4 UID FETCH 1:* FLAGS
S: * 1 FETCH (UID 2 FLAGS ())
S: * 2 FETCH (UID 3 FLAGS ())
S: * 3 FETCH (UID 4 FLAGS ())
S: * 4 FETCH (UID 5 FLAGS ())
S: a4 OK FETCH done
""",
    "$ follows what is expunged, and is empty in a mailbox just opened (RFC 5182 §2.1)": """\
C: a1 APPEND INBOX {{plain}} {{plain}} {{plain}}
S: a1 OK …
"""
    + select(3)
    + """\
C: a2 FETCH $ UID
S: a2 OK FETCH done
C: a3 SEARCH RETURN (SAVE) 2:3
S: a3 OK SEARCH done
C: a4 STORE $ +FLAGS (\\Deleted)
S: * 2 FETCH (FLAGS (\\Deleted))
S: * 3 FETCH (FLAGS (\\Deleted))
S: a4 OK STORE done
C: a5 UID EXPUNGE 2
S: * 2 EXPUNGE
S: a5 OK EXPUNGE done
C: a6 FETCH $ UID
S: * 2 FETCH (UID 3)
S: a6 OK FETCH done
C: a7 SEARCH NOT $
S: * SEARCH 1
S: a7 OK SEARCH done
C: a8 UNSELECT
S: a8 OK UNSELECT done
"""
    + select(2)
    + """\
C: a9 FETCH $ UID
S: a9 OK FETCH done
""",
    "COPY says OK for what was there, and which that was": """\
C: a1 APPEND INBOX {{plain}} {{plain}}
S: a1 OK …
"""
    + select(2)
    + """\
C2: b1 SELECT INBOX
"""
    + SELECTED.format(count=2, unseen="S: * OK [UNSEEN 1] …\n").replace("S:", "S2:")
    + """\
S2: b1 OK [READ-WRITE] Selected
C2: b2 STORE 1 +FLAGS.SILENT (\\Deleted)
S2: b2 OK STORE done
C2: b3 EXPUNGE
S2: * 1 EXPUNGE
S2: b3 OK EXPUNGE done
C: a2 COPY 1:2 Archive
S: * 1 EXPUNGE
S: a2 OK [COPYUID … 2 1] …
C: a3 STATUS Archive (MESSAGES)
S: * STATUS Archive (MESSAGES 1)
S: a3 OK STATUS done
""",
    "pipelined commands see what those before them did": """\
C: a1 APPEND INBOX {{plain}}
C: a2 EXAMINE INBOX
C: a3 FETCH 1 UID
C: a4 CLOSE
C: a5 FETCH 1 UID
S: a1 OK [APPENDUID … 1] APPEND done
"""
    + SELECTED.format(count=1, unseen="S: * OK [UNSEEN 1] …\n")
    + """\
S: a2 OK [READ-ONLY] Selected
S: * 1 FETCH (UID 1)
S: a3 OK FETCH done
S: a4 OK CLOSE done
S: a5 BAD Select a mailbox first
""",
}


@pytest.mark.parametrize("name", DIALOGS)
def test_dialog(house: House, name: str) -> None:
    on_loop("uvloop", lambda: play(house, DIALOGS[name]))
