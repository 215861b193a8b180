"""May this sender begin a message? (MAIL)"""

from alphorn.servers.smtp.visit import Visit
from alphorn.wire.smtp.events import Mail
from alphorn.wire.smtp.replies import Reply

OK = Reply("2.1.0", "Sender accepted")


def from_server(visit: Visit, mail: Mail) -> Reply:
    """From another server: whoever it says it is, the null sender of reports included."""
    return OK


def from_user(visit: Visit, mail: Mail) -> Reply:
    """From one of our users, logged in: in an own name, and within what the plan allows. Raises
    Refused, Unavailable."""
    account = visit.account
    assert account is not None  # the machine lets nobody begin without
    visit.service.submission.check_sender(account, mail.sender.address)
    return OK
