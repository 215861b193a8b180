"""An owner's script on what happens to mail that is stored, with everything real behind it."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from alphorn.base.annotation_names import IMAP_SCRIPT
from alphorn.base.errors import Unavailable
from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.mailauth.dkim.sign import sign
from alphorn.message.envelope import OriginKind
from alphorn.message.summarize import summarize
from alphorn.operations.imap_events import MAX_WAITING, Cause, Event, ImapEvents
from alphorn.operations.imap_scripts import ImapScripts
from alphorn.operations.notifying import Notifying
from alphorn.operations.rewriting import Rewriting
from alphorn.operations.sending_on import SendingOn
from alphorn.servers.imap.watched import watched
from alphorn.store.api import Account, Column, FlagAction, NewMessage
from tests.support.gateway import add_gateway, make_confidential
from tests.support.mailhouse import ANNA, BERT, HOSTNAME, MailHouse

MAIL = (
    b"Return-Path: <carl@other.test>\r\nDelivered-To: anna@example.test\r\n"
    b"From: Carl <carl@other.test>\r\nTo: anna@example.test\r\nMessage-ID: <1@other.test>\r\n"
    b"Subject: Your invoice\r\n\r\nHello\r\n"
)
ALL = (
    'require ["imapsieve", "environment", "imap4flags", "fileinto", "mailbox", "copy", "variables",'
    ' "vacation", "reject", "ereject", "enotify", "editheader", "envelope",'
    ' "mboxmetadata", "servermetadata", "duplicate"];\n'
)
FAR = "zoe@far.test"


class House(MailHouse):
    """One in which Anna has a script for what she does over IMAP."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        rewriting = Rewriting(
            self.view,
            self.installation.keys.rewriting_mac,
            self.redirects,
            hostname=HOSTNAME,
            clock=self.clock,
        )
        self.scripts = ImapScripts(
            self.store,
            self.view,
            SendingOn(self._enqueue, rewriting, self.events.append),
            Notifying(self.view, self.state, sign, clock=self.clock),
            self.state,
            self._enqueue,
            self.events.append,
            hostname=HOSTNAME,
            clock=self.clock,
            per_hour=3,
        )
        self.watch = ImapEvents(self.scripts.run)
        self.raw = self.store.account(self.anna.id)
        self.mail = watched(self.raw, self.anna.id, self.watch)

    def script(self, source: str, mailbox: str | None = "INBOX", name: str = "events") -> None:
        self.raw.put_script(name, ALL + source)
        self.raw.annotate(mailbox, {IMAP_SCRIPT: name.encode()})

    def append(self, mailbox: str = "INBOX", words: Sequence[str] = (), raw: bytes = MAIL) -> int:
        message = NewMessage(raw, summarize(raw), 1_600_000_000, 0, frozenset(words))
        return self.mail.append(mailbox, [message])[0].uid

    def state_of(self, mailbox: str = "INBOX") -> list[tuple[int, str]]:
        """Flags and keywords of each message, once everything has been looked at."""
        assert self.watch.settle(30)
        found = self.rows(mailbox, Column.FLAGS, Column.KEYWORDS)
        return [(int(str(flags)), str(words)) for flags, words in found]

    def rows(self, mailbox: str, *columns: Column) -> list[tuple[object, ...]]:
        box = self.raw.mailbox(mailbox)
        return list(self.raw.fetch(box.id, NumberSet.of(self.raw.snapshot(box.id).uids), columns))

    def said(self) -> list[str]:
        assert self.watch.settle(30)
        return [event.text for event in self.events]

    def close(self) -> None:
        self.watch.close()
        super().close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


def test_without_a_script_nothing_happens(house: House) -> None:
    house.raw.put_script("events", "discard;")
    house.append()
    assert house.state_of() == [(0, "")]
    house.raw.annotate("INBOX", {IMAP_SCRIPT: b"missing"})
    house.raw.annotate(None, {IMAP_SCRIPT: b"events"})
    house.append()
    assert house.state_of() == [(0, "")] * 2  # a name of no script is no reason to look further
    assert house.said() == []


