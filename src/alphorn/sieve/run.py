"""One run of a script on one message: what changes while it goes on.

Steps, actions and texts are counted here; over a limit `RunError` is raised, and the message is
kept.
"""

from alphorn.message.parse import Entity
from alphorn.sieve.actions import (
    Action,
    Added,
    Deleted,
    Discard,
    FileInto,
    Keep,
    Line,
    Message,
    Notify,
    Redirect,
    Reject,
    Tracked,
    Vacation,
)
from alphorn.sieve.environment import Environment
from alphorn.sieve.errors import Problem, RunError
from alphorn.sieve.limits import Limits
from alphorn.sieve.mail import Mail

LOOK = 1 << 14
"""Octets of a header that cost a step to go through."""


class Run:
    """The state of a run. `variables` are those of the script that runs now: each included script
    has its own, and `globals` are shared (RFC 6609 §3.4). `flags` is the internal variable of
    imap4flags (RFC 5232 §2), None until it is set. `part` is that of the loop that goes on. `name`
    and `source` are those of the script that runs now, included ones too."""

    __slots__ = (
        "actions",
        "asked",
        "edits",
        "environment",
        "flags",
        "globals",
        "included",
        "keeps",
        "limits",
        "mail",
        "matches",
        "name",
        "notifications",
        "original",
        "part",
        "part_number",
        "redirects",
        "replaced",
        "rewritten",
        "shared",
        "source",
        "stack",
        "steps",
        "stopped",
        "tracked",
        "variables",
        "warnings",
    )

    def __init__(self, mail: Mail, environment: Environment, limits: Limits) -> None:
        self.mail = mail
        self.original = mail
        self.environment = environment
        self.limits = limits
        self.variables: dict[str, str] = {}
        self.globals: dict[str, str] = {}
        self.shared: frozenset[str] = frozenset()
        self.matches: tuple[str, ...] = ()
        self.flags: tuple[str, ...] | None = None
        self.actions: list[Action] = []
        self.edits: list[Added | Deleted] = []
        self.tracked: dict[str, Tracked] = {}
        self.warnings: list[Problem] = []
        self.keeps = True
        self.stopped = False
        self.steps = limits.steps
        self.redirects = 0
        self.notifications = 0
        self.part: Entity | None = None
        self.part_number = 0
        self.replaced = False
        self.rewritten = 0
        self.asked: dict[str, bool] = {}
        self.name = ""
        self.source = ""
        self.stack: list[tuple[str, str]] = []
        self.included: set[tuple[str, str]] = set()

    def spend(self, steps: int) -> None:
        """Count work."""
        self.steps -= steps
        if self.steps < 0:
            raise RunError(f"the script takes more than {self.limits.steps} steps")

    def values(self, name: str) -> list[str]:
        """The decoded fields of this lower-case name; where it is asked for first, the whole header
        is gone through."""
        mail = self.mail
        if len(mail.head) > LOOK and not mail.knows(name):
            self.spend(len(mail.head) // LOOK)
        return mail.values(name)

    def line(self, at: int) -> Line:
        """Of an offset in the script that runs now."""
        return Line(self.name, self.source.count("\n", 0, at) + 1)

    @property
    def message(self) -> Message | None:
        """What the message has become, None where it was not changed."""
        return None if self.mail is self.original else self.mail.message

    def do(self, action: Action) -> None:
        """Add an action, unless it must not stand beside those before it (RFC 5228 §2.10.4)."""
        refused = isinstance(action, Reject)
        for other in self.actions:
            if refused and not isinstance(other, Discard | Notify):
                raise RunError(f"{_NAMES[type(action)]} cannot stand beside {_NAMES[type(other)]}")
            if isinstance(other, Reject) and not isinstance(action, Discard | Notify):
                raise RunError(f"{_NAMES[type(action)]} cannot stand beside {_NAMES[type(other)]}")
        if isinstance(action, Redirect):
            self._redirect(action)
        elif isinstance(action, Notify):
            if self.notifications >= self.limits.notifications:
                if self.limits.notifications == 0:
                    raise RunError("local policy prohibits the use of a notify action")
                raise RunError(
                    "the number of notify actions exceeds policy limit "
                    f"({self.limits.notifications})"
                )
            self.notifications += 1
        for at, other in enumerate(self.actions):
            if _same(other, action):  # once only (RFC 5228 §2.10.3); the last flags count
                if isinstance(other, Keep) and isinstance(action, FileInto):
                    action = Keep(action.flags, message=action.message, line=action.line)
                self.actions[at] = action
                return
        if len(self.actions) >= self.limits.actions:
            raise RunError(
                f"the total number of actions exceeds policy limit ({self.limits.actions})"
            )
        self.actions.append(action)

    def _redirect(self, action: Redirect) -> None:
        if any(_same(other, action) for other in self.actions):
            return
        self.redirects += 1
        if self.redirects > self.limits.redirects:
            raise RunError(
                f"the number of redirect actions exceeds policy limit ({self.limits.redirects})"
            )


def _same(one: Action, other: Action) -> bool:
    """Whether two actions put the same message at the same place."""
    match one, other:
        case FileInto(), FileInto():
            same = (_folded(one.mailbox), one.special_use) == (
                _folded(other.mailbox),
                other.special_use,
            )
            return same and one.message is other.message
        case (Keep(), Keep()):
            return one.message is other.message
        case (Keep(), FileInto(mailbox=name, special_use="")) | (
            FileInto(mailbox=name, special_use=""),
            Keep(),
        ):
            return _folded(name) == "INBOX" and _message(one) is _message(other)
        case Redirect(), Redirect():
            return one == other
        case Discard(), Discard():
            return True
        case _:
            return False


def _message(action: Action) -> Message | None:
    return action.message if isinstance(action, Keep | FileInto) else None


def _folded(mailbox: str) -> str:
    """INBOX in any case is one mailbox, and below it too (RFC 9051 §5.1)."""
    return mailbox.upper() if mailbox[:5].upper() == "INBOX" and len(mailbox) == 5 else mailbox


_NAMES: dict[type[Action], str] = {
    Keep: "keep",
    FileInto: "fileinto",
    Redirect: "redirect",
    Discard: "discard",
    Reject: "reject",
    Vacation: "vacation",
    Notify: "notify",
}
