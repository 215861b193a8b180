import pytest

from alphorn.queue.replies import Problem, problem_of, reply_from, too_many_recipients
from alphorn.queue.values import MAX_REPLY, Reply


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (550, "5.1.1 No such user", Reply(550, "5.1.1", "No such user", "h")),
        (550, "No such user", Reply(550, "5.0.0", "No such user", "h")),
        (450, "5.1.1 Try later", Reply(450, "4.1.1", "Try later", "h")),
        (550, "5.7.1 One\n5.7.1 two\n5.7.1 three", Reply(550, "5.7.1", "One two three", "h")),
        (421, "Bye", Reply(421, "4.3.2", "Bye", "h")),
        (452, "Full", Reply(452, "4.3.1", "Full", "h")),
        (250, "2.0.0 Ok: queued", Reply(250, "2.0.0", "Ok: queued", "h")),
        (250, "", Reply(250, "2.0.0", "", "h")),
        (550, "5.1.1-bad style", Reply(550, "5.1.1", "-bad style", "h")),
        (550, "5.1.1.2 is no status", Reply(550, "5.0.0", "5.1.1.2 is no status", "h")),
        (-1, "rubbish", Reply(451, "4.5.0", "This is not SMTP: rubbish", "h")),
        (999, "rubbish", Reply(451, "4.5.0", "999 rubbish", "h")),
    ],
)
def test_replies_are_read(code: int, text: str, expected: Reply) -> None:
    assert reply_from(code, text, "h") == expected


def test_a_reply_is_printable_and_bounded() -> None:
    text = "5.0.0 \x1b[31mred\u202e\udcff" + "x" * 5000
    reply = reply_from(550, text, "h")
    assert reply.text.isprintable()
    assert 0 < len(reply.text) <= MAX_REPLY
    assert reply.text.startswith("[31mred")


@pytest.mark.parametrize(
    ("code", "text", "problem"),
    [
        (550, "5.1.1 User unknown", Problem.NO_SUCH_ADDRESS),
        (550, "<a@b>: Recipient address rejected: Access denied", Problem.NO_SUCH_ADDRESS),
        (550, "sorry, no such mailbox here", Problem.NO_SUCH_ADDRESS),
        (550, "5.2.1 disabled", Problem.ADDRESS_DISABLED),
        (452, "4.2.2 over quota", Problem.MAILBOX_FULL),
        (552, "5.2.2 over quota", Problem.MAILBOX_FULL),
        (554, "the recipient's mailbox is full", Problem.MAILBOX_FULL),
        (552, "5.3.4 too big", Problem.TOO_LARGE),
        (552, "Message size exceeds fixed limit", Problem.TOO_LARGE),
        (450, "4.2.0 Greylisted, see http://postgrey", Problem.GREYLISTED),
        (451, "4.7.1 Greylisting in action, please come back later", Problem.GREYLISTED),
        (554, "5.7.1 blocked using zen.spamhaus.org", Problem.REPUTATION),
        (550, "5.7.26 DMARC policy of example.test", Problem.AUTHENTICATION),
        (550, "SPF check failed", Problem.AUTHENTICATION),
        (554, "5.7.1 This looks like spam", Problem.SPAM),
        (554, "5.7.1 Relay access denied", Problem.RELAYING),
        (421, "4.7.28 rate limited", Problem.RATE_LIMITED),
        (450, "Too many connections from your host", Problem.RATE_LIMITED),
        (452, "4.3.1 no space", Problem.DISK_FULL),
        (452, "4.5.3 too many recipients", Problem.TOO_MANY_RECIPIENTS),
        (554, "5.4.6 routing loop", Problem.LOOP),
        (550, "5.7.1 not for you", Problem.POLICY),
        (553, "5.1.8 sender domain", Problem.SENDER),
        (550, "5.6.7 non-ASCII", Problem.CONTENT),
        (421, "4.3.2 shutting down", Problem.BUSY),
        (451, "internal", Problem.TEMPORARY),
        (554, "no", Problem.PERMANENT),
    ],
)
def test_problems_are_known(code: int, text: str, problem: Problem) -> None:
    assert problem_of(reply_from(code, text, "h")) is problem


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (452, "4.5.3 Too many recipients", True),
        (452, "too many recipients", True),
        (552, "too many", True),
        (552, "5.2.2 mailbox full", False),
        (452, "4.2.2 mailbox full", False),
        (450, "4.2.0 greylisted", False),
        (550, "5.5.3 too many recipients", False),
    ],
)
def test_too_many_recipients(code: int, text: str, expected: bool) -> None:
    assert too_many_recipients(reply_from(code, text, "h")) is expected