def test_what_a_script_can_ask(house: House) -> None:
    """RFC 6785 §4.3, RFC 5183 §4.1, RFC 5490."""
    house.raw.annotate("Archive", {"/private/comment": b"it matters"})
    house.script(
        'if environment "location" "MS" { addflag "ms"; }'
        'if environment "phase" "post" { addflag "post"; }'
        f'if environment "imap.user" "{ANNA}" {{ addflag "user"; }}'
        f'if environment "imap.email" "{ANNA}" {{ addflag "email"; }}'
        'if environment :matches "imap.cause" "*" { addflag "cause-${1}"; }'
        'if environment :matches "imap.mailbox" "*" { addflag "in-${1}"; }'
        'if environment "imap.changedflags" "" { addflag "unchanged"; }'
        'if envelope "from" "carl@other.test" { addflag "envelope"; }'
        'if metadata :contains "Archive" "/PRIVATE/Comment" "matter" { addflag "metadata"; }'
        'if servermetadata "/shared/imapsieve/script" "events" { addflag "server"; }'
        'if metadataexists "INBOX" "/private/comment" { addflag "none"; }',
        None,
    )
    house.append()
    ((_, words),) = house.state_of()
    assert words.split() == sorted(
        "ms post user email cause-APPEND in-INBOX unchanged metadata server".split(),
        key=str.lower,
    )


@pytest.mark.parametrize("how", ["copy", "move"])
def test_copies_and_moves(house: House, how: str) -> None:
    house.script('if environment "imap.cause" "COPY" { addflag "\\\\Flagged"; }', "Archive")
    uid = house.append(words=["own"])
    ids = house.raw.mailbox("INBOX").id, NumberSet.of((uid,)), house.raw.mailbox("Archive").id
    _ = house.mail.copy(*ids) if how == "copy" else house.mail.move(*ids)
    assert house.state_of("Archive") == [(Flag.FLAGGED, "own")]
    assert house.state_of() == ([(0, "own")] if how == "copy" else [])


def test_flags(house: House) -> None:
    """RFC 6785 §3: what is set by a script is changed on the message, and no event any more."""
    house.script(
        'if allof (hasflag "\\\\Flagged", environment :contains "imap.changedflags" "\\\\Flagged")'
        ' { addflag "$Work"; removeflag "old"; } else { addflag "other"; }'
    )
    uid = house.append(words=["old"])
    assert house.state_of() == [(0, "old other")]
    box = house.raw.mailbox("INBOX").id
    house.mail.flag(box, NumberSet.of((uid,)), FlagAction.ADD, Flag.FLAGGED)
    assert house.state_of() == [(Flag.FLAGGED, "$Work other")]
    house.mail.flag(box, NumberSet.of((uid,)), FlagAction.ADD, Flag.FLAGGED)
    assert house.state_of() == [(Flag.FLAGGED, "$Work other")]


def test_the_mailbox_counts_more_than_the_account(house: House) -> None:
    house.script('addflag "box";', "Archive", "box")
    house.script('addflag "account";', None, "account")
    house.append("Archive")
    house.append()
    assert house.state_of("Archive") == [(0, "box")]
    assert house.state_of() == [(0, "account")]
    house.raw.annotate("Archive", {IMAP_SCRIPT: b""})
    house.append("Archive")
    assert house.state_of("Archive") == [(0, "box"), (0, "")]


@pytest.mark.parametrize(
    ("source", "left", "filed"),
    [
        ("discard;", Flag.DELETED, 0),
        ('fileinto "Archive";', Flag.DELETED, 1),
        ('fileinto :copy "Archive";', 0, 1),
        ('fileinto "Archive"; keep;', 0, 1),
        ('fileinto "inbox";', 0, 0),
        ('fileinto "Nowhere";', 0, 0),
        ('fileinto :create "Archive/New";', Flag.DELETED, 0),
        ('addflag "\\\\Deleted";', Flag.DELETED, 0),
        ('addheader "X-Test" "no"; keep;', 0, 0),
        ('error', 0, 0),
    ],
)  # fmt: skip
def test_what_becomes_of_it(house: House, source: str, left: int, filed: int) -> None:
    house.script(source)
    house.append()
    assert house.state_of()[0] == (left, "")
    assert house.raw.mailbox("Archive").messages == filed
    assert house.rows("INBOX", Column.RAW)[0] == (MAIL,)
    if filed:
        assert house.rows("Archive", Column.RAW, Column.INTERNAL_DATE) == [(MAIL, 1_600_000_000)]


@pytest.mark.parametrize("source", ['reject "No.";', 'ereject "No.";', 'vacation "Away.";'])
def test_what_has_no_sense_is_an_error_that_is_told_once(house: House, source: str) -> None:
    house.script(f'\naddflag "no"; {source}')
    house.append("INBOX")
    house.append("INBOX")
    assert house.state_of() == [(0, ""), (0, ""), (0, "")]
    told = bytes(house.rows("INBOX", Column.RAW)[2][0])  # type: ignore[call-overload]
    assert b"has no sense" in told
    assert b"line 3" in told
    assert house.queued() == []


def test_a_script_does_not_run_on_what_scripts_do(house: House) -> None:
    house.script('fileinto :copy "Archive"; addflag "inbox";', "INBOX", "one")
    house.script('fileinto :copy "INBOX"; addflag "archive";', "Archive", "two")
    house.append()
    assert house.state_of() == [(0, "inbox")]
    assert house.state_of("Archive") == [(0, "")]


