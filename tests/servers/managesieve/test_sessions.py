"""A session's life: logins, limits, order, the ends it can come to."""

import asyncio
import base64
import threading
from pathlib import Path

import pytest

from alphorn.base.secret import Secret
from alphorn.operations import accounts, passwords, scripts
from alphorn.operations.throttle import LoginLimits
from alphorn.servers.managesieve.handlers import HANDLERS
from alphorn.servers.plain_login import PlainLogin
from alphorn.store.limits import MAX_SCRIPT_OCTETS, MAX_SCRIPTS, MAX_SCRIPTS_OCTETS
from alphorn.wire.managesieve.grammar import TABLE
from alphorn.wire.managesieve.limits import Limits as WireLimits
from tests.servers.imap.test_sessions import scram_final
from tests.servers.managesieve.house import ADDRESS, Client, House, connect, logged_in, plain
from tests.support.installation import PASSWORD
from tests.support.stage import certificate_files, client_context, on_loop

WRONG = 'NO "The user name or the password is wrong."'


def test_each_command_that_can_be_parsed_has_its_handler() -> None:
    assert set(HANDLERS) == {row.name for row in TABLE}


# -- logging in --


async def scram(client: Client, password: str, *, initial: bool) -> str:
    first = f"n={ADDRESS},r=fyko+d2lbbFgONRv9qkxdawL"
    encoded = base64.b64encode(f"n,,{first}".encode()).decode()
    if initial:
        client.send(f'AUTHENTICATE "SCRAM-SHA-256" {{{len(encoded)}+}}\r\n{encoded}')
    else:
        client.send('AUTHENTICATE "SCRAM-SHA-256"')
        assert await client.line() == '""'
        client.send(f'"{encoded}"')
    challenge = base64.b64decode((await client.line()).strip('"')).decode()
    final = scram_final(password, first, challenge)
    client.send(f'"{base64.b64encode(final.encode()).decode()}"')
    return await client.line()


@pytest.mark.parametrize("initial", [False, True])
def test_scram_says_its_last_word_with_the_success(house: House, initial: bool) -> None:
    async def body(port: int) -> None:
        client = await connect(port)
        assert await scram(client, "wrong", initial=initial) == WRONG.replace(".", "")
        answer = await scram(client, PASSWORD, initial=initial)
        assert answer.startswith('OK (SASL "')
        assert base64.b64decode(answer.split('"')[1]).startswith(b"v=")
        assert await client.do("LISTSCRIPTS") == ['OK "That is all"']

    house.serve(body)
    assert [(one.protocol, one.reason) for one in house.logins] == [
        ("sieve", "wrong-password"),
        ("sieve", ""),
    ]


def test_device_passwords(house: House) -> None:
    control = house.installation.control
    made = passwords.add_device_password(control, ADDRESS, "editor", ("sieve",))
    other = passwords.add_device_password(control, ADDRESS, "phone", ("imap", "smtp"))

    async def body(port: int) -> None:
        client = await connect(port)
        answer = await client.do(plain(other.password.reveal()))
        assert answer == ['NO "This device password is not for SIEVE."']
        assert await client.do(plain(made.password.reveal())) == ['OK "Logged in"']

    house.serve(body)


def test_failed_logins_end_the_connection(house: House) -> None:
    async def body(port: int) -> None:
        client = await connect(port)
        for number in range(house.limits.failed_logins):
            assert await client.do(plain(f"wrong{number}")) == [WRONG]
        assert await client.line() == 'BYE "Too many failed logins"'
        assert await client.line() == ""

    house.serve(body)


def test_a_failed_login_is_answered_late(house: House) -> None:
    house.limit(failure_delay=0.2)

    async def body(port: int) -> None:
        client = await connect(port)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        await client.do(plain("wrong"))
        assert loop.time() - begin >= 0.2

    house.serve(body)


def test_whoever_guesses_has_to_wait(house: House) -> None:
    house.limit(failed_logins=100)

    async def body(port: int) -> None:
        client = await connect(port)
        for number in range(LoginLimits().account_failures):
            assert await client.do(plain(f"wrong{number}")) == [WRONG]
        (answer,) = await client.do(plain())
        assert answer.startswith('NO (TRYLATER) "Too many failed logins; try again in ')

    house.serve(body)


