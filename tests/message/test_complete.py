from alphorn.message import complete

NOON = 1739444400


def test_what_is_missing_is_added_before_all_else() -> None:
    raw = b"From: anna@example.test\r\nDate: \r\n\r\nbody"
    assert complete.complete(raw, NOON, "id@example.test", 60) == (
        b"Date: Thu, 13 Feb 2025 12:00:00 +0100\r\nMessage-ID: <id@example.test>\r\n"
        b"From: anna@example.test\r\n\r\nbody"
    )


def test_what_is_there_stays_octet_for_octet() -> None:
    raw = b"date:  today\r\nMESSAGE-id: <x@y>\r\nFrom:a@b\r\n\r\nbody"
    assert complete.complete(raw, NOON, "id@example.test") is raw


def test_blind_copies_go() -> None:
    raw = (
        b"Date: x\r\nMessage-ID: <x@y>\r\nBcc: secret@example.test,\r\n other@example.test\r\n"
        b"To: a@b\r\nRESENT-BCC: c@d\r\nReturn-Path: <forged@example.test>\r\n\r\nBcc: kept\r\n"
    )
    assert complete.complete(raw, NOON, "id") == (
        b"Date: x\r\nMessage-ID: <x@y>\r\nTo: a@b\r\n\r\nBcc: kept\r\n"
    )


def test_recipients_of_all_fields() -> None:
    raw = (
        b"To: A@b, Group: c@d, e@f;\r\nCc: a@B\r\nBcc: g@h\r\nto: i@j\r\n"
        b"Reply-To: no@no\r\n\r\nTo: body@body\r\n"
    )
    assert complete.recipients(raw) == {"a@b", "c@d", "e@f", "g@h", "i@j"}


def test_recipients_of_a_message_that_is_sent_again() -> None:
    raw = b"Resent-To: k@l\r\nResent-Bcc: M@n\r\nTo: a@b, c@d\r\nCc: e@f\r\n\r\n"
    assert complete.recipients(raw) == {"k@l", "m@n"}


def test_no_author_hides_behind_another() -> None:
    raw = b"From: a@b\r\nFrom: x <c@d>, (e@f) g@h\r\nSender: s@t\r\n\r\n"
    assert [mailbox.address for mailbox in complete.authors(raw)] == ["a@b", "c@d", "g@h"]
    assert [mailbox.address for mailbox in complete.senders(raw)] == ["s@t"]
