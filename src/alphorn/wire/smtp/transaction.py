"""One message under way: what is known of it from MAIL on."""

from alphorn.message.envelope import Envelope, EnvelopeRecipient
from alphorn.wire.smtp.collect import Collected
from alphorn.wire.smtp.events import Mail


class Transaction:
    """`collected` holds its octets once they come; `full`: a recipient was one too many."""

    __slots__ = ("collected", "full", "mail", "recipients")

    def __init__(self, mail: Mail) -> None:
        self.mail = mail
        self.recipients: list[EnvelopeRecipient] = []
        self.collected: Collected | None = None
        self.full = False

    @property
    def smtputf8(self) -> bool:
        return self.mail.parameters.smtputf8

    def envelope(self) -> Envelope:
        given = self.mail.parameters
        return Envelope(
            self.mail.sender.address,
            tuple(self.recipients),
            given.body,
            given.smtputf8,
            given.ret,
            given.envid,
        )
