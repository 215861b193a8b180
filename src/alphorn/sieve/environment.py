"""What a script may ask of the world, and plain answers to begin with.

Answers are values that the caller has at hand or looks up when asked; none of them may change
anything. Each is asked at most as often as the script tests for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from alphorn.sieve.script import Script


class Environment(Protocol):
    """All names and values are text; a None is "there is no such thing"."""

    @property
    def now(self) -> float:
        """Seconds since 1970 UTC."""

    @property
    def zone(self) -> int:
        """The owner's time zone, in minutes east."""

    def envelope(self, part: str) -> str | None:
        """A part of the envelope (RFC 5228 §5.4): "from" ("" for the null sender), "to",
        "auth" (RFC 4954 §5). None where it is not known."""

    def item(self, name: str) -> str | None:
        """An item of RFC 5183 §4.1 or RFC 6785 §4.3 ("domain", "imap.cause"); None is unknown."""

    def mailbox_exists(self, name: str) -> bool:
        """Whether mail can be put into this mailbox (RFC 5490 §3.1)."""

    def special_use_exists(self, use: str, mailbox: str | None) -> bool:
        """Whether there is a mailbox of this use ("\\\\Junk"), or this one has it (RFC 8579 §3)."""

    def metadata(self, mailbox: str | None, entry: str) -> str | None:
        """An annotation of a mailbox, or of the server where `mailbox` is None (RFC 5464)."""

    def list_holds(self, name: str, value: str) -> bool | None:
        """Whether an external list holds a value; None where there is no such list (RFC 6134)."""

    def seen(self, key: str) -> bool:
        """Whether this identifier is remembered (RFC 7352)."""

    def spam(self) -> float | None:
        """How certainly the message is spam, 0 to 1; None where that was not judged (RFC 5235)."""

    def virus(self) -> int | None:
        """1 (clean) to 5 (certainly infected); None where that was not judged (RFC 5235 §3.3)."""

    def script(self, name: str, location: str) -> "Script | None":
        """A compiled script to include, "personal" or "global" (RFC 6609); None is none such. It
        may raise `ScriptError`."""


@dataclass(frozen=True, slots=True)
class Plain:
    """An environment of values: what is not given does not exist."""

    now: float = 0.0
    zone: int = 0
    sender: str | None = None
    recipient: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)
    mailboxes: frozenset[str] = frozenset(("INBOX",))
    special_uses: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[tuple[str | None, str], str] = field(default_factory=dict)
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)
    remembered: frozenset[str] = frozenset()
    spam_score: float | None = None
    virus_score: int | None = None
    scripts: Mapping[tuple[str, str], "Script"] = field(default_factory=dict)

    def envelope(self, part: str) -> str | None:
        if part == "from":
            return self.sender
        return self.recipient if part == "to" else self.parts.get(part)

    def item(self, name: str) -> str | None:
        return self.items.get(name)

    def mailbox_exists(self, name: str) -> bool:
        return name in self.mailboxes or name.upper() == "INBOX"

    def special_use_exists(self, use: str, mailbox: str | None) -> bool:
        found = self.special_uses.get(use.lower())
        return found is not None and mailbox in (None, found)

    def metadata(self, mailbox: str | None, entry: str) -> str | None:
        return self.annotations.get((mailbox, entry))

    def list_holds(self, name: str, value: str) -> bool | None:
        members = self.lists.get(name)
        return None if members is None else value.lower() in members

    def seen(self, key: str) -> bool:
        return key in self.remembered

    def spam(self) -> float | None:
        return self.spam_score

    def virus(self) -> int | None:
        return self.virus_score

    def script(self, name: str, location: str) -> "Script | None":
        return self.scripts.get((location, name))
