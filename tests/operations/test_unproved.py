"""Mail that claims an author of ours without proof is not genuine elsewhere because we sent it on.

Whoever gets it judges by the real SPF and DMARC, over the DNS of the test; the host is a name below
one of our domains, as it often is, and our other domain has nothing to do with it.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alphorn.mailauth import proofs
from alphorn.mailauth.outcome import Outcome
from alphorn.mailauth.proofs import Client
from alphorn.mailauth.results import Authentication
from alphorn.mailauth.spf.check import check
from alphorn.mailauth.spf.result import Spf
from alphorn.message.envelope import Origin, OriginKind
from alphorn.message.outcome import Fate
from alphorn.operations import addresses, redirects
from alphorn.operations.deliver import Reception
from alphorn.operations.examine import Arrival
from alphorn.operations.scripts import activate_script, put_script
from alphorn.queue.listing import Listed
from tests.support.gatehouse import HONEST, NAMELESS, GateHouse, letter, signed
from tests.support.mailhouse import ANNA, BERT, HOSTNAME

OURS = "192.0.2.25"
FAR = "zoe@far.zz"
TEAM = "team@hosted.zz"
"""Of a domain of ours that is not the host's."""
HERE = "team@example.test"
BOSS, CHIEF = "boss@hosted.zz", "chief@example.test"
STRANGER = "me@alps.zz"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateHouse]:
    made = GateHouse(tmp_path)
    for name in (HOSTNAME, "example.test", "hosted.zz"):
        made.zone[name] = {
            "TXT": [f"v=spf1 ip4:{OURS} -all"],
            "A": [OURS],
            "MX": [f"10 {HOSTNAME}"],
        }
        made.zone[f"_dmarc.{name}"] = {"TXT": ["v=DMARC1; p=none"]}
    del made.zone[f"_dmarc.{HOSTNAME}"]
    made.zone["key._domainkey.hosted.zz"] = made.zone["key._domainkey.alps.zz"]
    made.house.installation.domain("hosted.zz")
    for name in ("example.test", "hosted.zz"):  # what is forged looks like spam, too
        made.protect(name, spam=False)
    for address in (TEAM, HERE):
        addresses.add_redirect(made.house.installation.control, address, (FAR,))
    yield made
    made.close()


def judged(gate: GateHouse, raw: bytes, sender: str, client: str) -> tuple[Arrival, Authentication]:
    """What a server thinks of it that hears it from this client."""

    async def ask() -> Arrival:
        helo = HOSTNAME if client == OURS else "mail.alps.zz"
        spf = await check(gate.resolver, client, sender, helo)
        asked = await proofs.ask(raw, spf, gate.resolver, asyncio.gather)
        return Arrival(client, helo, gate.house.clock(), Client(spf, None, ""), asked)

    arrival = asyncio.run(ask())
    assert arrival.proofs is not None
    return arrival, proofs.settle(raw, arrival.proofs, arrival.sender, int(arrival.now))


def comes(
    gate: GateHouse, raw: bytes, *recipients: str, sender: str = STRANGER, client: str = HONEST
) -> Reception:
    """A stranger's message, examined and delivered."""
    arrival, _ = judged(gate, raw, sender, client)
    routes = gate.house.routes(*recipients)
    seen = gate.examiner.examine(raw, sender, routes, arrival)
    assert seen.decision.passes, seen.decision
    envelope = gate.house.envelope(*recipients, sender=sender)
    return gate.house.delivery.accept(
        seen.raw, envelope, routes, "T", seen.placements, top=seen.fields
    )


def leaves(gate: GateHouse) -> tuple[Listed, bytes, Authentication]:
    """What is in the queue, and how it is judged where it goes."""
    (queued,) = gate.house.queued()
    (raw,) = gate.house.queued_raw()
    assert [one.address for one in queued.recipients] == [FAR]
    sender = queued.message.envelope.sender
    return queued, raw, judged(gate, raw, sender, OURS)[1]


def outcome(seen: Authentication) -> Outcome:
    assert seen.dmarc is not None
    return seen.dmarc.outcome