def test_no_password_without_tls(house: House, tmp_path: Path) -> None:
    house.limit(plain_login=PlainLogin.NEVER)
    files = certificate_files(tmp_path)

    async def main() -> None:
        async with house.serving(files) as port:
            client = await connect(port)
            capabilities = await client.do("CAPABILITY")
            assert '"SASL" ""' in capabilities
            assert '"STARTTLS"' in capabilities
            assert await client.do(plain()) == [
                'NO (ENCRYPT-NEEDED) "Passwords need TLS: STARTTLS first"'
            ]
            # what comes behind STARTTLS in plaintext is never obeyed
            client.send('STARTTLS\r\nNOOP "injected"')
            assert await client.line() == 'OK "Begin TLS now"'
            await client.writer.start_tls(client_context(files), server_hostname="localhost")
            # capabilities are said again, unasked (RFC 5804 §2.2)
            capabilities = await client.answer()
            assert '"SASL" "SCRAM-SHA-256 PLAIN LOGIN"' in capabilities
            assert '"STARTTLS"' not in capabilities
            assert await client.do("STARTTLS") == ['NO "TLS cannot be begun now"']
            assert await client.do(plain()) == ['OK "Logged in"']

    on_loop("asyncio", main)


# -- limits --


def test_commands_before_login_are_limited(house: House) -> None:
    house.limit(early_commands=5)

    async def body(port: int) -> None:
        client = await connect(port)
        for _ in range(5):
            await client.do("NOOP")
        assert await client.do("NOOP") == ['BYE "Too many commands without login"']
        assert await client.line() == ""

    house.serve(body)


def test_connections_of_an_account_are_limited(house: House) -> None:
    house.limit(connections_per_account=2)

    async def body(port: int) -> None:
        first, second = await logged_in(port), await logged_in(port)
        third = await connect(port)
        full = ['NO (TRYLATER) "Too many connections to this account"']
        assert await third.do(plain()) == full
        assert await second.do("UNAUTHENTICATE") == ['OK "Logged out"']
        assert await third.do(plain()) == ['OK "Logged in"']
        assert await second.do(plain()) == full
        await first.do("LOGOUT")
        await first.close()
        while house.service.count() == 2:
            await asyncio.sleep(0)
        assert await second.do(plain()) == ['OK "Logged in"']

    house.serve(body)
    assert house.service.count() == 0


@pytest.mark.parametrize("limit", ["login", "idle"])
def test_silence_ends_a_session(house: House, limit: str) -> None:
    house.limit(**{limit: 0.1})

    async def body(port: int) -> None:
        client = await (logged_in if limit == "idle" else connect)(port)
        assert await client.line() == 'BYE "Nothing was said for too long"'
        assert await client.line() == ""

    house.serve(body)