def test_sent_on_in_its_owners_name_and_not_without_limit(house: House) -> None:
    house.script(f'redirect "{FAR}";')
    for _ in range(4):
        house.append()
    assert [flags for flags, _ in house.state_of()] == [Flag.DELETED] * 3 + [0]
    queued = house.queued()
    assert len(queued) == 3
    assert queued[0].message.envelope.sender == ANNA
    assert queued[0].message.origin.kind is OriginKind.REDIRECTED
    assert [one.address for one in queued[0].recipients] == [FAR]
    assert all(b"Return-Path" not in raw for raw in house.queued_raw())
    assert "Nothing is sent because of it: 3 recipients in an hour are the limit" in house.said()


def test_where_it_cannot_be_queued_nothing_is_done(house: House) -> None:
    house.script(f'redirect "{FAR}";')
    house.queue_error = Unavailable("The queue is full.", code="busy")
    house.append()
    assert house.state_of() == [(0, "")]
    assert house.said() == ["Your script was not done: The queue is full."]


@pytest.mark.parametrize(
    "raw",
    [
        b"X-Alphorn-Confidential: gateway=hin\r\n" + MAIL,
        MAIL.replace(b"carl@other.test>\r\nTo", b"bert@example.test>\r\nTo"),
    ],
)
def test_what_is_confidential_leaves_by_no_script(house: House, tmp_path: Path, raw: bytes) -> None:
    """Anybody can append what looks as if it had come over a gateway."""
    add_gateway(house.installation.control, tmp_path / "gateways")
    make_confidential(house.installation.control, BERT)
    house.script(f'redirect "{FAR}"; notify "mailto:{FAR}";')
    house.append(raw=raw)
    assert house.state_of() == [(0, "")]
    assert house.queued() == []
    assert house.said() == ["Nothing is sent because of it: it is confidential"]


def test_notified(house: House) -> None:
    house.script(f'notify :message "Look" "mailto:{FAR}";')
    house.append()
    assert house.state_of() == [(0, "")]
    (queued,) = house.queued()
    assert queued.message.envelope.sender == ""


def test_a_duplicate_is_remembered(house: House) -> None:
    house.script('if duplicate { addflag "again"; }')
    house.append()
    assert house.watch.settle(30)
    house.append()
    assert house.state_of() == [(0, ""), (0, "again")]


# -- what waits ------------------------------------------------------------------------------------


class Slow:
    """Begins a run and does not end it before it may."""

    def __init__(self) -> None:
        self.runs: list[tuple[int, list[Event]]] = []
        self.begun, self.may_end = threading.Event(), threading.Event()

    def __call__(self, account_id: int, events: Sequence[Event]) -> None:
        self.runs.append((account_id, list(events)))
        self.begun.set()
        assert self.may_end.wait(30)


def test_accounts_are_asked_once_for_what_came_together_and_what_waits_is_bounded() -> None:
    slow = Slow()
    events = ImapEvents(slow)
    events.appended(1, "INBOX", [1])
    assert slow.begun.wait(30)
    for number in range(MAX_WAITING + 5):
        events.appended(1 + number % 2, "INBOX", [number + 2])
    events.flagged(1, 1, NumberSet(), FlagAction.ADD, 1, ())
    slow.may_end.set()
    assert events.settle(30)
    events.close()
    events.appended(1, "INBOX", [1])
    assert [account for account, _ in slow.runs] == [1, 1, 2]
    assert sum(len(found) for _, found in slow.runs) == 1 + MAX_WAITING
    assert slow.runs[0][1] == [Event(1, Cause.APPEND, "INBOX", NumberSet.of((1,)))]


def test_a_script_of_one_that_fails_is_no_harm_to_another(house: House) -> None:
    seen: list[int] = []

    def run(account_id: int, events: Sequence[Event]) -> None:
        if account_id == 1:
            raise ZeroDivisionError
        seen.append(account_id)

    events = ImapEvents(run)
    events.appended(1, "INBOX", [1])
    events.appended(2, "INBOX", [1])
    assert events.settle(30)
    events.close()
    assert seen == [2]


class Counting:
    """Counts what is asked of an account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> object:
        self.asked.append(name)
        return getattr(self._account, name)


def test_an_account_without_annotations_is_asked_one_thing_for_many_acts(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting(house.raw)
    monkeypatch.setattr(house.store, "account", lambda account_id: counting)
    one = Event(house.anna.id, Cause.APPEND, "INBOX", NumberSet.of((1,)))
    house.scripts.run(house.anna.id, [one] * 500)
    assert counting.asked == ["annotated"]
