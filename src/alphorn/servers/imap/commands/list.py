"""LIST and LSUB (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154 §2; RFC 3501 §6.3.9)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from alphorn.servers.imap import mailboxes
from alphorn.servers.imap.handler import Outcome
from alphorn.servers.imap.patterns import Pattern
from alphorn.servers.imap.session import ImapSession
from alphorn.store.api import Mailbox
from alphorn.wire.imap.commands import List, ListReturn, ListSelect, Lsub


@dataclass(slots=True)
class _Entry:
    """One line of the reply, while it is being found out."""

    attributes: list[str] = field(default_factory=list)
    mailbox: Mailbox | None = None
    child_info: bool = False


@dataclass(frozen=True, slots=True)
class _Names:
    """All mailboxes by name, which of them have others below, and what is subscribed to."""

    mailboxes: dict[str, Mailbox]
    with_children: frozenset[str]
    subscribed: frozenset[str]

    @staticmethod
    def of(session: ImapSession, *, subscriptions: bool) -> "_Names":
        mail = session.mail()
        by_name = {mailbox.name: mailbox for mailbox in mail.mailboxes()}
        return _Names(
            by_name,
            frozenset(parent for name in by_name for parent in mailboxes.parents(name)),
            frozenset(mail.subscriptions()) if subscriptions else frozenset(),
        )


def list_(session: ImapSession, command: List, tag: bytes) -> Outcome:
    utf8 = session.rev2
    if not command.extended and command.patterns == ("",):
        # RFC 9051 §6.3.9: the separator and the root of the reference are asked for
        session.send(mailboxes.line("", ("Noselect",), utf8=utf8))
        return b"OK LIST done"
    limit = session.service.limits.message
    for name, entry in _found(session, command):
        session.send(
            mailboxes.line(
                name,
                entry.attributes,
                utf8=utf8,
                child_info=("SUBSCRIBED",) if entry.child_info else (),
            )
        )
        if ListReturn.STATUS in command.returns and entry.mailbox is not None:
            session.send(
                mailboxes.status_line(entry.mailbox, command.status, utf8=utf8, message_limit=limit)
            )
    return b"OK LIST done"


def _found(session: ImapSession, command: List) -> Iterator[tuple[str, _Entry]]:
    by_subscription = ListSelect.SUBSCRIBED in command.select
    names = _Names.of(
        session, subscriptions=by_subscription or ListReturn.SUBSCRIBED in command.returns
    )
    patterns = [Pattern(command.reference, pattern) for pattern in command.patterns if pattern]
    candidates = dict.fromkeys(names.mailboxes)
    if by_subscription:
        candidates |= dict.fromkeys(sorted(names.subscribed))
    with_subscribed_below: frozenset[str] = frozenset()
    if by_subscription and ListSelect.RECURSIVE_MATCH in command.select:
        with_subscribed_below = _parents_of_hidden(names, patterns)
        candidates |= dict.fromkeys(sorted(with_subscribed_below))
    for name in candidates:
        if not any(pattern.matches(name) for pattern in patterns):
            continue
        entry = _Entry(mailbox=names.mailboxes.get(name))
        entry.child_info = name in with_subscribed_below
        if by_subscription and name not in names.subscribed and not entry.child_info:
            continue
        use = mailboxes.special_use(entry.mailbox) if entry.mailbox is not None else None
        if ListSelect.SPECIAL_USE in command.select and use is None:
            continue
        _describe(entry, name, names, use)
        yield name, entry


def _parents_of_hidden(names: _Names, patterns: Sequence[Pattern]) -> frozenset[str]:
    """Names with a subscribed one somewhere below that the patterns do not match themselves
    (RFC 9051 §6.3.9.6)."""
    return frozenset(
        parent
        for name in names.subscribed
        if not any(pattern.matches(name) for pattern in patterns)
        for parent in mailboxes.parents(name)
    )


def _describe(entry: _Entry, name: str, names: _Names, use: str | None) -> None:
    if entry.mailbox is None:
        entry.attributes.append("NonExistent")
    has_children = name in names.with_children
    entry.attributes.append("HasChildren" if has_children else "HasNoChildren")
    if name in names.subscribed:
        entry.attributes.append("Subscribed")
    if use is not None:
        entry.attributes.append(use)


def lsub(session: ImapSession, command: Lsub, tag: bytes) -> Outcome:
    """With `%`, a name that is not subscribed but has subscribed ones below that do not match is
    shown with \\Noselect (RFC 3501 §6.3.9)."""
    subscribed = frozenset(session.mail().subscriptions())
    pattern = Pattern(command.reference, command.pattern)
    shown = {name: False for name in subscribed if pattern.matches(name)}
    for name in subscribed.difference(shown):
        for parent in mailboxes.parents(name):
            if parent not in subscribed and pattern.matches(parent):
                shown[parent] = True
    for name, only_above in sorted(shown.items()):
        attributes = ("Noselect",) if only_above else ()
        session.send(mailboxes.line(name, attributes, utf8=session.rev2, response=b"LSUB"))
    return b"OK LSUB done"
