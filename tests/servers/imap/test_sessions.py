"""A session's life: logins, limits, order, the ends it can come to."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from alphorn.base.secret import Secret
from alphorn.operations import accounts, passwords
from alphorn.servers.imap.fetching.plan import MAX_FIELD_NAMES, MAX_SECTIONS
from alphorn.servers.imap.handlers import HANDLERS
from alphorn.servers.plain_login import PlainLogin
from alphorn.wire.imap.parser.table import TABLE
from tests.servers.imap.house import ADDRESS, House
from tests.servers.imap.play import Client, connect, logged_in
from tests.support.installation import PASSWORD
from tests.support.stage import certificate_files, client_context, on_loop

Body = Callable[[int], Awaitable[None]]


def serve(house: House, body: Body) -> None:
    """Run the body with the port of a server."""

    async def main() -> None:
        async with house.serving() as port:
            await body(port)

    on_loop("uvloop", main)


def test_each_command_that_can_be_parsed_has_its_handler() -> None:
    assert set(HANDLERS) == {row.name for row in TABLE}


# -- logging in --


def scram_final(password: str, first: str, challenge: str) -> str:
    """The client's last message of SCRAM-SHA-256 (RFC 5802 §3), written from the standard."""
    fields = dict(part.split("=", 1) for part in challenge.split(","))
    salted = hashlib.pbkdf2_hmac(
        "sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"])
    )
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    final = f"c=biws,r={fields['r']}"
    message = f"{first},{challenge},{final}".encode()
    signature = hmac.digest(hashlib.sha256(client_key).digest(), message, "sha256")
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    return f"{final},p={base64.b64encode(proof).decode()}"


async def scram(client: Client, password: str) -> bytes:
    first = f"n={ADDRESS},r=fyko+d2lbbFgONRv9qkxdawL"
    initial = base64.b64encode(f"n,,{first}".encode())
    client.send(b"s AUTHENTICATE SCRAM-SHA-256 " + initial + b"\r\n")
    challenge = base64.b64decode((await client.line()).removeprefix(b"+ ")).decode()
    final = scram_final(password, first, challenge)
    client.send(base64.b64encode(final.encode()) + b"\r\n")
    line = await client.line()
    if line.startswith(b"+ "):
        assert base64.b64decode(line[2:]).startswith(b"v=")
        client.send(b"\r\n")
        line = await client.line()
    return line


def test_scram(house: House) -> None:
    async def body(port: int) -> None:
        client = await connect(port)
        assert (await scram(client, "wrong")).startswith(b"s NO [AUTHENTICATIONFAILED]")
        assert (await scram(client, PASSWORD)).startswith(b"s OK [CAPABILITY ")
        await client.do("SELECT INBOX")

    serve(house, body)


def test_device_passwords(house: House) -> None:
    control = house.installation.control
    made = passwords.add_device_password(control, ADDRESS, "phone", ("imap",))
    other = passwords.add_device_password(control, ADDRESS, "printer", ("smtp",))

    async def body(port: int) -> None:
        client = await connect(port)
        await client.do(f"LOGIN {ADDRESS} {made.password.reveal()}")
        client = await connect(port)
        lines = await client.do(f"LOGIN {ADDRESS} {other.password.reveal()}", ok=False)
        assert lines[-1].startswith(b"NO [AUTHENTICATIONFAILED]")

    serve(house, body)


def test_failed_logins_end_the_connection(house: House) -> None:
    async def body(port: int) -> None:
        client = await connect(port)
        for number in range(house.limits.failed_logins):
            client.send(f"a{number} LOGIN {ADDRESS} wrong{number}\r\n".encode())
            line = await client.line()
            assert line.startswith(b"a%d NO [AUTHENTICATIONFAILED]" % number)
        assert (await client.line()).startswith(b"* BYE Too many failed logins")
        assert await client.line() == b""

    serve(house, body)


def test_a_failed_login_is_answered_late(house: House) -> None:
    house.limit(failure_delay=0.2)

    async def body(port: int) -> None:
        client = await connect(port)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        await client.do(f"LOGIN {ADDRESS} wrong", ok=False)
        assert loop.time() - begin >= 0.2

    serve(house, body)


