"""A DNS that is silent, slow, cut short or lies: what a sender is told, that nothing is lost or
believed, and that nobody else is held up. Over real questions to a real server."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from alphorn.dns.answers import Answer
from alphorn.dns.stub import MAX_ASKED_AT_ONCE, StubResolver
from alphorn.message import header
from alphorn.servers.smtp import inquiry
from alphorn.store.api import SpecialUse
from tests.servers.smtp.conftest import Guarded
from tests.servers.smtp.serving import eventually
from tests.support import dns
from tests.support.dialog import CLOSED, Dialog
from tests.support.dns import DnsServer, Fault, Zone
from tests.support.gatehouse import HONEST, NAMELESS, Guard, letter, reverse, signed
from tests.support.mailhouse import ANNA
from tests.support.memorydns import MemoryResolver

Open = Callable[..., Guarded]
JUNK = SpecialUse.JUNK
FACTS = (Fault.EXTRA_NAME, Fault.WRONG_TYPE)
"""What is an answer, whatever stands beside it: there is no such record."""


@pytest.fixture
def asking(open_gate: Open) -> Iterator[Guarded]:
    """A guarded house that asks a real DNS server."""
    with ExitStack() as stack:

        def resolver(records: Zone) -> StubResolver:
            server = stack.enter_context(DnsServer(records, ttl=0, negative_ttl=0))
            return dns.resolver(server, lambda: guarded.house.clock())

        guarded = open_gate(Guard(resolver=resolver, seconds=30))
        guarded.protect("example.test", greylisting=False)
        yield guarded


def rcpt(guarded: Guarded, helo: str, source: str = NAMELESS, sender: str = "x@alps.zz") -> str:
    with Dialog(guarded.server, source) as dialog:
        dialog.reply()
        dialog.ask(f"EHLO {helo}")
        dialog.ask(f"MAIL FROM:<{sender}>")
        return dialog.ask(f"RCPT TO:<{ANNA}>")


def send(guarded: Guarded, message: bytes, source: str = HONEST, sender: str = "x@weg.zz") -> str:
    with Dialog(guarded.server, source) as dialog:
        dialog.reply()
        dialog.ask("EHLO mail.alps.zz")
        dialog.ask(f"MAIL FROM:<{sender}>")
        said = dialog.ask(f"RCPT TO:<{ANNA}>")
        assert said == "250 2.1.5 Recipient accepted", said
        dialog.ask("DATA")
        dialog.send(message)
        return dialog.reply()


def results(guarded: Guarded) -> str:
    (raw,) = guarded.anna() + guarded.anna(JUNK)
    return " ".join((header.get(raw, "Authentication-Results") or "").split())


@pytest.mark.parametrize("fault", Fault)
def test_a_greeting_under_each_fault(asking: Guarded, fault: Fault) -> None:
    """Only what the DNS says for certain is refused for good."""
    asking.zone["mail.weg.zz"] = fault
    said = rcpt(asking, "mail.weg.zz")
    told = f"451 4.7.1 <{ANNA}>... Your HELO name [mail.weg.zz] could not be looked up for now, "
    told += "please try again later"
    if fault in FACTS:
        told = f"550 5.7.1 <{ANNA}>... Access denied - bogus HELO [mail.weg.zz]"
    assert said == f"{told}; help: https://help.alps.zz/helo/"


@pytest.mark.parametrize("fault", Fault)
def test_a_message_under_each_fault(asking: Guarded, fault: Fault) -> None:
    """It is taken, and nothing false is believed: whoever lies says that everybody may send."""
    for name in ("weg.zz", "_dmarc.weg.zz", "key._domainkey.weg.zz", reverse(HONEST)):
        asking.zone[name] = fault
    message = signed(letter("x@weg.zz"), "weg.zz", int(asking.house.clock()))
    assert send(asking, message).startswith("250 2.0.0 Delivered (")
    found = results(asking)
    assert "pass" not in found
    expected = "none" if fault in FACTS else "temperror"
    assert f"spf={expected}" in found
    assert f"dmarc={expected}" in found


def test_a_long_answer_is_asked_for_again_over_tcp(asking: Guarded) -> None:
    filler = " ".join(f"ip4:192.0.2.{n}" for n in range(250))
    asking.zone["weg.zz"] = {"TXT": [f"v=spf1 {filler} ip4:{HONEST} -all"]}
    assert send(asking, letter("x@weg.zz")).startswith("250 2.0.0 ")
    assert "spf=pass smtp.mailfrom=weg.zz" in results(asking)


def test_where_the_dns_hides_proof_a_policy_defers(asking: Guarded) -> None:
    """Once it answers, the same message gets in, and the forged one is refused."""
    asking.zone["weg.zz"] = Fault.SERVFAIL
    asking.zone["_dmarc.weg.zz"] = {"TXT": ["v=DMARC1; p=reject"]}
    said = send(asking, letter("x@weg.zz"))
    assert said == (
        "451 4.7.1 The DNS does not say for now whether it is from weg.zz. "
        "Please try again later; help: https://help.alps.zz/dmarc/"
    )
    assert asking.told() == [("dmarc", "deferred", ANNA)]
    assert asking.anna() == asking.anna(JUNK) == []
    asking.zone["weg.zz"] = {"TXT": [f"v=spf1 ip4:{HONEST} -all"]}
    asking.house.clock.now += 60  # what went wrong is remembered for some seconds
    assert send(asking, letter("x@weg.zz")).startswith("250 2.0.0 ")
    assert send(asking, letter("x@weg.zz"), source=NAMELESS).startswith("550 5.7.1 Nothing proves ")


# -- time ------------------------------------------------------------------------------------------


class Hanging(MemoryResolver):
    """Never answers for names below hang.zz, nor who has an address in 127.1.9.0/24."""

    hanging = 0

    async def _hang(self, name: str) -> None:
        if name.endswith("hang.zz") or ".9.1.127.in-addr.arpa" in name:
            self.hanging += 1
            try:
                await asyncio.Event().wait()
            finally:
                self.hanging -= 1

    async def txt(self, name: str) -> Answer[bytes]:
        await self._hang(name)
        return await super().txt(name)

    async def addresses(self, host: str) -> Answer[str]:
        await self._hang(host)
        return await super().addresses(host)

    async def ptr(self, address: str) -> Answer[str]:
        await self._hang(reverse(address))
        return await super().ptr(address)


def test_all_questions_for_one_message_have_one_time(open_gate: Open) -> None:
    """The client, SPF and the message each hang; together they take what is set, and a third of it
    for each of the latter two."""
    guarded = open_gate(Guard(resolver=Hanging, seconds=0.6))
    guarded.protect("example.test", greylisting=False, helo=False)
    message = signed(letter("x@hang.zz"), "hang.zz", int(guarded.house.clock()))
    began = time.monotonic()
    said = send(guarded, message, source=NAMELESS, sender="x@hang.zz")
    took = time.monotonic() - began
    assert said.startswith("250 2.0.0 ")
    assert took >= 0.98
    found = results(guarded)
    assert found.count("temperror") == 3
    guarded.protect("example.test", helo=True)
    began = time.monotonic()
    assert rcpt(guarded, "mail.hang.zz").startswith("451 4.7.1 ")
    assert time.monotonic() - began >= 0.58


def test_another_message_in_the_same_connection_has_its_own_time(open_gate: Open) -> None:
    guarded = open_gate(Guard(resolver=Hanging, seconds=0.3))
    guarded.protect("example.test", greylisting=False, helo=False)
    with Dialog(guarded.server, NAMELESS) as dialog:
        dialog.reply()
        dialog.ask("EHLO mail.alps.zz")
        for number in range(2):
            dialog.ask(f"MAIL FROM:<x{number}@hang.zz>")
            assert dialog.ask(f"RCPT TO:<{ANNA}>") == "250 2.1.5 Recipient accepted"
            dialog.ask("DATA")
            dialog.send(letter(f"x{number}@hang.zz", number=number))
            assert dialog.reply().startswith("250 2.0.0 ")
    assert len(guarded.anna() + guarded.anna(JUNK)) == 2


def test_who_waits_for_the_dns_holds_nobody_up(open_gate: Open) -> None:
    guarded = open_gate(Guard(resolver=Hanging, seconds=120))
    guarded.protect("example.test", greylisting=False)
    with ExitStack() as stack:
        waiting = []
        for number in range(50):
            dialog = stack.enter_context(Dialog(guarded.server, f"127.1.9.{number + 1}"))
            dialog.reply()
            dialog.ask("EHLO mail.hang.zz")
            dialog.ask("MAIL FROM:<x@hang.zz>")
            dialog.say(f"RCPT TO:<{ANNA}>")
            waiting.append(dialog)
        began = time.monotonic()
        assert send(guarded, letter(), sender="carl@alps.zz").startswith("250 2.0.0 ")
        assert time.monotonic() - began < 30
        # Whoever leaves while he waits leaves nothing behind.
    assert send(guarded, letter(number=2), sender="carl@alps.zz").startswith("250 2.0.0 ")


def test_questions_without_answers_do_not_use_up_the_room_for_others(open_gate: Open) -> None:
    """More of them than are asked at a time."""
    with ExitStack() as stack:

        def resolver(records: Zone) -> StubResolver:
            for number in range(1, 121):
                address = f"127.1.9.{number}"
                records[reverse(address)] = Fault.TIMEOUT
                records[f"mail{number}.hang.zz"] = Fault.TIMEOUT
            server = stack.enter_context(DnsServer(records))
            return StubResolver([server.address], timeout=120, lifetime=120)

        guarded = open_gate(Guard(resolver=resolver, seconds=120))
        guarded.protect("example.test", greylisting=False)
        assert MAX_ASKED_AT_ONCE < 120 * 3
        for number in range(1, 121):
            dialog = stack.enter_context(Dialog(guarded.server, f"127.1.9.{number}"))
            dialog.reply()
            dialog.ask(f"EHLO mail{number}.hang.zz")
            dialog.ask("MAIL FROM:<x@alps.zz>")
            dialog.say(f"RCPT TO:<{ANNA}>")
        began = time.monotonic()
        assert send(guarded, letter(), sender="carl@alps.zz").startswith("250 2.0.0 ")
        took = time.monotonic() - began
        (raw,) = guarded.anna() + guarded.anna(JUNK)
        assert b"spf=pass" in raw
        assert took < 30


def test_who_names_ever_more_senders_is_asked_to_connect_again(
    open_gate: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each costs questions to a DNS that he chooses."""
    monkeypatch.setattr(inquiry, "MAX_SPF", 3)
    with ExitStack() as stack:

        def resolver(records: Zone) -> StubResolver:
            return StubResolver([stack.enter_context(DnsServer(records)).address])

        guarded = open_gate(Guard(resolver=resolver))
        guarded.protect("example.test", greylisting=False)
        with Dialog(guarded.server, HONEST) as dialog:
            dialog.reply()
            dialog.ask("EHLO mail.alps.zz")
            for number in range(4):
                dialog.ask(f"MAIL FROM:<x@{number}.zz>")
                said = dialog.ask(f"RCPT TO:<{ANNA}>")
                if number < 3:
                    assert said == "250 2.1.5 Recipient accepted"
                    dialog.ask("RSET")
            assert said == (
                "421 4.7.0 Mail in the name of too many senders for one connection; connect again; "
                "help: https://help.alps.zz/too-many/"
            )
            assert dialog.line() == "closed"
        assert rcpt(guarded, "mail.alps.zz").startswith("250 ")