# -- what nothing proves ---------------------------------------------------------------------------


@pytest.mark.parametrize("sender", [STRANGER, BOSS, "x@sub.hosted.zz", ""])
@pytest.mark.parametrize("author", [BOSS, "boss@below.hosted.zz"])
def test_it_leaves_under_a_name_that_is_not_aligned(
    gate: GateHouse, sender: str, author: str
) -> None:
    forged = letter(author, to=TEAM)
    assert outcome(judged(gate, forged, sender, NAMELESS)[1]) is Outcome.FAIL
    assert comes(gate, forged, TEAM, sender=sender, client=NAMELESS).accepted
    queued, raw, there = leaves(gate)
    assert outcome(there) is Outcome.FAIL
    assert there.aligned == ""
    assert queued.message.envelope.sender.endswith(f"@{HOSTNAME}" if sender else "")
    assert raw.endswith(forged)
    assert b"DKIM-Signature" not in raw


@pytest.mark.parametrize("record", [True, False])
def test_with_the_hosts_own_domain_it_leaves_in_its_true_senders_name(
    gate: GateHouse, record: bool
) -> None:
    """Whether or not the domain asks for DMARC."""
    if not record:
        del gate.zone["_dmarc.example.test"]
    assert comes(gate, letter(CHIEF, to=HERE), HERE).accepted
    queued, _, there = leaves(gate)
    assert queued.message.envelope.sender == STRANGER
    assert (outcome(there), there.aligned) == (Outcome.FAIL if record else Outcome.NONE, "")


@pytest.mark.parametrize("sender", [CHIEF, "", "x@below.example.test"])
def test_where_every_name_would_prove_it_nothing_is_sent_on(gate: GateHouse, sender: str) -> None:
    said = comes(gate, letter(CHIEF, to=HERE), HERE, sender=sender, client=NAMELESS)
    assert (said.accepted, said.status) == (False, "5.7.1")
    assert "nothing proves that it is from example.test" in said.text
    assert gate.house.queued() == []


def test_an_account_keeps_what_is_not_sent_on(gate: GateHouse) -> None:
    redirects.set_redirect(gate.house.installation.control, ANNA, [FAR], keep=False)
    forged = letter(CHIEF)
    assert comes(gate, forged, ANNA, sender=CHIEF, client=NAMELESS).accepted
    assert gate.house.queued() == []
    assert [raw.endswith(forged) for raw in gate.anna()] == [True]
    note = next(one for one in gate.house.told("deliver") if "Not sent on" in one)
    assert note == (
        f"info: Not sent on to {FAR}: nothing proves that it is from example.test, and it would"
        " pass for that elsewhere"
    )


@pytest.mark.parametrize("change", ["", 'addheader "X-Seen" "yes"; '])
def test_nor_do_rules_send_it_on(gate: GateHouse, change: str) -> None:
    mail = gate.house.store.account(gate.house.anna.id)
    put_script(mail, "mine", f'require ["editheader"]; {change}redirect "{FAR}";')
    activate_script(mail, "mine")
    forged = letter(CHIEF)
    assert comes(gate, forged, ANNA, sender=CHIEF, client=NAMELESS).accepted
    assert gate.house.queued() == []
    assert len(gate.anna()) == 1
    # And what can leave by another name does.
    assert comes(gate, forged, ANNA).accepted
    assert leaves(gate)[0].message.envelope.sender == STRANGER


def test_nor_by_way_of_another_account(gate: GateHouse) -> None:
    """What was found stays in the message while it is sent on within the house."""
    control = gate.house.installation.control
    redirects.set_redirect(control, ANNA, [BERT], keep=False)
    redirects.set_redirect(control, BERT, [FAR], keep=False)
    assert comes(gate, letter(CHIEF), ANNA, sender=CHIEF, client=NAMELESS).accepted
    (queued,) = gate.house.queued()
    (raw,) = gate.house.queued_raw()
    (recipient,) = gate.house.envelope(BERT).recipients
    envelope = replace(queued.message.envelope, recipients=(recipient,))
    about = Origin(OriginKind.REDIRECTED, "T")
    result = gate.house.delivery.retry(raw, envelope, recipient, about)
    assert result.fate is Fate.DELIVERED
    assert len(gate.house.queued()) == 1
    assert len(gate.bert()) == 1


