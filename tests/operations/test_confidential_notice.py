"""Who asked for a confidential address is told what was decided, in his language."""

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from alphorn.directory.values import LANGUAGES, Role
from alphorn.message.outcome import Fate
from alphorn.operations import confidential, users
from alphorn.operations.confidential_texts import WORDS
from alphorn.operations.control import Actor, Control
from alphorn.operations.notices import Notices
from tests.support.gateway import add_gateway
from tests.support.mailhouse import ANNA, BERT, HOSTNAME, MailHouse

MARIA = "maria@office.test"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[MailHouse]:
    made = MailHouse(tmp_path)
    add_gateway(made.installation.control, tmp_path / "gateways")
    yield made
    made.close()


@pytest.fixture
def notices(house: MailHouse) -> Notices:
    return Notices(house.view, house.state, house._enqueue, hostname=HOSTNAME, clock=house.clock)


def manager(house: MailHouse, email: str) -> Control:
    control = house.installation.control
    made = users.add_user(control, email)
    users.set_membership(control, email, "Acme", Role.MANAGER)
    return control.acting_as(Actor(user_id=made.id))


def told(house: MailHouse) -> list[tuple[str, str, str]]:
    """To whom, subject, and text of each, on one line."""
    found = []
    for queued, raw in zip(house.queued(), house.queued_raw(), strict=True):
        message = message_from_bytes(raw, policy=default)
        (recipient,) = queued.recipients
        text = " ".join(message.get_content().split())
        found.append((recipient.address, message["Subject"], text))
    return found


def test_a_refusal_says_why(house: MailHouse, notices: Notices) -> None:
    confidential.request(manager(house, MARIA), ANNA, "hin")
    confidential.refuse(house.installation.control, ANNA, "There is no contract.", notices.decided)
    ((to, subject, text),) = told(house)
    assert (to, subject) == (MARIA, f"{ANNA} does not become confidential")
    assert "over the secured gateway hin only. That was refused" in text
    assert "The reason given: There is no contract." in text


def test_an_approval_and_its_end(house: MailHouse, notices: Notices) -> None:
    control = house.installation.control
    confidential.request(manager(house, MARIA), ANNA, "hin")
    confidential.approve(control, ANNA, tell=notices.decided)
    confidential.withdraw(control, ANNA, "The contract ended.", notices.decided)
    approved, ended = sorted(told(house), key=lambda one: "any more" in one[1])
    assert approved[1] == f"{ANNA} is confidential now"
    assert "reason" not in approved[2]
    assert ended[1] == f"{ANNA} is not confidential any more"
    assert "The contract ended." in ended[2]


def test_nobody_is_told_of_his_own_decision(house: MailHouse, notices: Notices) -> None:
    control, maria = house.installation.control, manager(house, MARIA)
    confidential.request(maria, ANNA, "hin")
    confidential.withdraw(maria, ANNA, tell=notices.decided)
    confidential.request(control, ANNA, "hin")
    confidential.approve(control, ANNA, tell=notices.decided)
    assert told(house) == []


def test_nothing_is_told_of_what_was_not_decided(house: MailHouse, notices: Notices) -> None:
    confidential.request(manager(house, MARIA), ANNA, "hin")
    with pytest.raises(confidential.Refused):
        confidential.refuse(house.installation.control, ANNA, tell=notices.decided)
        confidential.refuse(house.installation.control, ANNA, tell=notices.decided)
    assert len(told(house)) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_his_language_and_in_his_mailbox(
    house: MailHouse, notices: Notices, language: str
) -> None:
    """A manager who has an account here: the notice stays in the house, whatever his address is."""
    control = house.installation.control
    house.installation.sql("UPDATE directory_account SET language = ?", language)
    house.installation.sql("UPDATE directory_directoryversion SET version = version + 1")
    confidential.request(manager(house, BERT), BERT, "hin")
    confidential.approve(control, BERT, "Grüezi", notices.decided)
    ((to, subject, text),) = told(house)
    assert to == BERT
    assert subject == WORDS[language].active[0].format(address=BERT)
    assert WORDS[language].reason.format(reason="Grüezi") in text
    assert "{" not in text
    (queued,) = house.queued()
    message = queued.message
    (recipient,) = house.envelope(BERT).recipients
    result = house.delivery.retry(
        house.queued_raw()[0], message.envelope, recipient, message.origin
    )
    assert result.fate is Fate.DELIVERED
    assert len(house.inbox(house.bert)) == 1