def test_quotas(house: House) -> None:
    large = "#" * (MAX_SCRIPT_OCTETS - 1) + "\n"
    mail = house.mail()

    async def body(port: int) -> None:
        client = await logged_in(port)
        for number in range(MAX_SCRIPTS_OCTETS // MAX_SCRIPT_OCTETS):
            line = f'PUTSCRIPT "large{number}" {{{len(large)}+}}\r\n{large}'
            assert await client.do(line) == ['OK "Stored"']
        (answer,) = await client.do('HAVESPACE "one more" 1')
        assert answer.startswith('NO (QUOTA) "All scripts together have at most ')
        assert await client.do('HAVESPACE "large1" 262144') == ['OK "There is room for it"']
        (answer,) = await client.do('PUTSCRIPT "one more" "keep;"')
        assert answer.startswith("NO (QUOTA) ")
        # One octet more, and so many more that it is not even held.
        for size in (MAX_SCRIPT_OCTETS + 1, MAX_SCRIPT_OCTETS + 2000):
            (answer,) = await client.do(f'PUTSCRIPT "large1" {{{size}+}}\r\n' + "#" * size)
            assert answer.startswith("NO (QUOTA/MAXSIZE) ")
        for one in scripts.list_scripts(mail):
            scripts.remove_script(mail, one.name)
        for number in range(MAX_SCRIPTS):
            scripts.put_script(mail, f"small{number}", "keep;")
        (answer,) = await client.do('PUTSCRIPT "one more" "keep;"')
        assert answer.startswith("NO (QUOTA/MAXSCRIPTS) ")
        assert await client.do('PUTSCRIPT "small1" "stop;"') == ['OK "Stored"']

    house.serve(body)


# -- order and ends --


def test_pipelined_commands_are_answered_in_order(house: House) -> None:
    async def body(port: int) -> None:
        client = await logged_in(port)
        for number in range(200):
            client.send(f'PUTSCRIPT "a" "# {number}"' if number % 20 == 0 else 'GETSCRIPT "a"')
            client.send(f'NOOP "{number}"')
        for number in range(200):
            answer = await client.answer()
            assert answer[-1].startswith("OK"), answer
            if number % 20:
                assert answer[1] == f"# {number // 20 * 20}"
            assert await client.answer() == [f'OK (TAG "{number}") "Done"']

    house.serve(body)


def test_a_client_that_does_not_read_fills_no_memory(house: House) -> None:
    source = "#" * 200_000
    scripts.put_script(house.mail(), "large", source)

    async def body(port: int) -> None:
        client = await logged_in(port)
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(200):
            client.send('GETSCRIPT "large"')
        (connection,) = house.host.connections
        while not connection._congested:
            await asyncio.sleep(0.01)
        for _ in range(20):
            await asyncio.sleep(0.01)
            held = connection._transport.get_write_buffer_size() + connection._out_octets
            assert held < 1 << 20
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        for _ in range(200):
            assert await client.line() == "{200000}"
            assert await client.reader.readexactly(200_002) == source.encode() + b"\r\n"
            assert await client.line() == 'OK "That is all"'

    house.serve(body)


def test_another_password_ends_sessions_before_their_next_command(house: House) -> None:
    async def body(port: int) -> None:
        client = await logged_in(port)
        control = house.installation.control
        new = Secret("another one entirely")
        await asyncio.to_thread(passwords.set_password, control, ADDRESS, new)
        assert await client.do('PUTSCRIPT "a" "keep;"') == ['BYE "Please log in again"']
        assert await client.line() == ""

    house.serve(body)
    assert scripts.list_scripts(house.mail()) == ()


def test_an_account_that_was_removed(house: House) -> None:
    async def body(port: int) -> None:
        client = await logged_in(port)
        control = house.installation.control
        await asyncio.to_thread(accounts.remove_account, control, ADDRESS)
        assert await client.do("NOOP") == ['BYE "Please log in again"']

    house.serve(body)


def test_the_loop_goes_on_while_a_script_is_compiled(house: House) -> None:
    """The store is held up, by a thread that waits for the loop to have done something else."""
    house.mail()
    release = threading.Event()
    account = house.store.account

    def slow(account_id: int) -> object:
        assert release.wait(10)
        return account(account_id)

    async def body(port: int) -> None:
        client, other = await logged_in(port), await logged_in(port)
        house.store.account = slow  # type: ignore[method-assign, assignment]
        client.send('PUTSCRIPT "a" "keep;"')
        assert await other.do("NOOP") == ['OK "Done"']
        release.set()
        assert await client.answer() == ['OK "Stored"']

    house.serve(body)


def test_the_end_of_the_service(house: House) -> None:
    async def body(port: int) -> None:
        client = await logged_in(port)
        session = next(iter(house.host.connections))._session
        assert session is not None
        session.shutdown()
        assert await client.line() == (
            'BYE (TRYLATER) "The server stops; connect again in a moment"'
        )
        assert await client.line() == ""

    house.serve(body)


def test_a_mistake_of_ours_is_not_told_to_the_client(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(port: int) -> None:
        client = await logged_in(port)
        house.store.account = lambda account_id: 1 / 0  # type: ignore[method-assign, assignment, return-value]
        assert await client.do("LISTSCRIPTS") == ['NO "Internal error; it has been logged"']
        assert await client.do("NOOP") == ['OK "Done"']

    house.serve(body)
    assert "a command failed" in caplog.text


def test_the_wire_takes_a_script_with_its_name_as_literals(house: House) -> None:
    assert house.limits.wire.literal >= MAX_SCRIPT_OCTETS + 4 * 128
    assert WireLimits().literal >= MAX_SCRIPT_OCTETS
