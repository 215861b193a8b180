"""Mail that claims to be from somebody else: however it is written, it does not get in as his."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.base.senders import SenderAction
from alphorn.mailauth import proofs
from alphorn.mailauth.dmarc.author import author, domain
from alphorn.mailauth.proofs import Client
from alphorn.mailauth.spf.check import check
from alphorn.message.parse import parse
from alphorn.operations.examine import Arrival, Examination
from alphorn.operations.lists import set_senders
from alphorn.policy.decision import Act
from alphorn.spam.features import observe
from alphorn.spam.values import SpamFacts
from tests.support.dns import Fault
from tests.support.gatehouse import HONEST, GateHouse, letter, signed
from tests.support.mailhouse import ANNA
from tests.support.memorydns import MemoryResolver

VICTIM, STRANGER = "ceo@strict.zz", "me@evil.zz"
REST = (
    "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\nTo: anna@example.test\r\nSubject: Hello\r\n"
    "Message-ID: <1@evil.zz>\r\n\r\nGood morning to you.\r\n"
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[GateHouse]:
    made = GateHouse(tmp_path)
    made.zone["evil.zz"] = {"TXT": ["v=spf1 +all"], "MX": ["10 mail.alps.zz"]}
    made.zone["_dmarc.evil.zz"] = {"TXT": ["v=DMARC1; p=none"]}
    made.resolver = MemoryResolver(made.zone)
    yield made
    made.close()


def examined(house: GateHouse, raw: bytes, sender: str = STRANGER) -> Examination:
    """What is thought of a message from a host that may send for evil.zz."""

    async def ask() -> Arrival:
        spf = await check(house.resolver, HONEST, sender, "mail.alps.zz")
        asked = await proofs.ask(raw, spf, house.resolver, asyncio.gather)
        now = house.house.clock()
        return Arrival(HONEST, "mail.alps.zz", now, Client(spf, None, "mail.alps.zz"), asked)

    arrival = asyncio.run(ask())
    route = house.house.view.route(*ANNA.split("@"))
    assert route is not None
    return house.examiner.examine(raw, sender, [route], arrival)


FORGED = {
    "plainly": f"From: {VICTIM}\r\n",
    "twice": f"From: {VICTIM}\r\nFrom:  {VICTIM}\r\n",
    "beside the stranger": f"From: {VICTIM}, {STRANGER}\r\nSender: {STRANGER}\r\n",
    "behind the stranger": f"From: {STRANGER}, {VICTIM}\r\nSender: {STRANGER}\r\n",
    "behind many": "From: {}, {}\r\nSender: {}\r\n".format(
        ", ".join(f"a{n}@evil.zz" for n in range(50)), VICTIM, STRANGER
    ),
    "in a group": f"From: us: {VICTIM};\r\n",
    "as a group": f'From: "{VICTIM}":;\r\n',
    "as a group without quotes": f"From: {VICTIM}:;\r\nSender: {STRANGER}\r\n",
    "after a very long comment": "From: " + "\r\n ".join(["(xxx)" * 190] * 20) + f" {VICTIM}\r\n",
    "with dots": f"From: {VICTIM}..\r\n",
    "with a dot": f"From: {VICTIM}.\r\n",
    "in brackets": "From: ceo@[strict.zz]\r\n",
    "in an encoded word": "From: ceo@=?utf-8?q?strict=2Ezz?=\r\n",
    "below": f"From: ceo@{'a' * 70}.strict.zz\r\n",
    "with comments": "From: ceo(a)@(b)strict(c).(d)zz\r\n",
    "in fullwidth letters": "From: ceo@\uff53trict.zz\r\n",
}


@pytest.mark.parametrize("how", FORGED)
def test_the_domains_policy_is_not_escaped(house: GateHouse, how: str) -> None:
    seen = examined(house, (FORGED[how] + REST).encode())
    assert seen.decision.act is Act.REFUSE, seen.facts


@pytest.mark.parametrize("how", ["plainly", "twice", "beside the stranger", "behind the stranger"])
def test_nor_where_headers_are_not_looked_at(house: GateHouse, how: str) -> None:
    house.protect(ANNA, headers=False)
    seen = examined(house, (FORGED[how] + REST).encode())
    assert (seen.decision.act, seen.decision.stage) == (Act.REFUSE, "dmarc")


@pytest.mark.parametrize("policy", ["reject", "quarantine"])
def test_nor_while_the_dns_does_not_answer(house: GateHouse, policy: str) -> None:
    """A signature in the domain's name whose key cannot be had keeps us from knowing."""
    house.zone["_dmarc.strict.zz"] = {"TXT": [f"v=DMARC1; p={policy}"]}
    house.zone["key._domainkey.strict.zz"] = Fault.SERVFAIL
    house.resolver = MemoryResolver(house.zone)
    raw = signed((FORGED["plainly"] + REST).encode(), "strict.zz", int(house.house.clock()))
    seen = examined(house, raw)
    assert (seen.decision.act, seen.decision.stage) == (Act.DEFER, "dmarc")
    assert seen.decision.text.startswith("The DNS does not say for now whether it is from strict")


def test_each_of_several_authors_is_to_be_proved(house: GateHouse) -> None:
    both = f"From: {STRANGER}, carl@plain.zz\r\nSender: {STRANGER}\r\n"
    seen = examined(house, (both + REST).encode())
    assert seen.decision.act is Act.PASS
    assert seen.found == "nothing proves its sender"


def test_who_is_proved_is_who_is_allowed(house: GateHouse) -> None:
    """A field so long that a reader of its beginning alone takes the name for an address."""
    allowed = "friend@plain.zz"
    control = house.house.installation.control
    set_senders(control, [allowed], SenderAction.ALLOW, account=ANNA)
    for length in (0, 900, 1800, 1950, 1970, 1980, 4000):
        folded = "\r\n ".join(["x" * 900] * (length // 900) + ["x" * (length % 900)])
        name = f"{folded} <{allowed}>, " + "z" * 200
        raw = f'From: "{name}" <{STRANGER}>\r\n' + REST
        (placed,) = examined(house, raw.encode()).placements
        assert "action" not in placed.facts


@given(st.text(alphabet='ab@.,:;<>()[]" \\=?\xe9\u3002-', max_size=60))
def test_the_author_who_is_seen_is_the_one_who_is_proved(value: str) -> None:
    raw = f"From: {value}\r\n\r\n".encode()
    claimed = author(raw)
    seen = domain(observe(raw, parse(raw), SpamFacts()).from_domain)
    assert not seen or seen in claimed.domains


def test_mail_does_not_wait_for_what_was_reported(
    house: GateHouse, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "reported.sqlite"
    house.school.reported.close()
    path.write_bytes(b"no database" * 1000)
    for _ in range(3):
        seen = examined(house, letter(body="See http://www.evil.zz/x"), "carl@alps.zz")
        assert seen.decision.passes
    assert len(caplog.records) == 1
