"""All that guards the MX port, for the stages of a session: one per worker."""

from dataclasses import dataclass, field

from alphorn.base.help import Help, with_help
from alphorn.operations.doorkeeper import Doorkeeper
from alphorn.operations.examine import Arrival, Examination, Examiner
from alphorn.policy import reputation
from alphorn.policy.decision import Act, Decision
from alphorn.servers.smtp.inquiry import Inquiry, Questions
from alphorn.servers.smtp.manners import Guest, Manners
from alphorn.wire.smtp.replies import Reply

SPAM_STAGES = frozenset(("spam", "rspamd", "clamav"))


@dataclass(frozen=True, slots=True)
class Gate:
    """`help` is where those who are refused find it."""

    questions: Questions
    door: Doorkeeper
    manners: Manners
    examiner: Examiner
    help: Help = field(default_factory=Help)

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
        """A refusal or deferral in the words of the protocol. The machine adds the page of help;
        where there are no pages it is said here who can help."""
        text = decision.text.replace("»", ">")  # replies are ASCII (RFC 5321 §2.4)
        if decision.page and not self.help.url:
            text = with_help(text, self.help.contact)
        return Reply(decision.status, text, decision.basic, decision.page)
