"""How much of everything a client has had in one connection, and when that is enough."""

from alphorn.wire.smtp.limits import Limits


class Tally:
    """`commands` are those since the last message that did not work towards one; a recipient who
    cannot be had just now is one of them."""

    __slots__ = ("commands", "errors", "logins", "messages", "refusals")

    def __init__(self) -> None:
        self.errors = self.refusals = self.commands = self.messages = self.logins = 0

    def excess(self, limits: Limits) -> str:
        """What there has been too much of, in words; "" for nothing."""
        if self.errors >= limits.errors:
            return "wrong commands"
        if self.refusals >= limits.refusals:
            return "refused recipients"
        if self.commands >= limits.idle_commands:
            return "commands without a message"
        if self.logins >= limits.logins:
            return "failed logins"
        return ""
