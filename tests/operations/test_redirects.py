"""What is sent on: in whose name, to whom not, and how reports of it find back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alphorn.base.errors import Refused, Unavailable
from alphorn.directory.values import AddressKind, Route
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Origin, OriginKind
from alphorn.message.outcome import Fate
from alphorn.message.srs import DAY, MAX_DAYS
from alphorn.operations import addresses, distribution, redirects, temporary
from alphorn.operations.control import Actor
from alphorn.operations.deliver import Reception
from alphorn.operations.onward import onward, same_person, warnings
from alphorn.operations.placement import INTO_INBOX, SPAM, Placement
from alphorn.operations.rights import Forbidden
from alphorn.queue.listing import Listed
from tests.support.mailhouse import ANNA, BERT, MailHouse

MAIL = (
    b"DKIM-Signature: v=1; d=other.test; b=AAAA\r\nFrom: carl@other.test\r\nTo: all\r\n"
    b"Message-ID: <1@other.test>\r\nSubject: Hi\r\n\r\nHello \t \r\n\xe4\xf6\r\n..\r\n"
)
TEAM = "team@example.test"
FAR = "zoe@far.test"
JUNK = Placement(SPAM, b"X-Alphorn-Spam: score=9.0; threshold=5.0; verdict=spam\r\n", "it shouts.")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MailHouse]:
    made = MailHouse(tmp_path)
    yield made
    made.close()


def team(house: MailHouse, *targets: str) -> None:
    addresses.add_redirect(house.installation.control, TEAM, targets or (FAR,))


def accept(
    house: MailHouse,
    *recipients: str,
    raw: bytes = MAIL,
    sender: str = "carl@other.test",
    placement: Placement = INTO_INBOX,
) -> Reception:
    routes = house.routes(*recipients)
    return house.delivery.accept(
        raw, house.envelope(*recipients, sender=sender), routes, "T", [placement] * len(routes)
    )


def only(house: MailHouse) -> Listed:
    (queued,) = house.queued()
    return queued


def sender_of(queued: Listed) -> str:
    return queued.message.envelope.sender


def back(house: MailHouse, address: str) -> Route | None:
    local, _, domain = address.rpartition("@")
    return house.delivery.route(local, domain)


# -- out -------------------------------------------------------------------------------------------


def test_out_of_here_the_sender_is_ours_and_the_message_what_it_was(house: MailHouse) -> None:
    team(house)
    assert accept(house, TEAM).accepted
    sender = sender_of(only(house))
    assert sender.startswith("SRS0=")
    assert sender.endswith("=other.test=carl@example.test")
    assert house.queued_raw() == [b"Delivered-To: team@example.test\r\n" + MAIL]
    assert f"queued: Redirected to {FAR} as {sender}" in house.told("deliver")


@pytest.mark.parametrize("sender", ["", ANNA, "nobody@EXAMPLE.test"])
def test_senders_for_whom_we_may_speak_stay(house: MailHouse, sender: str) -> None:
    team(house)
    accept(house, TEAM, sender=sender)
    assert sender_of(only(house)) == sender


def test_within_the_house_the_sender_stays(house: MailHouse) -> None:
    team(house, ANNA, BERT)
    accept(house, TEAM)
    assert sender_of(only(house)) == "carl@other.test"


def test_a_domain_that_is_switched_off_is_not_ours(house: MailHouse) -> None:
    house.installation.domain("gone.test")
    house.installation.sql("UPDATE directory_domain SET enabled = 0 WHERE name = 'gone.test'")
    house.installation.sql("UPDATE directory_directoryversion SET version = version + 1")
    team(house)
    accept(house, TEAM, sender="x@gone.test")
    assert sender_of(only(house)).startswith("SRS0=")


# -- and back --------------------------------------------------------------------------------------


LONG = "bounces+4711-0815-anna.muster=example.org@em1234.Newsletter.example.com"


@pytest.mark.parametrize("true", ["carl@other.test", LONG, "SRS0=ab=cd=x.test=y@other.test"])
def test_a_report_goes_back_to_the_true_sender(house: MailHouse, true: str) -> None:
    team(house)
    accept(house, TEAM, sender=true)
    sender = sender_of(only(house))
    report = b"From: mailer-daemon@far.test\r\n\r\nIt bounced.\r\n"
    for spelling in (sender, sender.swapcase()):
        reception = accept(house, spelling, raw=report, sender="")
        assert reception.accepted
    queued = house.queued()[-1]
    assert sender_of(queued) == ""
    assert [one.address.lower() for one in queued.recipients] == [true.lower()]
    assert f"Delivered-To: {sender}\r\n".encode() + report in house.queued_raw()
    assert f"queued: Goes back to its true sender {true}" in house.told("deliver")


def test_reports_of_our_own_queue_go_back_too(house: MailHouse) -> None:
    team(house)
    accept(house, TEAM)
    sender = EnvelopeRecipient(sender_of(only(house)))
    envelope = Envelope("", (sender,))
    result = house.delivery.retry(MAIL, envelope, sender, Origin(OriginKind.REPORT, "T"))
    assert result.fate is Fate.DELIVERED
    assert [one.address for one in house.queued()[-1].recipients] == ["carl@other.test"]


def test_forged_and_old_ones_lead_nowhere(house: MailHouse) -> None:
    """Not to a catch-all either."""
    addresses.add_catch_all(house.installation.control, "example.test", ANNA)
    team(house)
    accept(house, TEAM)
    sender = sender_of(only(house))
    house.installation.domain("example.org")
    forged = "SRS0=aaaaaaaa=aa=victim.test=boss@example.test"
    for address in (forged, sender.replace("carl", "karl"), sender.replace(".test", ".org")):
        with pytest.raises(Refused) as caught:
            back(house, address)
        assert caught.value.code == "srs"
    assert back(house, sender.rpartition("@")[0] + "@elsewhere.test") is None
    route = back(house, sender)
    assert route is not None
    assert (route.bounce, route.redirect_to) == (True, ("carl@other.test",))
    house.clock.now += (MAX_DAYS + 1) * DAY
    with pytest.raises(Refused):
        back(house, sender)


def test_it_takes_reports_only(house: MailHouse) -> None:
    team(house)
    accept(house, TEAM)
    sender = sender_of(only(house))
    reception = accept(house, sender, sender="spammer@bad.test")
    assert (reception.accepted, reception.status) == (False, "5.1.1")
    assert len(house.queued()) == 1


def test_a_sender_that_was_lost_is_told_as_one_that_is_too_old(house: MailHouse) -> None:
    team(house)
    accept(house, TEAM, sender=LONG)
    house.redirects.purge(house.clock.now + 30 * DAY)
    with pytest.raises(Refused) as caught:
        back(house, sender_of(only(house)))
    assert caught.value.code == "srs"


# -- two hosters -----------------------------------------------------------------------------------


def test_a_loop_between_two_hosters_ends_with_the_true_sender(tmp_path: Path) -> None:
    """Each sends on to the other; the one who sees it again refuses, and the report finds back."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    ours = MailHouse(tmp_path / "a")
    team(ours)
    theirs = MailHouse(tmp_path / "b")  # from now on operations are on this one's directory
    try:
        theirs.installation.domain("far.test")
        theirs.installation.sql("UPDATE directory_domain SET enabled = 0 WHERE id = 1")
        theirs.installation.sql("UPDATE directory_directoryversion SET version = version + 1")
        addresses.add_redirect(theirs.installation.control, FAR, (TEAM,))
        accept(ours, TEAM)
        there = sender_of(only(ours))
        assert accept(theirs, FAR, raw=ours.queued_raw()[0], sender=there).accepted
        again = sender_of(only(theirs))
        assert again.startswith("SRS1=")
        reception = accept(ours, TEAM, raw=theirs.queued_raw()[0], sender=again)
        assert (reception.accepted, reception.status) == (False, "5.4.6")
        # Their queue reports to `again`, which is theirs, which leads to ours, which leads to Carl.
        accept(theirs, again, raw=b"report", sender="")
        (first,) = theirs.queued()[-1].recipients
        assert first.address == there
        accept(ours, first.address, raw=b"report", sender="")
        (last,) = ours.queued()[-1].recipients
        assert last.address == "carl@other.test"
    finally:
        ours.close()
        theirs.close()


