"""The pages of help about refusals: one table of their names, which stand in replies.

Whatever refuses names one of them, and each has a text in every language (`web.texts`). A name is
part of an address that people are given: it is short, and it stays.
"""

from dataclasses import dataclass

SERVER, MESSAGE, RECIPIENT, USERS = "server", "message", "recipient", "users"
GROUPS = (SERVER, MESSAGE, RECIPIENT, USERS)
"""What a refusal is about: the server that sends, the message, who is to get it, our own users."""

PAGES: dict[str, str] = {
    "banned": SERVER,
    "dns-lists": SERVER,
    "greylist": SERVER,
    "helo": SERVER,
    "manners": SERVER,
    "too-many": SERVER,
    "protocol": SERVER,
    "later": SERVER,
    "dmarc": MESSAGE,
    "spam": MESSAGE,
    "malware": MESSAGE,
    "attachments": MESSAGE,
    "headers": MESSAGE,
    "too-large": MESSAGE,
    "loop": MESSAGE,
    "no-mailbox": RECIPIENT,
    "address": RECIPIENT,
    "switched-off": RECIPIENT,
    "mailbox-full": RECIPIENT,
    "sender": RECIPIENT,
    "rejected": RECIPIENT,
    "gateway": RECIPIENT,
    "relay": RECIPIENT,
    "recipients": RECIPIENT,
    "login": USERS,
    "limits": USERS,
    "own-address": USERS,
    "records": USERS,
}
"""In the order in which they are listed, each with its group."""


@dataclass(frozen=True, slots=True)
class Help:
    """Where there is help: `url` is what the name of a page is put after, "" where there are no
    pages; `contact` is the address of whoever can help then."""

    url: str = ""
    contact: str = ""

    def added(self, text: str, page: str) -> str:
        """The text of a refusal with where there is help about it."""
        return (
            with_help(text, address(self.url, page)) if self.url else with_help(text, self.contact)
        )


def address(url: str, page: str) -> str:
    """Of a page below `url`; of all of them for the page ""."""
    return f"{url}{page}/" if page else url


def with_help(text: str, where: str) -> str:
    """The text of a refusal, and where there is help; "" for nowhere."""
    return f"{text.rstrip('.')}; help: {where}" if where else text