def test_beside_another_recipient_its_sender_is_told_later(gate: GateHouse) -> None:
    reception = comes(gate, letter(CHIEF), HERE, ANNA, sender=CHIEF, client=NAMELESS)
    assert (reception.accepted, len(gate.anna())) == (True, 1)
    (queued,) = gate.house.queued()
    (waiting,) = queued.recipients
    assert waiting.address == HERE
    (recipient,) = gate.house.envelope(HERE).recipients
    envelope = replace(queued.message.envelope, recipients=(recipient,))
    (raw,) = gate.house.queued_raw()
    result = gate.house.delivery.retry(raw, envelope, recipient, Origin(OriginKind.RECEIVED, "T"))
    assert (result.fate, result.status) == (Fate.FAILED, "5.7.1")


# -- what is proved, and what claims nothing of ours -----------------------------------------------


def test_what_a_signature_proves_goes_as_ever(gate: GateHouse) -> None:
    raw = signed(letter(BOSS, to=TEAM), "hosted.zz", int(gate.house.clock()))
    assert comes(gate, raw, TEAM).accepted
    queued, _, there = leaves(gate)
    assert queued.message.envelope.sender.endswith("=alps.zz=me@hosted.zz")
    assert outcome(there) is Outcome.PASS


@pytest.mark.parametrize("record", [True, False])
def test_so_does_what_spf_proves(gate: GateHouse, record: bool) -> None:
    if not record:
        del gate.zone["_dmarc.hosted.zz"]
    gate.zone["hosted.zz"] = {"TXT": [f"v=spf1 ip4:{OURS} ip4:{HONEST} -all"]}
    assert comes(gate, letter(BOSS, to=TEAM), TEAM, sender=BOSS).accepted
    assert leaves(gate)[0].message.envelope.sender == BOSS


def test_other_peoples_forged_authors_are_their_own(gate: GateHouse) -> None:
    assert comes(gate, letter("carl@plain.zz", to=TEAM), TEAM).accepted
    queued, _, there = leaves(gate)
    assert queued.message.envelope.sender.endswith("@hosted.zz")
    assert there.aligned == ""
    assert there.spf is not None
    assert there.spf.result is Spf.PASS


def test_results_that_a_stranger_wrote_prove_nothing(gate: GateHouse) -> None:
    said = f"Authentication-Results: {HOSTNAME}; dmarc=pass header.from=hosted.zz"
    assert comes(gate, letter(BOSS, "Hi", "Hello.", said, to=TEAM), TEAM).accepted
    assert outcome(leaves(gate)[2]) is Outcome.FAIL


def test_what_our_users_sent_goes_as_ever(gate: GateHouse) -> None:
    """Nobody has checked it, for who sent it had logged in."""
    (recipient,) = gate.house.envelope(HERE).recipients
    envelope = gate.house.envelope(HERE, sender=ANNA)
    about = Origin(OriginKind.SUBMITTED, "T", gate.house.anna.id)
    forged = f"Authentication-Results: {HOSTNAME}; dmarc=fail header.from=example.test\r\n".encode()
    result = gate.house.delivery.retry(forged + letter(ANNA, to=HERE), envelope, recipient, about)
    assert result.fate is Fate.DELIVERED
    assert leaves(gate)[0].message.envelope.sender == ANNA


# -- reports of it ---------------------------------------------------------------------------------


def test_a_report_to_the_hosts_name_finds_back(gate: GateHouse) -> None:
    assert comes(gate, letter(BOSS, to=TEAM), TEAM, client=NAMELESS).accepted
    sender = leaves(gate)[0].message.envelope.sender
    report = letter("mailer-daemon@far.zz", to=sender)
    assert comes(gate, report, sender, sender="").accepted
    assert [one.address for one in gate.house.queued()[-1].recipients] == [STRANGER]
    (refused,) = gate.house.routes(sender)
    assert refused.bounce
