"""An owner's rules on what is delivered to him, with everything real behind them."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from bench.sieve import MESSAGE, RULES

from alphorn.base.errors import NotFound, Unavailable
from alphorn.base.fields import FieldError
from alphorn.base.flags import Flag
from alphorn.base.numbers import NumberSet
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Origin, OriginKind
from alphorn.message.outcome import Fate
from alphorn.operations import accounts, addresses, redirects, temporary
from alphorn.operations.compiled_rules import CompiledRules, filter_names
from alphorn.operations.deliver import Reception
from alphorn.operations.filter_plan import Incoming
from alphorn.operations.filtering import Filtering
from alphorn.operations.placement import INTO_INBOX, PROMOTIONS, SPAM, Placement
from alphorn.operations.planning import REFUSED, refusal_text
from alphorn.queue.listing import Listed
from alphorn.sieve.filters import write
from alphorn.sieve.filters.model import (
    Condition,
    Delete,
    Field,
    Filter,
    How,
    MarkRead,
    Match,
    Move,
    Stop,
)
from alphorn.store.api import Account, Column, SpecialUse
from tests.support.cost import cost, promised
from tests.support.mailhouse import ANNA, BERT, HOSTNAME, MailHouse

MAIL = (
    b"DKIM-Signature: v=1; d=other.test; b=AAAA\r\nFrom: Carl <carl@other.test>\r\n"
    b"To: anna@example.test\r\nMessage-ID: <1@other.test>\r\nSubject: Your invoice\r\n\r\nHello\r\n"
)
FAR = "zoe@far.test"
SPAM_FIELD = b'X-Alphorn-Spam: score=7.0; threshold=5.0; verdict=spam; sender-x=1.0 "it shouts"\r\n'
JUNK = Placement(SPAM, SPAM_FIELD, "it shouts.", facts={"score": 7.0, "threshold": 5.0})
SECONDS = 0.0002
"""What an ordinary set of rules may cost a message."""
ALL = (
    'require ["fileinto", "mailbox", "imap4flags", "copy", "reject", "editheader", "envelope",'
    ' "subaddress", "environment", "variables", "special-use", "duplicate", "spamtestplus",'
    ' "relational", "comparator-i;ascii-numeric", "extlists", "include", "vacation", "enotify",'
    ' "fcc", "date", "virustest", "spamtest"];\n'
)


class House(MailHouse):
    """One in which Anna makes rules."""

    @property
    def mail(self) -> Account:
        return self.store.account(self.anna.id)

    def script(self, source: str, name: str = "main", *, require: bool = True) -> None:
        self.mail.put_script(name, ALL + source if require else source)
        self.mail.activate_script(name)

    def filters(self, *filters: Filter) -> None:
        self.mail.put_document("filters", write(filters))

    def accept(
        self,
        *recipients: str,
        raw: bytes = MAIL,
        sender: str = "carl@other.test",
        placement: Placement = INTO_INBOX,
    ) -> Reception:
        wanted = recipients or (ANNA,)
        routes = self.routes(*wanted)
        envelope = self.envelope(*wanted, sender=sender)
        return self.delivery.accept(raw, envelope, routes, "T", [placement] * len(routes))

    def retry(self, index: int = -1) -> Fate:
        """What becomes of the last message in the queue when its time comes."""
        queued = self.queued()[index]
        raw = self.content(queued)
        recipient = EnvelopeRecipient(queued.recipients[0].address)
        envelope = replace(queued.message.envelope, recipients=(recipient,))
        return self.delivery.retry(raw, envelope, recipient, queued.message.origin).fate

    def content(self, queued: Listed) -> bytes:
        found = self.queue.content(queued.message.id)
        assert found is not None
        return found

    def counts(self) -> dict[str, int]:
        """Mailboxes with mail in them."""
        return {box.name: box.messages for box in self.mail.mailboxes() if box.messages}

    def rows(self, name: str, *columns: Column) -> list[tuple[object, ...]]:
        box = self.mail.mailbox(name)
        uids = NumberSet.of(self.mail.snapshot(box.id).uids)
        return list(self.mail.fetch(box.id, uids, columns))

    def raws(self, name: str) -> list[bytes]:
        return [bytes(raw) for (raw,) in self.rows(name, Column.RAW)]  # type: ignore[call-overload]

    def said(self) -> list[str]:
        found = self.told("deliver")
        self.events.clear()
        return found


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


def test_rules_are_obeyed_from_the_next_message_on(house: House) -> None:
    house.accept()
    house.script('fileinto :create "Work";')
    house.accept()
    house.mail.activate_script("")
    house.accept()
    house.accept()
    house.mail.activate_script("main")
    house.accept()
    assert house.counts() == {"INBOX": 3, "Work": 2}


def invoices(*actions: object, name: str = "Invoices") -> Filter:
    about = Condition(Field.SUBJECT, How.CONTAINS, ("invoice",))
    return Filter(name, Match.ALL, (about,), actions)  # type: ignore[arg-type]


# -- keeping ---------------------------------------------------------------------------------------


def test_filed_with_flags_and_keywords(house: House) -> None:
    house.script('addflag ["\\\\Seen", "$Work"]; fileinto :create "Work/Bills";')
    assert house.accept().accepted
    assert house.counts() == {"Work/Bills": 1}
    assert house.rows("Work/Bills", Column.FLAGS, Column.KEYWORDS) == [(Flag.SEEN, "$Work")]
    assert house.said() == ["filed: Filed in Work/Bills by line 2 of your script “main”"]


def test_a_rule_that_says_nothing_leaves_all_as_it_is(house: House) -> None:
    house.script("if false { discard; }")
    house.accept()
    assert house.raws("INBOX") == [
        b"Return-Path: <carl@other.test>\r\nDelivered-To: anna@example.test\r\n" + MAIL
    ]
    assert house.said() == ["delivered: Delivered to INBOX"]


def test_rules_of_one_are_not_those_of_another(house: House) -> None:
    house.script("discard;")
    house.accept(ANNA, BERT)
    assert house.counts() == {}
    assert len(house.inbox(house.bert)) == 1


def test_filters_come_before_the_script_and_can_end_both(house: House) -> None:
    house.filters(invoices(MarkRead()))
    house.script('fileinto :create "Work";')
    house.accept()
    assert house.rows("Work", Column.FLAGS) == [(Flag.SEEN,)]
    house.filters(invoices(Move("Bills"), Stop()))
    house.events.clear()
    house.accept()
    assert house.counts() == {"Bills": 1, "Work": 1}
    assert house.said() == ["filed: Filed in Bills by your filter “Invoices”"]


def test_what_filters_move_a_script_may_copy(house: House) -> None:
    house.filters(invoices(Move("Bills")))
    house.script('fileinto :copy "Archive"; keep;')
    house.accept()
    assert house.counts() == {"INBOX": 1, "Archive": 1, "Bills": 1}
    assert house.said() == [
        "filed: Filed in Bills by your filter “Invoices”",
        "filed: Filed in Archive by line 2 of your script “main”",
        "delivered: Kept in INBOX by line 2 of your script “main”",
    ]


def test_names_of_filters_by_line() -> None:
    many = [invoices(Move(f"Box {n}"), name=f"Filter\n{n}") for n in range(5)]
    text = write(many)
    names = filter_names(text)
    for number, line in enumerate(text.splitlines(), 1):
        if "fileinto" in line and "require" not in line:
            found = names.of(number)
            assert found.startswith("Filter\n")
            assert f'"Box {found[-1]}"' in line
    assert names.of(1) == ""
    assert names.of(10_000) == ""


@pytest.mark.parametrize("name", ["inbox", "INBOX", "InBox"])
def test_the_inbox_in_any_case(house: House, name: str) -> None:
    house.script(f'fileinto "{name}"; keep;')
    house.accept()
    assert house.counts() == {"INBOX": 1}


def test_a_folder_that_is_missing_is_told_of_once_and_nothing_is_lost(house: House) -> None:
    house.script('\nfileinto "Gone";')
    house.accept()
    house.accept()
    subjects = [subject for (subject,) in house.rows("INBOX", Column.SUBJECT)]
    assert subjects == [
        "Your invoice",
        "A folder that one of your rules names is missing",
        "Your invoice",
    ]
    assert (
        "info: There is no mailbox Gone to file it in, as it is asked by line 3 of your script "
        "“main”" in house.said()
    )
    assert b"=E2=80=9CGone=E2=80=9D" in house.raws("INBOX")[1]


@pytest.mark.parametrize("name", ["/Quarantine", "a//b", "x" * 300, "/".join("a" * 40)])
def test_a_name_that_no_mailbox_can_have(house: House, name: str) -> None:
    """Hidden mailboxes cannot be named either."""
    house.mail.quarantine()
    house.script(f'fileinto :create "{name}";')
    assert house.accept().accepted
    assert house.counts() == {"INBOX": 1}
    assert any("Not stored as asked" in said for said in house.said())
    house.script(f'fileinto "{name}";')
    assert house.accept().accepted
    assert house.counts()["INBOX"] == 3  # and a notice
    assert house.mail.quarantine().messages == 0


def test_by_special_use(house: House) -> None:
    house.mail.rename("Archive", "Ablage")
    house.script('fileinto :specialuse "\\\\Archive" "Archive";')
    house.accept()
    assert house.counts() == {"Ablage": 1}
    house.script('fileinto :create :specialuse "\\\\Important" "Wichtig";')
    house.accept()
    made = house.mail.special(SpecialUse.IMPORTANT)
    assert made is not None
    assert (made.name, made.messages) == ("Wichtig", 1)


def test_an_edited_message_is_summarized_anew_and_the_redirected_one_is_as_it_was(
    house: House,
) -> None:
    house.script(
        f'redirect :copy "{FAR}"; addheader "X-Seen" "yes"; deleteheader "Subject";'
        'addheader "Subject" "Grüße"; fileinto :create "Edited"; redirect "yan@far.test";'
    )
    house.accept()
    (edited,) = house.raws("Edited")
    assert edited.startswith(b"Subject: =?UTF-8?")
    assert b"\r\nReturn-Path: <carl@other.test>\r\n" in edited
    assert house.rows("Edited", Column.SUBJECT, Column.SIZE) == [("Grüße", len(edited))]
    plain, changed = sorted(house.queued_raw(), key=len)
    assert plain == b"Delivered-To: anna@example.test\r\n" + MAIL
    assert b"X-Seen: yes\r\n" in changed
    assert b"Return-Path" not in changed
    assert "info: Your rules added the header field X-Seen" in house.said()


def test_discarded(house: House) -> None:
    house.filters(invoices(Delete(for_good=True)))
    assert house.accept().accepted
    assert house.counts() == {}
    assert house.said() == ["info: Discarded by your filter “Invoices”"]


def test_a_full_account_gets_one_copy_where_two_do_not_fit(house: House) -> None:
    accounts.set_quota(house.installation.control, ANNA, 400)
    house.script('fileinto "Archive"; keep;')
    assert house.accept().accepted
    assert house.counts() == {"Archive": 1}
    assert any("Stored in one place only" in said for said in house.said())
    assert house.accept().status == "4.2.2"
    house.script(f'redirect "{FAR}";')
    assert house.accept().accepted


# -- spam, lists and categories --------------------------------------------------------------------


def test_where_nothing_is_said_the_examination_decides_with_the_flags_of_the_rules(
    house: House,
) -> None:
    house.script('addflag "$x";')
    for placement, use in (
        (JUNK, SpecialUse.JUNK),
        (Placement(PROMOTIONS), SpecialUse.PROMOTIONS),
    ):
        house.accept(placement=placement)
        box = house.mail.special(use)
        assert box is not None
        assert house.rows(box.name, Column.KEYWORDS) == [("$x",)]


@pytest.mark.parametrize(("act", "name"), [("keep;", "INBOX"), ('fileinto "Archive";', "Archive")])
def test_what_is_said_wins_over_the_score(house: House, act: str, name: str) -> None:
    house.script(act)
    house.accept(placement=JUNK)
    assert house.counts() == {name: 1}


def test_who_is_on_a_list_never_reaches_the_rules(house: House) -> None:
    house.script("keep;")
    house.accept(placement=replace(JUNK, listed=True))
    assert house.counts() == {"Junk": 1}


def test_a_list_decides_still_when_the_message_waited(house: House) -> None:
    house.script("keep;")
    listed = SPAM_FIELD.replace(b"sender-x=", b"sender-blocked=")
    origin = Origin(OriginKind.RECEIVED, "T")
    for field in (listed, SPAM_FIELD):
        house.delivery.retry(field + MAIL, house.envelope(ANNA), EnvelopeRecipient(ANNA), origin)
    assert house.counts() == {"INBOX": 1, "Junk": 1}


def test_spam_is_neither_sent_on_nor_answered_nor_told_of(house: House) -> None:
    house.script(f'redirect "{FAR}"; vacation "Away."; notify "mailto:{FAR}";')
    house.accept(placement=JUNK)
    assert house.queued() == []
    assert house.counts() == {"Junk": 1}
    said = house.said()
    line = "by line 2 of your script “main”"
    assert f"info: Not sent on to {FAR} {line}: it is taken for spam" in said
    assert f"info: Not notified {line}: the message is taken for spam" in said
    assert "info: No automatic answer: the message is spam." in said


def test_what_is_filed_as_spam_by_a_rule_is_not_answered(house: House) -> None:
    house.script('fileinto "Junk"; vacation "Away.";')
    house.accept()
    assert house.queued() == []
    assert "info: No automatic answer: the message is spam." in house.said()


def test_spam_that_was_accepted_is_not_reported_to_whoever_is_forged_in_it(house: House) -> None:
    house.script('reject "No.";')
    assert house.accept(placement=JUNK).status == "5.7.1"
    assert house.accept(ANNA, BERT, placement=JUNK).accepted
    assert house.retry() is Fate.DELIVERED
    assert house.counts() == {"Junk": 1}


# -- refusing --------------------------------------------------------------------------------------


def test_refused_to_the_senders_face_where_nobody_else_gets_it(house: House) -> None:
    house.script('\nreject "Please write to my office.";')
    reception = house.accept()
    assert (reception.accepted, reception.status) == (False, "5.7.1")
    assert reception.text == "Please write to my office."
    assert house.said() == [
        "info: Refused by line 3 of your script “main”",
        "refused: Please write to my office.",
    ]


def test_refused_by_a_report_where_others_have_it(house: House) -> None:
    house.script('reject "Please write to my office.";')
    assert house.accept(ANNA, BERT).accepted
    assert "queued: Its sender will be told: Please write to my office." in house.said()
    assert [one.address for one in house.queued()[0].recipients] == [ANNA]
    assert house.retry() is Fate.FAILED
    assert house.counts() == {}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("Nein,\r\n  danke.", "Nein, danke."),
        ("Ungültig – “so” geht’s nicht, mañana", 'Ungueltig - "so" geht\'s nicht, manana'),
        ("很抱歉", REFUSED),
        ("\x00\r\n\x07", REFUSED),
        ("x" * 5000, "x" * 400),
        ("250 OK\r\n221 Bye", "250 OK 221 Bye"),
    ],
)
def test_what_can_be_said_of_a_refusal(given: str, told: str) -> None:
    assert refusal_text(given) == told


# -- sending on ------------------------------------------------------------------------------------


def test_redirected_in_our_name(house: House) -> None:
    house.script(f'redirect "{FAR}";')
    assert house.accept().accepted
    (queued,) = house.queued()
    assert queued.message.envelope.sender.startswith("SRS0=")
    assert queued.message.origin.kind is OriginKind.REDIRECTED
    assert house.queued_raw() == [b"Delivered-To: anna@example.test\r\n" + MAIL]
    assert house.counts() == {}
    assert house.said() == [
        f"queued: Redirected to {FAR} as {queued.message.envelope.sender} by line 2 of your script "
        "“main”"
    ]


def test_several_targets_are_one_message(house: House) -> None:
    house.script(f'redirect "{FAR}"; redirect "yan@far.test";')
    house.accept()
    (queued,) = house.queued()
    assert [one.address for one in queued.recipients] == [FAR, "yan@far.test"]


@pytest.mark.parametrize(
    ("target", "sender", "why"),
    [
        ("carl@other.test", "carl@other.test", "who is its sender"),
        ("an.na@gmail.com", "anna+x@googlemail.com", "who is its sender"),
        (ANNA, "carl@other.test", "it is this very mailbox"),
        ("Info+x@example.test", "carl@other.test", "it is this very mailbox"),
    ],
)
def test_what_is_not_sent_on_is_kept(house: House, target: str, sender: str, why: str) -> None:
    addresses.add_alias(house.installation.control, "info@example.test", ANNA)
    house.script(f'redirect "{target}";')
    house.accept(sender=sender)
    assert house.queued() == []
    assert house.counts() == {"INBOX": 1}
    assert f"info: Not sent on to {target} by line 2 of your script “main”: {why}" in house.said()


def test_nothing_goes_to_a_target_that_kept_refusing(house: House) -> None:
    house.installation.sql(
        "INSERT INTO directory_pausedtarget (domain_id, target, since, reason)"
        " SELECT id, ?, 1, '550 5.1.1 no' FROM directory_domain WHERE name = 'example.test'",
        FAR,
    )
    house.installation.sql("UPDATE directory_directoryversion SET version = version + 1")
    house.script(f'redirect "{FAR}";')
    house.accept()
    assert house.queued() == []
    assert house.counts() == {"INBOX": 2}
    house.accept()
    assert house.counts() == {"INBOX": 3}
    (told,) = [raw for raw in house.raws("INBOX") if b"auto-generated" in raw]
    assert b"550 5.1.1 no" in told
    assert b"main" in told
    resumed = redirects.resume_redirect(house.installation.control, ANNA, [FAR])
    assert resumed.paused == ()
    house.accept()
    assert len(house.queued()) == 1
    with pytest.raises(NotFound):
        redirects.resume_redirect(house.installation.control, ANNA, [FAR])


def test_whole_lists_get_nothing(house: House) -> None:
    house.script('redirect :list ":addrbook:default";')
    house.accept()
    assert house.queued() == []
    assert house.counts() == {"INBOX": 1}


def test_two_who_send_to_each_other_come_to_an_end(house: House) -> None:
    house.script(f'redirect "{BERT}";')
    bert = house.store.account(house.bert.id)
    bert.put_script("main", f'redirect "{ANNA}";')
    bert.activate_script("main")
    house.accept()
    fates = []
    for _ in range(4):
        fates.append(house.retry())
        if fates[-1] is Fate.FAILED:
            break
    assert fates[-1] is Fate.FAILED
    assert len(house.queued()) == 2


# -- errors ----------------------------------------------------------------------------------------


def test_of_an_error_its_owner_is_told_once_for_each_change_of_his_rules(house: House) -> None:
    house.installation.sql("UPDATE directory_account SET language = 'de'")
    house.installation.sql("UPDATE directory_directoryversion SET version = version + 1")
    for version in ("1", "2"):
        house.script(f'\nif true {{\n  fileinto "${{{version}}}";\n}}\n')
        for _ in range(3):
            house.accept()
    subjects = [subject for (subject,) in house.rows("INBOX", Column.SUBJECT)]
    assert subjects.count("Eine Ihrer Regeln funktioniert nicht") == 2
    assert subjects.count("Your invoice") == 6
    (told, *_) = [raw for raw in house.raws("INBOX") if b"auto-generated" in raw]
    assert b"Skript =C2=ABmain=C2=BB, Zeile 4" in told
    assert any(
        said.startswith("info: An error in line 4 of your script “main”: invalid folder name")
        for said in house.said()
    )


def test_what_filters_decided_stands_when_the_script_fails(house: House) -> None:
    house.filters(invoices(Move("Bills")))
    house.script('redirect "${1}nobody";')
    house.accept()
    assert house.counts() == {"Bills": 1, "INBOX": 1}  # the notice
    house.filters(invoices(Delete(for_good=True)))
    house.accept()
    assert house.counts() == {"Bills": 1, "INBOX": 3}


def test_rules_that_no_longer_compile_keep_the_message(house: House) -> None:
    house.script("nonsense;", require=False)
    house.filters(invoices(MarkRead()))
    house.accept()
    assert house.rows("INBOX", Column.FLAGS)[0] == (Flag.SEEN,)
    assert len(house.raws("INBOX")) == 2


# -- what rules can ask ----------------------------------------------------------------------------


def holds(house: House, test: str, *recipients: str, **given: object) -> bool:
    house.script(f'if {test} {{ fileinto "Archive"; }} else {{ fileinto "Drafts"; }}')
    before = house.counts()
    assert house.accept(*recipients, **given).accepted  # type: ignore[arg-type]
    after = house.counts()
    return after.get("Archive", 0) > before.get("Archive", 0)


def test_the_envelope(house: House) -> None:
    assert holds(house, 'envelope "to" "anna+shop@example.test"', "anna+shop@example.test")
    assert holds(house, 'envelope :detail "to" "shop"', "anna+shop@example.test")
    assert holds(house, 'envelope "from" "carl@other.test"')
    assert holds(house, 'envelope "from" ""', sender="")
    assert not holds(house, 'envelope "auth" "carl"')


def test_the_original_recipient(house: House) -> None:
    house.script('if envelope "orig_to" "team+x@elsewhere.test" { discard; }')
    asked = EnvelopeRecipient(ANNA, original="rfc822;team+2Bx@elsewhere.test")
    house.delivery.accept(MAIL, Envelope("carl@other.test", (asked,)), house.routes(ANNA), "T")
    assert house.counts() == {}


def test_items(house: House) -> None:
    received = (
        b"Received: from mail.other.test (mail.other.test [IPv6:2001:db8::1])\r\n"
        b"\tby mx.example.test (Alphorn) with ESMTP\r\n\tid X;\r\n\tThu, 1 Jan 2026 0:0:0 +0000\r\n"
    )
    for item, value in (
        ("domain", "example.test"),
        ("host", HOSTNAME),
        ("name", "Alphorn"),
        ("location", "MDA"),
        ("phase", "during"),
        ("remote-ip", "2001:db8::1"),
        ("remote-host", "mail.other.test"),
        ("vnd.alphorn.address-kind", "own"),
        ("vnd.alphorn.temporary", "0"),
        ("vnd.alphorn.account", ANNA),
    ):
        assert holds(house, f'environment "{item}" "{value}"', raw=received + MAIL), item
    assert not holds(house, 'environment :contains "remote-ip" ""')
    assert not holds(house, 'environment :contains "vnd.alphorn.nothing" ""')


def test_temporary_addresses_by_their_label(house: House) -> None:
    made = temporary.make_temporary(house.installation.control, ANNA, label="Shoes & Co")
    test = (
        'allof (environment "vnd.alphorn.temporary" "1",'
        ' environment "vnd.alphorn.label" "Shoes & Co")'
    )
    assert holds(house, test, made.address)
    assert not holds(house, test)


def test_mailboxes(house: House) -> None:
    assert holds(house, 'mailboxexists ["Archive", "inbox"]')
    assert not holds(house, 'mailboxexists ["Archive", "Nope"]')
    assert holds(house, 'specialuse_exists "\\\\Junk"')
    assert holds(house, 'specialuse_exists "Junk" "\\\\Junk"')
    assert not holds(house, 'specialuse_exists "Trash" "\\\\Junk"')
    assert not holds(house, 'specialuse_exists "\\\\Quarantine"')


def test_lists(house: House) -> None:
    from alphorn.base.senders import SenderAction
    from alphorn.operations import lists
    from alphorn.store.api import Book

    def known(book: str) -> bool:
        return holds(house, f'address :list "from" ":addrbook:{book}"')

    assert not known("default")
    house.mail.note(Book.CORRESPONDENT, ["carl@other.test"])
    assert known("default")
    assert holds(house, 'address :list "from" "urn:ietf:params:sieve:addrbook:DEFAULT"')
    control = house.installation.control
    assert not known("allowed")
    lists.set_senders(control, ["other.test"], SenderAction.ALLOW, account=ANNA)
    assert known("allowed")
    assert not known("blocked")
    lists.set_senders(control, ["other.test"], SenderAction.SPAM, account=ANNA)
    assert known("blocked")
    assert not known("allowed")
    assert holds(house, 'valid_ext_list ":addrbook:default"')
    assert not holds(house, 'valid_ext_list ":addrbook:friends"')


@pytest.mark.parametrize(
    ("placement", "percent"),
    [
        (INTO_INBOX, 0),
        (Placement(facts={"score": -3.0, "threshold": 5.0}), 0),
        (Placement(facts={"score": 2.5, "threshold": 5.0}), 25),
        (JUNK, 70),
        (Placement(SPAM, facts={"score": 1.0, "threshold": 5.0}), 50),
        (Placement(SPAM, facts={"score": 40.0, "threshold": 5.0}), 100),
    ],
)
def test_how_certainly_it_is_spam(house: House, placement: Placement, percent: int) -> None:
    assert holds(
        house,
        f'spamtest :percent :value "eq" :comparator "i;ascii-numeric" "{percent}"',
        placement=placement,
    )


def test_viruses(house: House) -> None:
    assert holds(house, 'virustest :is "0"')
    assert holds(house, 'virustest :is "1"', placement=Placement(clean=True))


def test_duplicates(house: House) -> None:
    house.script("if duplicate { discard; }")
    house.accept()
    house.accept()
    assert house.counts() == {"INBOX": 1}
    house.clock.now += 8 * 86400
    house.accept()
    assert house.counts() == {"INBOX": 2}


def test_included_scripts(house: House) -> None:
    house.mail.put_script("Größe", ALL + 'fileinto "Archive"; stop;')
    house.script('include "Gro\u0308\u00dfe"; discard;')
    house.accept()
    assert house.counts() == {"Archive": 1}
    assert house.said() == ["filed: Filed in Archive by line 2 of your script “Größe”"]
    house.mail.put_script("Größe", ALL + "discard; stop;")
    house.accept()
    assert house.counts() == {"Archive": 1}


def test_the_time_zone_is_the_owners(house: House) -> None:
    house.delivery._acting._filtering = Filtering(house.view, zone=lambda account, now: 90)
    assert holds(house, 'currentdate "zone" "+0130"')


def test_an_owner_says_which_time_zone_is_his(house: House) -> None:
    control = house.installation.control
    assert accounts.set_zone(control, ANNA, "Asia/Kolkata").zone == "Asia/Kolkata"
    assert holds(house, 'currentdate "zone" "+0530"')
    with pytest.raises(FieldError, match="no time zone"):
        accounts.set_zone(control, ANNA, "Mars/Olympus")
    assert accounts.set_zone(control, ANNA, "").zone == ""


# -- what is sent because of a message -------------------------------------------------------------


def test_an_answer_and_its_copy(house: House) -> None:
    house.script('vacation :fcc "Sent" :flags "\\\\Seen" "Away until Monday.";')
    house.accept()
    (queued,) = house.queued()
    assert queued.message.envelope.sender == ""
    assert [one.address for one in queued.recipients] == ["carl@other.test"]
    assert queued.message.origin.kind is OriginKind.REPLIED
    assert house.counts() == {"INBOX": 1, "Sent": 1}
    assert house.rows("Sent", Column.FLAGS) == [(Flag.SEEN,)]
    assert (
        "queued: Answered automatically to carl@other.test by line 2 of your script “main”"
        in house.said()
    )
    house.accept()
    assert len(house.queued()) == 1
    assert any("got one not long ago" in said for said in house.said())


def test_an_answer_that_cannot_be_queued_undoes_nothing(house: House) -> None:
    house.script('vacation "Away.";')
    house.queue_error = Unavailable("The disk is full.", code="disk-full")
    assert house.accept().accepted
    assert house.counts() == {"INBOX": 1}


def test_a_copy_for_a_mailbox_that_is_missing_is_left_out(house: House) -> None:
    house.script('vacation :fcc "Nowhere" "Away.";')
    house.accept()
    assert len(house.queued()) == 1
    assert house.counts() == {"INBOX": 1}
    house.script('vacation :fcc "Nowhere" :create :handle "x" "Away.";')
    house.clock.now += 100
    house.accept()
    assert house.counts() == {"INBOX": 2, "Nowhere": 1}


def test_notified(house: House) -> None:
    house.script(
        'notify :importance "1" :message "Mail!" :fcc "Sent" "mailto:a@far.test?cc=b@far.test";'
        'notify "mailto:A@far.test";'
    )
    house.accept()
    (queued,) = house.queued()
    assert queued.message.envelope.sender == ""
    assert [one.address for one in queued.recipients] == ["a@far.test", "b@far.test"]
    (raw,) = house.queued_raw()
    assert b'\r\nAuto-Submitted: auto-notified; owner-email="anna@example.test"\r\n' in raw
    assert b"\r\nSubject: Mail!\r\n" in raw
    assert house.counts() == {"INBOX": 1, "Sent": 1}
    said = house.said()
    line = "by line 2 of your script “main”"
    assert f"queued: Notified a@far.test, b@far.test {line}" in said
    assert f"info: Not notified: they are notified of the message already ({line})" in said


# -- the cache -------------------------------------------------------------------------------------


def test_rules_are_compiled_once_and_forgotten_in_turn(house: House) -> None:
    rules = CompiledRules(accounts=2)
    house.script("keep;")
    version = house.mail.rules_version()
    first = rules.of(house.mail, 1, version)
    assert rules.of(house.mail, 1, version) is first
    rules.of(house.mail, 2, version)
    assert rules.of(house.mail, 1, version) is first
    rules.of(house.mail, 3, version)
    assert rules.of(house.mail, 1, version) is first
    assert 2 not in rules._kept
    house.script("discard;")
    assert rules.of(house.mail, 1, house.mail.rules_version()) is not first


def test_what_is_kept_has_a_bound(house: House) -> None:
    rules = CompiledRules(octets=5000)
    house.script("keep;\n" * 300)
    version = house.mail.rules_version()
    for account_id in range(20):
        rules.of(house.mail, account_id, version)
        assert sum(kept.octets for kept in rules._kept.values()) <= 5000
        assert len(rules._kept) <= 2


@promised
def test_an_ordinary_set_of_rules_costs_little(house: House, slack: int) -> None:
    house.mail.put_script("main", RULES)
    house.mail.activate_script("main")
    filtering = Filtering(house.view)
    (route,) = house.routes(ANNA)
    incoming = Incoming(
        house.anna, route, EnvelopeRecipient(ANNA), "x@other.test", MESSAGE, INTO_INBOX, 1.7e9
    )

    def plan() -> None:
        assert filtering.plan(house.mail, house.mail.rules_version(), incoming).filings

    assert cost(plan, slack * SECONDS, runs=200) < slack * SECONDS


def test_filters_that_are_wrong_are_an_error_like_others(house: House) -> None:
    house.mail.put_document("filters", "# Filter: Broken\nif true { nonsense; }}}\n")
    house.script('fileinto "Archive";')
    assert house.accept().accepted
    assert house.counts() == {"INBOX": 2}
    assert any("An error in your filters: it has mistakes" in said for said in house.said())


def test_many_threads(house: House) -> None:
    house.script('include "more";')
    house.mail.put_script("more", ALL + 'fileinto "Archive";')
    rules = CompiledRules()
    version = house.mail.rules_version()
    wrong: list[object] = []

    def work() -> None:
        for _ in range(50):
            found = rules.of(house.mail, 1, version).script(house.mail, "more")
            if found is None:
                wrong.append(found)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_none_of_it_is_asked_where_there_are_no_rules(house: House) -> None:
    class Never:
        def act(self, case: object) -> Sequence[str]:
            raise AssertionError

    house.delivery._acting = Never()  # type: ignore[assignment]
    assert house.accept().accepted
    house.script("keep;")
    house.mail.activate_script("")
    house.mail.remove_script("main")
    assert house.accept().accepted
    assert house.counts() == {"INBOX": 2}