def test_commands_before_login_are_limited(house: House) -> None:
    house.limit(early_commands=5)

    async def body(port: int) -> None:
        client = await connect(port)
        for _ in range(5):
            await client.do("NOOP")
        client.send(b"x NOOP\r\n")
        assert (await client.line()).startswith(b"* BYE Too many commands")
        assert await client.line() == b""

    serve(house, body)


def test_connections_of_an_account_are_limited(house: House) -> None:
    house.limit(connections_per_account=2)

    async def body(port: int) -> None:
        first, second = await logged_in(port), await logged_in(port)
        third = await connect(port)
        lines = await third.do(f'LOGIN {ADDRESS} "{PASSWORD}"', ok=False)
        assert lines[-1].startswith(b"NO [LIMIT]")
        await second.do("LOGOUT")
        await second.close()
        while house.services[0].registry.count() == 2:
            await asyncio.sleep(0)
        await third.do(f'LOGIN {ADDRESS} "{PASSWORD}"')
        await first.do("NOOP")

    serve(house, body)


def test_no_password_without_tls(house: House, tmp_path: Path) -> None:
    house.limit(plain_login=PlainLogin.NEVER)
    files = certificate_files(tmp_path)

    async def main() -> None:
        async with house.serving(files=files) as port:
            client = await connect(port)
            capabilities = (await client.do("CAPABILITY"))[0].split()
            assert b"LOGINDISABLED" in capabilities
            assert b"STARTTLS" in capabilities
            assert not any(word.startswith(b"AUTH=") for word in capabilities)
            lines = await client.do(f'LOGIN {ADDRESS} "{PASSWORD}"', ok=False)
            assert lines[-1].startswith(b"NO [PRIVACYREQUIRED]")
            # what comes behind STARTTLS in plaintext is never obeyed
            client.send(b"s STARTTLS\r\ninjected NOOP\r\n")
            assert (await client.line()).startswith(b"s OK")
            await client.writer.start_tls(client_context(files), server_hostname="localhost")
            capabilities = (await client.do("CAPABILITY"))[0].split()
            assert b"LOGINDISABLED" not in capabilities
            assert b"STARTTLS" not in capabilities
            assert (await client.do("STARTTLS", ok=False))[-1].startswith(b"BAD")
            await client.do(f'LOGIN {ADDRESS} "{PASSWORD}"')

    on_loop("asyncio", main)


# -- order and amount --


def test_pipelined_commands_are_answered_in_order(house: House) -> None:
    async def body(port: int) -> None:
        client = await logged_in(port)
        await client.append("plain")
        kinds = ["NOOP", "SELECT INBOX", "FETCH 1 FLAGS", "STORE 1 +FLAGS.SILENT (\\Seen)",
                 "UID FETCH 1 BODY[TEXT]", "STATUS Sent (MESSAGES)", "SEARCH ALL"]  # fmt: skip
        commands = [f"p{n} {kinds[n % len(kinds)]}\r\n" for n in range(500)]
        client.send("".join(commands).encode())
        seen = []
        while len(seen) < 500:
            line = await client.line()
            if line.startswith(b"p"):
                tag, status, _ = line.split(b" ", 2)
                assert status == b"OK", line
                seen.append(int(tag[1:]))
        assert seen == list(range(500))

    serve(house, body)


def test_a_client_that_does_not_read_fills_no_memory(house: House) -> None:
    raw = b"Subject: large\r\n\r\n" + b"x" * 78 * 40_000

    async def body(port: int) -> None:
        client = await logged_in(port)
        for _ in range(3):
            await client.do(b"APPEND INBOX {%d+}\r\n%b" % (len(raw), raw))
        await client.do("SELECT INBOX")
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(30):
            client.send(b"x FETCH 1:3 BODY.PEEK[]\r\n")
        (connection,) = house.hosts[0].connections
        while not connection._congested:
            await asyncio.sleep(0.01)
        for _ in range(20):
            await asyncio.sleep(0.01)
            held = connection._transport.get_write_buffer_size() + connection._out_octets
            assert held < 1 << 20
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        got = 0
        while got < 30:
            line = await client.line()
            if line.startswith(b"* ") and b"BODY[]" in line:
                assert await client.octets(len(raw)) == raw
            got += line.startswith(b"x OK")

    serve(house, body)


