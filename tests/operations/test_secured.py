"""What confidential addresses send, get and send on: over their gateway, or nowhere.

Anna is confidential over hin; Bert is not, but for some tests.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alphorn.base.errors import Refused
from alphorn.message import confidential_field
from alphorn.message.envelope import Envelope, EnvelopeRecipient, Notify, Origin, OriginKind
from alphorn.message.outcome import Fate, LocalResult
from alphorn.operations import addresses, confidential, distribution, secured
from alphorn.queue.listing import Listed
from alphorn.store.api import INBOX, Column
from tests.support.gateway import add_gateway, make_confidential
from tests.support.mailhouse import ANNA, BERT, MailHouse

FAR = "zoe@far.test"
INFO = "info@example.test"
MAIL = b"From: zoe@far.test\r\nMessage-ID: <1@far.test>\r\nSubject: Hi\r\n\r\nHello\r\n"
MARK = confidential_field.render("hin")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MailHouse]:
    made = MailHouse(tmp_path)
    control = made.installation.control
    add_gateway(control, tmp_path / "gateways")
    addresses.add_alias(control, INFO, ANNA)
    make_confidential(control, ANNA)
    yield made
    made.close()


def written(author: str, *fields: str) -> bytes:
    return "\r\n".join((f"From: {author}", *fields, "Subject: Hi", "", "Hello", "")).encode()


def submit(house: MailHouse, raw: bytes, *to: str, sender: str = ANNA) -> None:
    account = house.bert if sender == BERT else house.anna
    house.submission.submit(account, raw, house.envelope(*to, sender=sender), "T")


def only(house: MailHouse) -> Listed:
    (queued,) = house.queued()
    return queued


def destinations(house: MailHouse) -> list[str]:
    return [
        str(place)
        for (place,) in house.queue.database.read(
            lambda c: c.execute("SELECT destination FROM recipient ORDER BY id").fetchall()
        )
    ]


def retry(
    house: MailHouse,
    to: str,
    kind: OriginKind,
    *,
    raw: bytes = MAIL,
    sender: str = FAR,
    gateway: str = "",
) -> LocalResult:
    envelope = replace(house.envelope(to, sender=sender), gateway=gateway)
    return house.delivery.retry(raw, envelope, envelope.recipients[0], Origin(kind, "T"))


def keywords(house: MailHouse) -> list[str]:
    mail = house.store.account(house.anna.id)
    box = mail.mailbox(INBOX)
    from alphorn.base.numbers import NumberSet

    uids = NumberSet.of(mail.snapshot(box.id).uids)
    return [str(row[0]) for row in mail.fetch(box.id, uids, (Column.KEYWORDS,))]


# -- sending ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "fields"),
    [
        (ANNA, [ANNA]),
        (ANNA, [INFO]),  # the envelope's sender alone
        (INFO, [ANNA]),  # the author alone
        (INFO, [INFO, f"Sender: {ANNA}"]),
        (INFO, [f"{INFO}, {ANNA}"]),
        ("", [ANNA]),
        ("anna+detail@example.test", [INFO]),
    ],
)
def test_in_the_name_of_a_confidential_address(
    house: MailHouse, sender: str, fields: list[str]
) -> None:
    raw = MARK + written(*fields)
    house.submission.submit(house.anna, raw, house.envelope(FAR, BERT, sender=sender), "T")
    assert only(house).message.envelope.gateway == "hin"
    assert destinations(house) == ["gateway:hin", "gateway:hin"], "whatever the domain"
    assert confidential_field.read(house.queued_raw()[0]) == ""
    said = "queued: Accepted for sending over the secured gateway hin only"
    assert house.told("submit") == [said, said]


def test_the_ordinary_addresses_of_the_same_account_send_as_ever(house: MailHouse) -> None:
    submit(house, written(INFO), FAR, sender=INFO)
    assert only(house).message.envelope.gateway == ""
    assert destinations(house) == ["far.test"]
    assert house.told("submit") == ["queued: Accepted for sending"]


def test_among_confidential_addresses_it_stays_inside(house: MailHouse) -> None:
    make_confidential(house.installation.control, BERT)
    submit(house, MARK + written(ANNA), BERT, FAR)
    assert destinations(house) == ["inside:hin", "gateway:hin"]


def test_two_gateways_cannot_be_in_one_message(house: MailHouse, tmp_path: Path) -> None:
    control = house.installation.control
    add_gateway(control, tmp_path / "gateways", "other", networks=["198.51.100.1"])
    make_confidential(control, INFO, "other")
    with pytest.raises(Refused, match="cannot be from both") as caught:
        submit(house, written(INFO), FAR)
    assert caught.value.code == "confidential"
    assert not house.queued()


def test_others_here_do_not_write_to_it_in_the_open(house: MailHouse) -> None:
    for sender in (BERT, INFO):
        with pytest.raises(Refused, match=f"{ANNA} takes mail over the secured network only"):
            submit(house, written(sender), FAR, ANNA, sender=sender)
    assert not house.queued()


def test_who_is_asked_is_named(house: MailHouse) -> None:
    text = secured.only_over(house.view, ANNA, "hin")
    assert text.endswith("ask postmaster@example.test")
    assert secured.only_over(house.view, ANNA, "hin", "op@x.test").endswith("ask op@x.test")


# -- what is made here without thinking of it ------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "sender", "kind", "gateway"),
    [
        (written(ANNA), "", OriginKind.REPLIED, "hin"),
        (written(ANNA), ANNA, OriginKind.SUBMITTED, "hin"),
        (written(BERT), "", OriginKind.REPLIED, ""),
        (written(ANNA), "", OriginKind.REPORT, ""),  # of ours, for her
        (MARK + MAIL, "x@far.test", OriginKind.REDIRECTED, "hin"),
        (MAIL, "x@far.test", OriginKind.REDIRECTED, ""),
    ],
)
def test_bound_all_the_same(
    house: MailHouse, raw: bytes, sender: str, kind: OriginKind, gateway: str
) -> None:
    envelope = house.envelope(FAR, sender=sender)
    found = secured.bound(house.view, raw, envelope, Origin(kind, "T"))
    assert found == replace(envelope, gateway=gateway)
    already = replace(envelope, gateway="other")
    assert secured.bound(house.view, raw, already, Origin(kind, "T")) is already


# -- delivery --------------------------------------------------------------------------------------


def test_what_came_over_the_gateway_is_marked(house: MailHouse) -> None:
    envelope = replace(house.envelope(ANNA, sender=FAR), gateway="hin")
    done = house.delivery.accept(MAIL, envelope, house.routes(ANNA), "T", top=MARK)
    assert done.accepted
    (stored,) = house.inbox(house.anna)
    assert confidential_field.read(stored) == "hin"
    assert keywords(house) == [confidential_field.KEYWORD]


@pytest.mark.parametrize(
    ("kind", "gateway", "fate"),
    [
        (OriginKind.SUBMITTED, "hin", Fate.DELIVERED),
        (OriginKind.REPLIED, "hin", Fate.DELIVERED),
        (OriginKind.REDIRECTED, "hin", Fate.DELIVERED),
        (OriginKind.SUBMITTED, "", Fate.FAILED),
        (OriginKind.REDIRECTED, "", Fate.FAILED),
        (OriginKind.REPLIED, "", Fate.FAILED),
        (OriginKind.SUBMITTED, "other", Fate.FAILED),
        (OriginKind.RECEIVED, "", Fate.DELIVERED),  # let in before it was confidential
        (OriginKind.REPORT, "", Fate.DELIVERED),  # ours
        (OriginKind.REPORT, "hin", Fate.DELIVERED),
    ],
)
def test_straight_into_the_mailbox(
    house: MailHouse, kind: OriginKind, gateway: str, fate: Fate
) -> None:
    raw = MARK + MAIL if kind is OriginKind.SUBMITTED else MAIL  # nobody is believed
    result = retry(house, ANNA, kind, raw=raw, gateway=gateway)
    assert result.fate is fate
    if fate is Fate.FAILED:
        assert result.status == "5.7.1"
        assert "takes mail over the secured network only" in result.text
    else:
        bound = gateway and kind is not OriginKind.REPORT
        assert keywords(house) == ([confidential_field.KEYWORD] if bound else [""])


def test_what_was_for_it_when_it_was_confidential_is_returned(house: MailHouse) -> None:
    result = retry(house, BERT, OriginKind.SUBMITTED, gateway="hin")
    assert (result.fate, result.status) == (Fate.FAILED, "5.7.1")
    assert "does not use the secured gateway hin" in result.text
    assert retry(house, BERT, OriginKind.REPORT, gateway="hin").fate is Fate.DELIVERED


# -- sending on ------------------------------------------------------------------------------------


def redirect(house: MailHouse, *targets: str, keep: bool = False) -> None:
    """Past all checks, as if it had been so before the address was confidential."""
    house.installation.sql(
        "UPDATE directory_address SET redirect_to = ?, keep = ? WHERE local = 'anna'",
        "\n".join(targets),
        keep,
    )
    house.installation.sql("UPDATE directory_directoryversion SET version = version + 1")


def arrives(house: MailHouse, *, sender: str = FAR) -> None:
    envelope = replace(house.envelope(ANNA, sender=sender), gateway="hin")
    done = house.delivery.accept(MAIL, envelope, house.routes(ANNA), "T", top=MARK)
    assert done.accepted


def test_redirects_go_over_the_gateway_in_its_own_name(house: MailHouse) -> None:
    redirect(house, "x@else.test")
    arrives(house)
    queued = only(house)
    assert (queued.message.envelope.sender, queued.message.envelope.gateway) == (ANNA, "hin")
    assert destinations(house) == ["gateway:hin"]
    assert not house.inbox(house.anna)
    (told,) = [text for text in house.told("deliver") if "Redirected" in text]
    assert told.endswith(f"x@else.test as {ANNA} over the secured gateway hin only")
    arrives(house, sender="")
    assert {one.message.envelope.sender for one in house.queued()} == {ANNA, ""}


def test_an_address_of_ours_that_is_open_gets_nothing(house: MailHouse) -> None:
    redirect(house, BERT)
    arrives(house)
    assert not house.queued()
    assert len(house.inbox(house.anna)) == 1, "and nothing is lost"
    said = f"info: Not sent on to {BERT}: it is not reached over the secured gateway hin"
    assert said in house.told("deliver")
    make_confidential(house.installation.control, BERT)
    arrives(house)
    assert destinations(house) == ["inside:hin"]
    assert only(house).message.envelope.sender == FAR


def test_a_list_does_not_lead_there_in_the_open(house: MailHouse) -> None:
    control = house.installation.control
    distribution.add_list(control, "team@example.test", [ANNA, BERT])
    routes = house.routes("team@example.test")
    house.delivery.accept(MAIL, house.envelope("team@example.test", sender=FAR), routes, "T")
    queued = only(house)
    assert queued.message.envelope.gateway == ""
    to_anna = retry(house, ANNA, OriginKind.REDIRECTED)
    assert (to_anna.fate, to_anna.status) == (Fate.FAILED, "5.7.1")
    assert retry(house, BERT, OriginKind.REDIRECTED).fate is Fate.DELIVERED


def test_who_asked_to_be_told_is_told_over_the_gateway(house: MailHouse) -> None:
    recipient = EnvelopeRecipient(ANNA, frozenset((Notify.SUCCESS,)))
    envelope = Envelope(FAR, (recipient,), gateway="hin")
    house.delivery.accept(MAIL, envelope, house.routes(ANNA), "T", top=MARK)
    assert only(house).message.origin.kind is OriginKind.REPORT
    assert destinations(house) == ["gateway:hin"]


def test_rules_do_not_lead_out_either(house: MailHouse) -> None:
    mail = house.store.account(house.anna.id)
    mail.put_script("on", f'require "copy"; redirect :copy "{BERT}"; redirect "x@else.test";')
    mail.activate_script("on")
    arrives(house)
    queued = only(house)
    assert [one.address for one in queued.recipients] == ["x@else.test"]
    assert (queued.message.envelope.sender, queued.message.envelope.gateway) == (ANNA, "hin")
    assert destinations(house) == ["gateway:hin"]
    assert any("not reached over the secured gateway" in text for text in house.told("deliver"))
    # And what rules file is marked as well.
    mail.put_script("on", 'require ["fileinto", "mailbox"]; fileinto :create "Patients";')
    arrives(house)
    from alphorn.base.numbers import NumberSet

    box = mail.mailbox("Patients")
    uids = NumberSet.of(mail.snapshot(box.id).uids)
    (row,) = mail.fetch(box.id, uids, (Column.KEYWORDS, Column.RAW))
    assert row[0] == confidential_field.KEYWORD
    assert confidential_field.read(bytes(row[1])) == "hin"  # type: ignore[call-overload]


def test_what_a_rule_tells_of_confidential_mail_goes_over_its_gateway(house: MailHouse) -> None:
    """The alias became confidential while the message waited; the account itself is not."""
    confidential.withdraw(house.installation.control, ANNA)
    make_confidential(house.installation.control, INFO)
    mail = house.store.account(house.anna.id)
    mail.put_script("main", f'require "enotify"; notify "mailto:{FAR}";')
    mail.activate_script("main")
    assert retry(house, INFO, OriginKind.RECEIVED).fate is Fate.DELIVERED
    assert only(house).message.envelope.gateway == "hin"
