"""Notifications: whom they reach, what they say, and that they begin no loop."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alphorn.base.errors import Unavailable
from alphorn.directory.values import SendingLock
from alphorn.mailauth.dkim.sign import sign
from alphorn.message import header
from alphorn.operations.notifying import Letter, Notifying, is_automatic
from alphorn.operations.throttle import Hit
from alphorn.sieve.actions import Notify
from tests.support.mailhouse import ANNA, BERT, MailHouse

MAIL = (
    b"Received: from a by b; now\r\nReceived: from c\r\n by d; then\r\n"
    b"From: =?utf-8?q?J=C3=BCrg?= <j@other.test>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"Message-ID: <1@other.test>\r\n\r\nReceived: no field\r\n"
)
TO = Notify("mailto:a@far.test")


class House:
    def __init__(self, folder: Path) -> None:
        self.mail = MailHouse(folder)
        self.view = self.mail.view
        self.anna = replace(self.mail.anna, name="Anna Ämmli")
        self.notifying = self.made()

    def made(self, per_hour: int = 100) -> Notifying:
        return Notifying(
            self.view,
            self.mail.state,
            sign,
            clock=self.mail.clock,
            token=lambda: "token",
            per_hour=per_hour,
        )

    def letter(self, asked: Notify = TO, raw: bytes = MAIL) -> Letter:
        found = self.notifying.compose(asked, raw, self.anna, set())
        assert isinstance(found, Letter), found
        return found


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.mail.close()


def test_what_it_says(house: House) -> None:
    letter = house.letter()
    assert letter.envelope.sender == ""
    assert [one.address for one in letter.envelope.recipients] == ["a@far.test"]
    assert letter.message_id == "<token@example.test>"
    raw = letter.raw
    assert raw.startswith(b"DKIM-Signature: ")
    assert header.count(raw, "Received") == 2
    assert b"Received: from c\r\n by d; then\r\n" in raw
    assert header.get(raw, "Auto-Submitted") == f'auto-notified; owner-email="{ANNA}"'
    assert header.get(raw, "Importance") == "Normal"
    assert header.get(raw, "From") == "=?UTF-8?Q?Anna_=C3=84mmli?= <anna@example.test>"
    assert header.get(raw, "Subject") == "=?UTF-8?B?R3LDvMOfZQ==?="
    assert raw.endswith(b"\r\n\r\nFrom: J=C3=BCrg <j@other.test>\r\nSubject: Gr=C3=BC=C3=9Fe\r\n")


def test_what_the_script_and_the_address_say(house: House) -> None:
    uri = "mailto:a@far.test?cc=b@far.test&bcc=c@far.test&subject=S&body=Line%0D%0ATwo&from=x@y.zz"
    raw = house.letter(Notify(uri)).raw
    assert header.get(raw, "Subject") == "S"
    assert (header.get(raw, "To"), header.get(raw, "Cc")) == ("a@far.test", "b@far.test")
    assert b"c@far.test" not in raw
    assert b"x@y.zz" not in raw
    assert raw.endswith(b"\r\n\r\nLine\r\nTwo\r\n")
    raw = house.letter(Notify(uri, message="M\r\nBcc: evil@x.test", importance=1)).raw
    assert header.get(raw, "Subject") == "M Bcc: evil@x.test"
    assert header.get(raw, "Bcc") is None
    assert header.get(raw, "X-Priority") == "1 (Highest)"


def test_in_whose_name(house: House) -> None:
    for sender, author in ((BERT, ANNA), ("anna+x@example.test", "anna+x@example.test")):
        found = header.get(house.letter(replace(TO, sender=sender)).raw, "From") or ""
        assert author in found


@pytest.mark.parametrize(
    ("field", "automatic"),
    [
        (b"", False),
        (b"Auto-Submitted: no\r\n", False),
        (b"Auto-Submitted: No (a person)\r\n", False),
        (b"Auto-Submitted: auto-notified; owner-email=x\r\n", True),
        (b"auto-submitted:\r\n auto-replied\r\n", True),
        (b"Auto-Submitted: no\r\nAuto-Submitted: auto-generated\r\n", True),
        (b"Auto-Submitted:\r\n", True),
    ],
)
def test_about_what_a_machine_sent_there_is_none(
    house: House, field: bytes, automatic: bool
) -> None:
    assert is_automatic(field + MAIL) is automatic
    found = house.notifying.compose(TO, field + MAIL, house.anna, set())
    assert isinstance(found, str) is automatic


def test_nobody_is_told_twice_of_a_message(house: House) -> None:
    told: set[str] = set()
    first = house.notifying.compose(TO, MAIL, house.anna, told)
    assert isinstance(first, Letter)
    assert isinstance(house.notifying.compose(TO, MAIL, house.anna, told), str)
    other = Notify("mailto:A@far.test?cc=b@far.test")
    found = house.notifying.compose(other, MAIL, house.anna, told)
    assert isinstance(found, Letter)
    assert [one.address for one in found.envelope.recipients] == ["b@far.test"]


def test_no_more_than_so_many_in_an_hour(house: House) -> None:
    notifying = house.made(per_hour=3)

    def notified() -> int:
        found = [notifying.compose(TO, MAIL, house.anna, set()) for _ in range(6)]
        return sum(isinstance(one, Letter) for one in found)

    assert notified() == 3
    house.mail.clock.now += 3601
    assert notified() > 0


def test_a_locked_account_and_a_count_that_cannot_be_kept(house: House) -> None:
    locked = replace(house.anna, sending_lock=SendingLock(1, "Spam."))
    assert isinstance(house.notifying.compose(TO, MAIL, locked, set()), str)

    class Broken:
        def hit(self, *arguments: object, **named: object) -> Hit:
            raise Unavailable("No.")

    notifying = Notifying(house.view, Broken(), sign, clock=house.mail.clock)  # type: ignore[arg-type]
    assert "cannot be counted" in str(notifying.compose(TO, MAIL, house.anna, set()))


def test_addresses_outside_ascii_need_smtputf8(house: House) -> None:
    assert not house.letter().envelope.smtputf8
    assert house.letter(Notify("mailto:j%C3%BCrg@far.test")).envelope.smtputf8