def test_large_messages_whole_and_in_pieces(house: House) -> None:
    text = b"".join(b"line %07d of a long message\r\n" % n for n in range(60_000))
    raw = b"Subject: large\r\nContent-Type: text/plain\r\n\r\n" + text

    async def body(port: int) -> None:
        client = await logged_in(port)
        await client.do(b"APPEND INBOX {%d+}\r\n%b" % (len(raw), raw))
        await client.do("SELECT INBOX")
        client.send(b"a FETCH 1 (UID BODY[] RFC822.SIZE)\r\n")
        assert await client.line() == b"* 1 FETCH (UID 1 BODY[] {%d}" % len(raw)
        assert await client.octets(len(raw)) == raw
        assert await client.line() == b" RFC822.SIZE %d FLAGS (\\Seen))" % len(raw)
        assert await client.line() == b"a OK FETCH done"
        pieces = []
        for first in range(0, len(raw), 100_000):
            client.send(b"b UID FETCH 1 BODY.PEEK[]<%d.100000>\r\n" % first)
            size = int((await client.line()).rpartition(b"{")[2][:-1])
            pieces.append(await client.octets(size))
            assert await client.line() == b")"
            assert await client.line() == b"b OK FETCH done"
        assert b"".join(pieces) == raw

    serve(house, body)


def test_a_large_message_that_cannot_be_decoded(house: House) -> None:
    """The refusal comes instead of the reply, never in the middle of it."""
    head = b"Content-Type: application/x-large\r\nContent-Transfer-Encoding: x-strange\r\n\r\n"

    async def body(port: int) -> None:
        client = await logged_in(port)
        for raw in (head + b"small", head + b"x" * 1_000_000):
            await client.do(b"APPEND INBOX {%d+}\r\n%b" % (len(raw), raw))
        await client.do("SELECT INBOX")
        for number in (1, 2):
            for item in ("BINARY.PEEK[1]", "BINARY.SIZE[1]", "BODY.PEEK[1] BINARY.PEEK[1]"):
                lines = await client.do(f"FETCH {number} ({item})", ok=False)
                assert len(lines) == 1
                assert lines[0].startswith(b"NO [UNKNOWN-CTE] ")

    serve(house, body)


def test_what_one_fetch_may_ask_for_is_limited(house: House) -> None:
    async def body(port: int) -> None:
        client = await logged_in(port)
        await client.append("plain")
        await client.do("SELECT INBOX")
        most = " ".join(f"BODY.PEEK[]<{9000 + n}.1>" for n in range(MAX_SECTIONS))
        await client.do(f"FETCH 1 ({most})")
        lines = await client.do(f"FETCH 1 ({most} BODY.PEEK[TEXT])", ok=False)
        assert lines[-1].startswith(b"NO [LIMIT] ")
        names = " ".join(f"x-{n}" for n in range(MAX_FIELD_NAMES))
        await client.do(f"FETCH 1 BODY.PEEK[HEADER.FIELDS ({names})]")
        lines = await client.do(f"FETCH 1 BODY.PEEK[HEADER.FIELDS ({names} y)]", ok=False)
        assert lines[-1].startswith(b"NO [LIMIT] ")

    serve(house, body)


# -- how it ends --


def test_silence_ends_a_connection(house: House) -> None:
    house.limit(login=0.1, idle=0.4)

    async def body(port: int) -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        early, late = await connect(port), await logged_in(port)
        assert (await early.line()).startswith(b"* BYE")
        assert (await late.line()).startswith(b"* BYE")
        assert loop.time() - begin >= 0.4

    serve(house, body)