# -- what is not sent on ---------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [True, False])
def test_spam_is_kept_and_not_sent_on(house: MailHouse, keep: bool) -> None:
    redirects.set_redirect(house.installation.control, ANNA, [FAR], keep=keep)
    assert accept(house, ANNA, placement=JUNK).accepted
    assert house.queued() == []
    assert f"info: Not sent on to {FAR}: it is taken for spam" in house.told("deliver")
    assert house.told("deliver")[-1] == "filed: Filed in Spam: it shouts."
    assert accept(house, ANNA).accepted
    assert len(house.queued()) == 1
    assert len(house.inbox(house.anna)) == keep


def test_a_sender_does_not_get_his_own_mail(house: MailHouse) -> None:
    team(house, FAR, "carl@other.test")
    accept(house, TEAM, sender="Carl@Other.test")
    assert [one.address for one in only(house).recipients] == [FAR]
    assert "info: Not sent on to carl@other.test, who is its sender" in house.told("deliver")
    redirects.set_redirect(house.installation.control, ANNA, ["carl@other.test"], keep=False)
    accept(house, ANNA)
    assert len(house.queued()) == 1
    assert len(house.inbox(house.anna)) == 1  # else nobody would have it


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a@x.test", "A@X.test", True),
        ("a@x.test", "b@x.test", False),
        ("a.b+c@gmail.com", "AB@googlemail.com", True),
        ("a.b@x.test", "ab@x.test", False),
        ("", "a@gmail.com", False),
    ],
)
def test_who_is_the_same(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same


def test_whoever_redirects_to_gmail_is_warned(house: MailHouse) -> None:
    control = house.installation.control
    (warning,) = addresses.add_redirect(control, TEAM, ["x@gmail.com", "y@other.test"]).warnings
    assert "x@gmail.com" in warning
    assert len(redirects.set_redirect(control, ANNA, ["x@GoogleMail.com"]).warnings) == 1
    assert redirects.set_redirect(control, ANNA, ["x@other.test"]).warnings == ()
    assert warnings(["x@gmail.com.other.test"]) == ()


def test_a_paused_target_gets_nothing_until_it_is_resumed(house: MailHouse) -> None:
    control = house.installation.control
    team(house)
    redirects.set_redirect(control, ANNA, [FAR, "y@far.test"], keep=False)
    paused = redirects.pause_target(control, "example.test", "Zoe@far.test", "550 No such user")
    assert paused.new
    assert set(paused.addresses) == {ANNA, TEAM}
    assert ANNA in paused.owners
    assert not redirects.pause_target(control, "example.test", FAR, "again").new
    reception = accept(house, TEAM)
    assert (reception.accepted, reception.status) == (False, "5.2.1")
    accept(house, ANNA)
    assert [one.address for one in only(house).recipients] == ["y@far.test"]
    assert addresses.show_address(control, TEAM).paused == (FAR,)
    assert redirects.resume_redirect(control, TEAM).paused == ()
    assert accept(house, TEAM).accepted
    redirects.pause_target(control, "example.test", FAR, "550 No such user")
    assert redirects.set_redirect(control, ANNA, [FAR]).paused == ()


def test_with_every_target_paused_the_account_keeps_the_mail(house: MailHouse) -> None:
    control = house.installation.control
    redirects.set_redirect(control, ANNA, [FAR], keep=False)
    redirects.pause_target(control, "example.test", FAR, "550 No such user")
    assert accept(house, ANNA).accepted
    assert len(house.inbox(house.anna)) == 1


def test_pausing_where_nothing_leads_there_does_nothing(house: MailHouse) -> None:
    paused = redirects.pause_target(house.installation.control, "example.test", FAR, "")
    assert (paused.new, paused.owners, paused.addresses) == (False, (), ())


def test_a_plain_address_is_left_alone() -> None:
    route = Route("a@x.test", AddressKind.OWN, None)
    assert onward(route, "", spam=True).notes == ()
    assert onward(replace(route, keep=False), "", spam=False).keep is False


# -- copies ----------------------------------------------------------------------------------------


def test_with_and_without_a_copy(house: MailHouse) -> None:
    control = house.installation.control
    info = redirects.set_redirect(control, ANNA, [FAR])
    assert (info.kind, info.redirect_to, info.keep) == (AddressKind.OWN, (FAR,), True)
    accept(house, ANNA)
    assert (len(house.inbox(house.anna)), len(house.queued())) == (1, 1)
    redirects.set_redirect(control, ANNA, [FAR], keep=False)
    accept(house, ANNA)
    assert (len(house.inbox(house.anna)), len(house.queued())) == (1, 2)
    info = redirects.set_redirect(control, ANNA, [])
    assert (info.redirect_to, info.keep) == ((), True)
    accept(house, ANNA)
    assert (len(house.inbox(house.anna)), len(house.queued())) == (2, 2)


def test_who_may_redirect(house: MailHouse) -> None:
    control = house.installation.control
    team(house)
    anna = control.acting_as(Actor(account_id=house.anna.id))
    assert redirects.set_redirect(anna, ANNA, [FAR]).redirect_to == (FAR,)
    assert redirects.resume_redirect(anna, ANNA).redirect_to == (FAR,)
    for act in (
        lambda: redirects.set_redirect(anna, BERT, [FAR]),
        lambda: redirects.set_redirect(anna, TEAM, [FAR]),
        lambda: redirects.resume_redirect(anna, TEAM),
        lambda: redirects.pause_target(anna, "example.test", FAR, ""),
    ):
        with pytest.raises(Forbidden):
            act()
    with pytest.raises(Refused):
        redirects.set_redirect(control, TEAM, [])
    with pytest.raises(Refused):
        redirects.set_redirect(control, ANNA, [ANNA])


# -- lists and temporary addresses -----------------------------------------------------------------


def test_a_list_leads_to_each_member_in_the_senders_name(house: MailHouse) -> None:
    distribution.add_list(house.installation.control, "all@example.test", [ANNA, BERT])
    assert accept(house, "all@example.test", placement=JUNK).accepted
    queued = only(house)
    assert sender_of(queued) == "carl@other.test"
    for waiting in queued.recipients:
        recipient = EnvelopeRecipient(waiting.address)
        envelope = replace(queued.message.envelope, recipients=(recipient,))
        raw = house.queued_raw()[0]
        assert house.delivery.retry(raw, envelope, recipient, queued.message.origin).fate is (
            Fate.DELIVERED
        )
    # What was thought of it holds for each of them.
    assert [line for line in house.told("deliver") if line.startswith("filed")] == [
        "filed: Filed in Spam"
    ] * 2


def test_a_temporary_address_ends_after_so_many_messages(house: MailHouse) -> None:
    control = house.installation.control
    shop = temporary.make_temporary(control, ANNA, label="The shop", messages=2).address
    addresses.add_catch_all(control, "example.test", BERT)
    assert accept(house, shop, sender="Info@shop.test").accepted
    assert accept(house, shop, sender="x@spam.test").accepted
    assert back(house, shop) is None
    assert len(house.inbox(house.anna)) == 2
    known = temporary.known_of(control, house.visitors, shop)
    assert (known.taken, known.given_to) == (2, "shop.test")
    assert [one.sender for one in known.visitors] == ["info@shop.test", "x@spam.test"]
    assert [one.sender for one in known.leaked] == ["x@spam.test"]
    temporary.change_temporary(control, shop, messages=3)
    assert back(house, shop) is not None


def test_who_wrote_that_cannot_be_noted_stops_no_mail(house: MailHouse) -> None:
    control = house.installation.control
    shop = temporary.make_temporary(control, ANNA).address

    def broken(*args: object, **named: object) -> None:
        raise Unavailable("The disk is full.", code="disk-full")

    house.visitors.came = broken  # type: ignore[method-assign]
    assert accept(house, shop).accepted
    assert len(house.inbox(house.anna)) == 1