def test_a_worker_that_ends_waits_for_no_answer(
    open_gate: Open, caplog: pytest.LogCaptureFixture
) -> None:
    guarded = open_gate(Guard(resolver=Hanging, seconds=120))
    guarded.protect("example.test", greylisting=False, helo=False)
    resolver = guarded.resolver
    assert isinstance(resolver, Hanging)

    def stop() -> None:
        for connection in tuple(guarded.ports.hosts["mx"].connections):
            connection.shutdown()

    with Dialog(guarded.server, NAMELESS) as dialog:
        dialog.reply()
        dialog.ask("EHLO mail.hang.zz")
        dialog.ask("MAIL FROM:<x@hang.zz>")
        dialog.say(f"RCPT TO:<{ANNA}>")
        eventually(lambda: resolver.hanging == 1)
        guarded.ports.on_loop(stop)
        assert dialog.reply() == (
            "421 4.3.2 The service is stopping; connect again; help: https://help.alps.zz/later/"
        )
        assert dialog.line() == "closed"
        assert resolver.hanging == 0
    assert caplog.text == ""
    assert guarded.told() == []


@pytest.mark.parametrize("behind", ["", "DATA\r\n"], ids=["nothing", "a command"])
def test_who_leaves_while_the_dns_is_silent_is_not_asked_about_any_more(
    open_gate: Open, behind: str
) -> None:
    """Its place is free long before the DNS is given up. Whoever has sent more still gets answers:
    some programs close their end as soon as they have written all."""
    with ExitStack() as stack:

        def resolver(records: Zone) -> StubResolver:
            silent = {**records, "mail.weg.zz": Fault.TIMEOUT}
            server = stack.enter_context(DnsServer(silent))
            servers.append(server)
            return StubResolver([server.address], timeout=60, lifetime=60)

        servers: list[DnsServer] = []
        guarded = open_gate(Guard(resolver=resolver, seconds=1 if behind else 60))
        guarded.protect("example.test", greylisting=False)
        connections = guarded.ports.hosts["mx"].connections
        with Dialog(guarded.server, NAMELESS) as dialog:
            dialog.reply()
            dialog.ask("EHLO mail.weg.zz")
            dialog.ask("MAIL FROM:<x@alps.zz>")
            dialog.socket.sendall(f"RCPT TO:<{ANNA}>\r\n{behind}".encode())
            eventually(lambda: servers[0].asked("mail.weg.zz", "A") > 0)
            assert len(connections) == 1
            dialog.socket.shutdown(socket.SHUT_WR)
            if behind:
                assert dialog.reply().startswith("451 4.7.1")
                assert dialog.reply().startswith("554 5.5.1 No recipient")
            else:
                assert dialog.reply().startswith("421 4.4.2")
            assert dialog.line() == CLOSED
            eventually(lambda: not connections)