@pytest.mark.parametrize(
    "act",
    [
        lambda control: passwords.set_password(control, ADDRESS, Secret("another password")),
        lambda control: accounts.end_sessions(control, ADDRESS),
        lambda control: accounts.remove_account(control, ADDRESS),
    ],
    ids=["password", "ended", "removed"],
)
def test_a_session_ends_with_what_its_login_stood_on(
    house: House, act: Callable[[object], object]
) -> None:
    async def body(port: int) -> None:
        client = await logged_in(port)
        await client.do("SELECT INBOX")
        idler = await logged_in(port)
        idler.send(b"i IDLE\r\n")
        assert await idler.line() == b"+ idling"
        house.services[0].registry.tick()
        await client.do("NOOP")
        await asyncio.to_thread(act, house.installation.control)
        house.services[0].registry.tick()
        assert await client.line() == b"* BYE Please log in again"
        assert await idler.line() == b"* BYE Please log in again"

    serve(house, body)


def test_other_changes_of_an_account_leave_its_sessions_alone(house: House) -> None:
    async def body(port: int) -> None:
        client = await logged_in(port)
        await asyncio.to_thread(accounts.set_quota, house.installation.control, ADDRESS, 10_000_000)
        house.services[0].registry.tick()
        await client.do("NOOP")

    serve(house, body)


def test_goodbye_at_the_end_of_the_service(house: House) -> None:
    async def body(port: int) -> None:
        clients = [await connect(port), await logged_in(port), await logged_in(port)]
        clients[2].send(b"i IDLE\r\n")
        assert await clients[2].line() == b"+ idling"
        for connection in tuple(house.hosts[0].connections):
            connection.shutdown()
        for client in clients:
            assert (await client.line()).startswith(b"* BYE [UNAVAILABLE] ")
            assert await client.line() == b""

    serve(house, body)


def test_what_was_begun_is_answered_before_the_goodbye(house: House) -> None:
    async def body(port: int) -> None:
        client = await logged_in(port)
        raw = b"Subject: x\r\n\r\n" + b"y" * 300_000
        client.send(b"a APPEND INBOX {%d+}\r\n%b\r\n" % (len(raw), raw))
        (connection,) = house.hosts[0].connections
        while not connection._paused:
            await asyncio.sleep(0)
        connection.shutdown()
        assert (await client.line()).startswith(b"a OK [APPENDUID ")
        assert (await client.line()).startswith(b"* BYE [UNAVAILABLE] ")

    serve(house, body)


def test_bad_commands_without_end_end_the_connection(house: House) -> None:
    async def body(port: int) -> None:
        client = await logged_in(port)
        client.send(b"x NONSENSE\r\n" * (house.limits.wire.errors + 1))
        for _ in range(house.limits.wire.errors):
            assert (await client.line()).startswith(b"x BAD")
        assert (await client.line()).startswith(b"* BYE Too many bad commands")

    serve(house, body)


def test_the_mailbox_under_a_session_is_deleted(house: House) -> None:
    async def body(port: int) -> None:
        first, second = await logged_in(port), await logged_in(port)
        await first.do("CREATE x")
        await second.do("SELECT x")
        await first.do("DELETE x")
        second.send(b"a NOOP\r\n")
        assert await second.line() == b"* BYE The selected mailbox is gone"
        assert await second.line() == b""

    serve(house, body)


# -- failures --


def test_a_full_account(house: House) -> None:
    accounts.set_quota(house.installation.control, ADDRESS, 400)

    async def body(port: int) -> None:
        client = await logged_in(port)
        await client.append("plain")
        await client.do("SELECT INBOX")
        with pytest.raises(AssertionError, match="OVERQUOTA"):
            await client.append("plain")
        lines = await client.do("COPY 1 Sent", ok=False)
        assert lines[-1].startswith(b"NO [OVERQUOTA] ")
        await client.do("MOVE 1 Sent")

    serve(house, body)


def test_our_own_mistakes_are_logged_and_not_told(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(account_id: int) -> object:
        raise RuntimeError("the secret inside")

    async def body(port: int) -> None:
        client = await logged_in(port)
        monkeypatch.setattr(house.services[0].store, "account", broken)
        lines = await client.do("LIST a b", ok=False)
        assert lines == [b"NO [SERVERBUG] Internal error; it has been logged"]
        monkeypatch.undo()
        await client.do("NOOP")

    serve(house, body)
    assert "the secret inside" in caplog.text
