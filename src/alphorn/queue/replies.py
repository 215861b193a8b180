"""What servers' replies mean: a table from codes and words to a problem that people understand.

Whether a reply is for now or for good is its first digit's word alone (RFC 5321 §4.2.1), but for
the one case where the standard says otherwise: 552 to RCPT after accepted recipients means that
there are too many (§4.5.3.1.10). The enhanced status (RFC 3463) refines what is wrong; one whose
class contradicts the code gets the code's class, so that reports agree with what we do.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from alphorn.queue.values import Reply, printable


class Problem(Enum):
    """`value` goes on with "remote.test ..." or "the other server ..."."""

    NO_SUCH_ADDRESS = "does not know this address"
    ADDRESS_DISABLED = "does not take mail for this address any more"
    MAILBOX_FULL = "says that the mailbox is full"
    TOO_LARGE = "does not take messages as large as this one"
    GREYLISTED = "wants to see us come back (greylisting)"
    RATE_LIMITED = "takes no more mail from us for now"
    SPAM = "takes the message for spam"
    REPUTATION = "refuses mail from our address"
    AUTHENTICATION = "finds that the sender's domain does not vouch for the message"
    POLICY = "refuses the message by its rules"
    SENDER = "does not accept the sender's address"
    RELAYING = "says that it does not take mail for this domain"
    CONTENT = "cannot handle a message of this form"
    TOO_MANY_RECIPIENTS = "takes fewer recipients at a time"
    LOOP = "says that the message goes round in circles"
    DISK_FULL = "has no room left"
    BUSY = "is not ready for mail right now"
    NO_ANSWER = "did not answer"
    DNS = "could not be found in the DNS"
    TLS = "could not be reached securely"
    EXPIRED = "could not be reached for too long"
    TEMPORARY = "could not take the message for now"
    PERMANENT = "refused the message"


@dataclass(frozen=True, slots=True)
class Rule:
    """Applies where one of `details` (the enhanced status without its class) is the reply's, or
    where `words` is found in the text; with `codes`, only to these codes."""

    problem: Problem
    details: frozenset[str] = frozenset()
    words: str = ""
    codes: frozenset[int] = frozenset()


def _rule(problem: Problem, details: str = "", words: str = "", codes: str = "") -> Rule:
    return Rule(
        problem, frozenset(details.split()), words, frozenset(int(code) for code in codes.split())
    )


RULES = (
    _rule(
        Problem.NO_SUCH_ADDRESS, words=r"(recipient|mailbox).{0,20}(rejected|unknown)", codes="550"
    ),
    _rule(Problem.GREYLISTED, words=r"gr[ea]y-?list|come back later", codes="450 451 421 452"),
    _rule(Problem.MAILBOX_FULL, "2.2"),
    _rule(Problem.ADDRESS_DISABLED, "2.1 1.6"),
    _rule(Problem.NO_SUCH_ADDRESS, "1.1 1.2 1.3 1.4 1.10"),
    _rule(Problem.SENDER, "1.7 1.8"),
    _rule(Problem.TOO_LARGE, "2.3 3.4"),
    _rule(Problem.DISK_FULL, "3.1"),
    _rule(Problem.TOO_MANY_RECIPIENTS, "5.3"),
    _rule(Problem.LOOP, "4.6"),
    _rule(Problem.DNS, "4.3 4.4"),
    _rule(Problem.NO_ANSWER, "4.1 4.2"),
    _rule(Problem.EXPIRED, "4.7"),
    _rule(Problem.AUTHENTICATION, "7.20 7.21 7.22 7.23 7.24 7.25 7.26 7.29 7.30"),
    _rule(Problem.TLS, "7.10 7.5"),
    _rule(Problem.RATE_LIMITED, "7.28 4.5"),
    _rule(Problem.CONTENT, "6.0 6.1 6.3 6.7 6.8 6.9"),
    _rule(
        Problem.MAILBOX_FULL,
        words=r"(mailbox|inbox|user|recipient|account).{0,30}(is |was )?(full|over ?quota)"
        r"|quota.{0,20}exceed|exceed.{0,20}quota|insufficient.{0,20}(mailbox|quota)",
    ),
    _rule(Problem.TOO_LARGE, words=r"(message|size|mail).{0,30}(too (large|big)|exceeds)"),
    _rule(Problem.RELAYING, words=r"relay(ing)? (access )?(denied|not)|not.{0,20}relay"),
    _rule(
        Problem.REPUTATION,
        words=r"blacklist|block ?list|black ?list|\brbl\b|dnsbl|spamhaus|reputation|"
        r"(ip|address|host).{0,40}(block|listed|banned)",
    ),
    _rule(
        Problem.AUTHENTICATION, words=r"\b(spf|dkim|dmarc)\b", codes="550 554 451 450 421 550 535"
    ),
    _rule(Problem.SPAM, words=r"\bspam|unsolicited|junk mail|bulk mail"),
    _rule(Problem.SENDER, words=r"sender.{0,30}(rejected|denied|not exist|refused)"),
    _rule(
        Problem.RATE_LIMITED,
        words=r"(rate|frequency).{0,10}(limit|exceed)|too many (messages|connections|mails|emails)"
        r"|throttl",
    ),
    _rule(
        Problem.ADDRESS_DISABLED,
        words=r"(account|mailbox|user|address).{0,30}(disabled|inactive|suspended|closed)",
    ),
    _rule(
        Problem.NO_SUCH_ADDRESS,
        words=r"(user|recipient|mailbox|address|account).{0,30}"
        r"(unknown|not found|n.t exist|not exist|invalid|rejected)|no such|"
        r"unknown (user|recipient|address|local)|not our (user|customer)|not a registered|"
        r"does(n.t| not) have an? .{0,30}account",
    ),
    _rule(Problem.POLICY, "7.0 7.1 7.9 7.27", words=r"polic(y|ies)|prohibited|not allowed"),
    _rule(Problem.BUSY, "3.2", codes="421"),
)

_BY_CODE: Mapping[int, Problem] = {
    421: Problem.BUSY,
    452: Problem.DISK_FULL,
    552: Problem.MAILBOX_FULL,
    553: Problem.NO_SUCH_ADDRESS,
}
_STATUS = re.compile(r"([245])\.(\d{1,3}\.\d{1,3})(?=\s|$|[:;,-])\s*")
_WORDS = {rule: re.compile(rule.words, re.IGNORECASE) for rule in RULES if rule.words}

_STATUS_OF_CODE: Mapping[int, str] = {
    421: "4.3.2",
    452: "4.3.1",
}
"""For servers that give no enhanced status; all others get X.0.0."""


def reply_from(code: int, text: str, host: str) -> Reply:
    """A server's reply: its enhanced status where it begins with one, and what it says.

    A code that is no reply code (RFC 5321 §4.2.1) counts as 451: the server is confused. A
    negative one stands for what is no reply at all.
    """
    if not 200 <= code <= 599:
        said = f"{code} {text}" if code >= 0 else f"This is not SMTP: {text}"
        return Reply(451, "4.5.0", printable(said), host)
    lines = [printable(line) for line in text.splitlines()]
    match = _STATUS.match(lines[0]) if lines else None
    if match is None:
        enhanced = _STATUS_OF_CODE.get(code, f"{code // 100}.0.0")
        return Reply(code, enhanced, printable(" ".join(lines)), host)
    # Each line of a reply repeats the status (RFC 2034 §4); people need it once.
    said = " ".join(line.removeprefix(match[0].rstrip()).strip() for line in lines)
    return Reply(code, f"{code // 100}.{match[2]}", printable(said), host)


def problem_of(reply: Reply) -> Problem:
    """What is wrong, for people; of a negative reply."""
    detail = reply.enhanced.partition(".")[2]
    for rule in RULES:
        if rule.codes and reply.code not in rule.codes:
            continue
        if detail in rule.details or (rule.words and _WORDS[rule].search(reply.text)):
            return rule.problem
    found = _BY_CODE.get(reply.code)
    if found is not None:
        return found
    return Problem.TEMPORARY if reply.temporary else Problem.PERMANENT


def too_many_recipients(reply: Reply) -> bool:
    """Whether this reply to RCPT, after others were accepted, asks for another transaction for
    the rest (RFC 5321 §4.5.3.1.10)."""
    if reply.code == 552:
        return reply.enhanced not in ("5.2.2", "5.2.3", "5.3.4")
    return reply.code in (450, 451, 452) and (
        reply.enhanced == "4.5.3" or "too many recipients" in reply.text.lower()
    )
