"""All that guards the MX port, for the stages of a session: one per worker."""

from collections.abc import Callable
from dataclasses import dataclass

from alphorn.operations.doorkeeper import Doorkeeper
from alphorn.operations.examine import Arrival, Examination, Examiner
from alphorn.policy import reputation
from alphorn.policy.decision import Act, Decision
from alphorn.servers.doorman import with_help
from alphorn.servers.smtp.inquiry import Inquiry, Questions
from alphorn.servers.smtp.manners import Guest, Manners
from alphorn.wire.smtp.replies import Reply

SPAM_STAGES = frozenset(("spam", "rspamd", "clamav"))


@dataclass(frozen=True, slots=True)
class Gate:
    """`help_for` gives the address where there is help, by the name of a page, "" for none."""

    questions: Questions
    door: Doorkeeper
    manners: Manners
    examiner: Examiner
    help_for: Callable[[str], str] = lambda page: ""

    def guest(self, client: str) -> Guest:
        return self.manners.arrives(client)

    def inquiry(self, client: str) -> Inquiry:
        return Inquiry(self.questions, client, self.questions.exempt(client))

    def remember(self, arrival: Arrival, seen: Examination) -> None:
        """What the message says of its client, for the next time. In any thread."""
        decision = seen.decision
        if seen.spam or (decision.act is Act.REFUSE and decision.stage in SPAM_STAGES):
            self.door.spam(arrival.client)
        elif decision.act is Act.REFUSE:
            self.door.came(arrival.client, reputation.REFUSED)
        elif decision.passes:
            self.door.came(arrival.client, reputation.GOOD, seen.proved)

    def reply(self, decision: Decision) -> Reply:
        """A refusal or deferral in the words of the protocol, with where there is help."""
        text = with_help(decision, self.help_for)
        text = text.replace("»", ">")  # replies are ASCII (RFC 5321 §2.4)
        return Reply(decision.status, text, decision.basic)
