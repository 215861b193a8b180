"""The adapter with a small line-echo session, over real sockets."""

import asyncio
import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from alphorn.servers import host, transport
from alphorn.servers.connection import IO
from tests.support.stage import LOOPS, certificate_files, client_context, on_loop, stage

pytestmark = pytest.mark.parametrize("loop", sorted(LOOPS))


class Echo:
    """Answers each line with itself; some lines are commands."""

    def __init__(self, log: list[str] | None = None) -> None:
        self.log = log if log is not None else []
        self.buffer = b""
        self.io: IO

    def connected(self, io: IO) -> None:
        self.io = io
        self.log.append("connected")
        io.write(b"hello\r\n")

    def received(self, data: bytes) -> None:
        self.buffer += data
        self.work()

    def work(self) -> None:
        while b"\n" in self.buffer:
            line, self.buffer = self.buffer.split(b"\n", 1)
            command = line.strip()
            if command == b"starttls":
                self.io.write(b"go ahead\r\n")
                self.io.start_tls()
                return
            if command == b"quit":
                self.io.write(b"bye\r\n")
                self.io.close()
                return
            if command == b"slow":
                self.io.pause()
                self.io.run(threading.get_ident).add_done_callback(self.finished)
                return
            if command == b"fail":
                raise RuntimeError("a fault in the session")
            if command == b"binding":
                tls = self.io.tls_info()
                self.io.write(b"%d\r\n" % len((tls and tls.get_channel_binding()) or b""))
                continue
            self.io.write(command + b"\r\n")

    def finished(self, result: "asyncio.Future[int]") -> None:
        assert result.result() != threading.get_ident()
        self.io.write(b"done\r\n")
        self.io.resume()
        self.work()

    def secured(self) -> None:
        self.log.append("secured")
        self.buffer = b""

    def timed_out(self) -> None:
        self.io.write(b"too slow\r\n")
        self.io.close()

    def closed(self) -> None:
        self.log.append("closed")

    def shutdown(self) -> None:
        self.io.write(b"stopping\r\n")
        self.io.close()


def test_plain_lines_come_back_in_order_and_close_is_told_once(loop: str) -> None:
    log: list[str] = []

    async def main() -> None:
        async with stage(lambda: Echo(log)) as (host, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert await reader.readline() == b"hello\r\n"
            writer.write(b"one\r\ntwo\r\nslow\r\nthree\r\nquit\r\nignored\r\n")
            assert await reader.read() == b"one\r\ntwo\r\ndone\r\nthree\r\nbye\r\n"
            assert [c.peer.address for c in host.connections] in (["127.0.0.1"], [])
            writer.close()
            while host.connections:
                await asyncio.sleep(0)

    on_loop(loop, main)
    assert log == ["connected", "closed"]


def test_commands_cut_at_every_octet(loop: str) -> None:
    async def main() -> None:
        async with stage(Echo) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await reader.readline()
            for octet in b"one\r\nslow\r\ntwo\r\nquit\r\n":
                writer.write(bytes([octet]))
                await writer.drain()
            assert await reader.read() == b"one\r\ndone\r\ntwo\r\nbye\r\n"
            writer.close()

    on_loop(loop, main)


def test_client_that_closes_its_end_early_still_gets_its_answers(loop: str) -> None:
    async def main() -> None:
        async with stage(Echo) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"one\r\nslow\r\ntwo\r\nslow\r\nthree\r\n")
            writer.write_eof()
            expected = b"hello\r\none\r\ndone\r\ntwo\r\ndone\r\nthree\r\n"
            assert await reader.read() == expected
            writer.close()

    on_loop(loop, main)


def test_last_reply_survives_input_that_nobody_reads(loop: str) -> None:
    """A close with unread input would reset the connection and take the reply with it."""

    async def main() -> None:
        async with stage(Echo) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await reader.readline()
            writer.write(b"quit\r\n" + b"x" * 3_000_000)
            assert await reader.read() == b"bye\r\n"
            writer.close()

    on_loop(loop, main)


def tls_dialog(port: int, context: ssl.SSLContext, start: bool, sent: bytes) -> list[bytes]:
    """What a blocking client reads: implicit TLS, or STARTTLS where `start`."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
        lines = []
        if start:
            with plain.makefile("rb", buffering=0) as file:
                lines.append(file.readline())
                plain.sendall(b"starttls\r\ninjected\r\n")
                lines.append(file.readline())
        with (
            context.wrap_socket(plain, server_hostname="localhost") as secure,
            secure.makefile("rb") as file,
        ):
            secure.sendall(sent)
            lines += file.readlines()
            return lines


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_implicit_tls(loop: str, version: ssl.TLSVersion, tmp_path: Path) -> None:
    files = certificate_files(tmp_path)
    context = client_context(files)
    context.minimum_version = context.maximum_version = version
    payload = b"".join(b"%d\r\n" % n for n in range(40_000))

    async def main() -> None:
        async with stage(Echo, files, implicit_tls=True) as (_, port):
            lines = await asyncio.to_thread(
                tls_dialog, port, context, False, b"one\r\nslow\r\n" + payload + b"quit\r\n"
            )
        assert lines[:3] == [b"hello\r\n", b"one\r\n", b"done\r\n"]
        assert b"".join(lines[3:-1]) == payload
        assert lines[-1] == b"bye\r\n"

    on_loop(loop, main)


def test_starttls_discards_what_came_ahead(loop: str, tmp_path: Path) -> None:
    files = certificate_files(tmp_path)
    log: list[str] = []

    async def main() -> None:
        async with stage(lambda: Echo(log), files) as (_, port):
            lines = await asyncio.to_thread(
                tls_dialog, port, client_context(files), True, b"secret\r\nquit\r\n"
            )
        assert lines == [b"hello\r\n", b"go ahead\r\n", b"secret\r\n", b"bye\r\n"]

    on_loop(loop, main)
    assert log == ["connected", "secured", "closed"]


def test_channel_binding_is_that_of_the_client(loop: str, tmp_path: Path) -> None:
    files = certificate_files(tmp_path)
    context = client_context(files)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    async def main() -> None:
        async with stage(Echo, files, implicit_tls=True) as (_, port):
            lines = await asyncio.to_thread(tls_dialog, port, context, False, b"binding\r\nquit\n")
        assert int(lines[1]) > 0

    on_loop(loop, main)


@pytest.mark.parametrize("old", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_refused(loop: str, old: ssl.TLSVersion, tmp_path: Path) -> None:
    files = certificate_files(tmp_path)
    context = client_context(files)
    context.minimum_version = context.maximum_version = old
    context.set_ciphers("ALL:@SECLEVEL=0")
    failures: list[None] = []

    async def main() -> None:
        async with stage(
            Echo, files, implicit_tls=True, handshakes_failed=lambda: failures.append(None)
        ) as (host, port):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await asyncio.to_thread(tls_dialog, port, context, False, b"")
            while host.connections:
                await asyncio.sleep(0)

    on_loop(loop, main)
    assert len(failures) == 1


@pytest.mark.program("openssl")
@pytest.mark.parametrize("flag", ["-tls1_1", "-tls1_2", "-tls1_3"])
def test_openssl_client(loop: str, flag: str, tmp_path: Path) -> None:
    files = certificate_files(tmp_path)

    async def main() -> None:
        async with stage(Echo, files, implicit_tls=True) as (_, port):
            command = ["openssl", "s_client", "-quiet", "-verify_return_error", flag]
            command += ["-CAfile", str(files.certificate), "-connect", f"127.0.0.1:{port}"]
            done = await asyncio.to_thread(
                subprocess.run, command, input=b"one\nquit\n", capture_output=True, timeout=30
            )
        if flag == "-tls1_1":
            assert done.returncode != 0
            assert done.stdout == b""
        else:
            assert done.stdout == b"hello\r\none\r\nbye\r\n"

    assert shutil.which("openssl")
    on_loop(loop, main)


def test_handshake_has_a_limit(loop: str, tmp_path: Path) -> None:
    files = certificate_files(tmp_path)
    failures: list[None] = []

    async def main() -> None:
        async with stage(
            Echo,
            files,
            implicit_tls=True,
            handshake_seconds=0.1,
            handshakes_failed=lambda: failures.append(None),
        ) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()

    on_loop(loop, main)
    assert len(failures) == 1


def test_plaintext_on_a_tls_port_ends_the_connection(loop: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with stage(Echo, certificate_files(tmp_path), implicit_tls=True) as (host, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"EHLO example.test\r\n")
            assert b"hello" not in await reader.read()
            writer.close()
            while host.connections:
                await asyncio.sleep(0)

    on_loop(loop, main)


class Impatient(Echo):
    def connected(self, io: IO) -> None:
        super().connected(io)
        io.timeout(0.6)


def test_silence_has_a_limit_and_activity_moves_it(loop: str) -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        async with stage(Impatient) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await reader.readline()
            begin = clock()
            while clock() < begin + 1:
                writer.write(b"here\r\n")
                assert await reader.readline() == b"here\r\n"
                await asyncio.sleep(0.01)
            heard = clock()
            assert await reader.read() == b"too slow\r\n"
            assert clock() - heard > 0.05
            writer.close()

    on_loop(loop, main)


class Flood(Echo):
    """Writes much in reply to one line, waiting for the other side to take it."""

    chunks = 400
    most = 0

    def work(self) -> None:
        if b"\n" in self.buffer:
            self.buffer = b""
            self.io.pause()
            self.task = asyncio.ensure_future(self.flood())

    async def flood(self) -> None:
        for _ in range(self.chunks):
            self.io.write(b"x" * 65536)
            await self.io.drain()
            connection = self.io
            assert isinstance(connection, transport.Connection)
            size = connection._transport.get_write_buffer_size()
            Flood.most = max(Flood.most, size)
        self.io.close()


def test_long_reply_waits_for_a_slow_reader(loop: str) -> None:
    Flood.most = 0

    async def main() -> None:
        async with stage(Flood) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            await reader.readline()
            writer.write(b"go\r\n")
            total = 0
            while data := await reader.read(1 << 16):
                total += len(data)
            assert total == Flood.chunks * 65536
            writer.close()

    on_loop(loop, main)
    assert Flood.most < 2 * transport.WRITE_HIGH


def test_reader_that_takes_nothing_is_cut_off(loop: str) -> None:
    log: list[str] = []

    async def main() -> None:
        async with stage(lambda: Flood(log), stall_seconds=0.1) as (host, port):
            with socket.create_connection(("127.0.0.1", port)) as client:
                await asyncio.to_thread(client.sendall, b"go\r\n")
                while "closed" not in log:
                    await asyncio.sleep(0.01)
            assert not host.connections

    on_loop(loop, main)


def test_client_that_never_reads_its_answers_is_not_read_either(loop: str) -> None:
    """Pipelined commands stop being taken when their replies are not; memory stays bounded."""

    async def main() -> None:
        async with stage(Echo) as (host, port):
            client = socket.create_connection(("127.0.0.1", port))
            client.setblocking(False)
            asyncio_loop = asyncio.get_running_loop()
            line = b"x" * 1022 + b"\r\n"
            try:
                async with asyncio.timeout(0.7):
                    for _ in range(64):
                        await asyncio_loop.sock_sendall(client, line * 1024)
                pytest.fail("64 MiB were swallowed")
            except TimeoutError:
                pass
            (connection,) = host.connections
            assert connection._transport.get_write_buffer_size() < 4 << 20
            client.close()

    on_loop(loop, main)


def test_fault_in_one_session_ends_that_one_only(
    loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with stage(Echo) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            other_reader, other_writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"fail\r\n")
            with contextlib.suppress(ConnectionError):
                assert await reader.read() in (b"hello\r\n", b"")
            other_writer.write(b"one\r\nquit\r\n")
            assert await other_reader.read() == b"hello\r\none\r\nbye\r\n"
            writer.close()
            other_writer.close()

    on_loop(loop, main)
    assert "a session failed" in caplog.text


def test_shutdown_says_goodbye(loop: str) -> None:
    async def main() -> None:
        async with stage(Echo) as (host, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await reader.readline()
            for connection in host.connections:
                connection.shutdown()
            assert await reader.read() == b"stopping\r\n"
            writer.close()

    on_loop(loop, main)


def test_writes_of_one_turn_leave_in_one_packet(loop: str) -> None:
    sizes: list[int] = []

    async def main() -> None:
        async with stage(Echo) as (host, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await reader.readline()
            (connection,) = host.connections
            real = connection._transport

            class Spy:
                def write(self, data: bytes) -> None:
                    sizes.append(len(data))
                    real.write(data)

                def __getattr__(self, name: str) -> object:
                    return getattr(real, name)

            connection._transport = Spy()  # type: ignore[assignment]
            writer.write(b"a\r\nb\r\nc\r\nquit\r\n")
            assert await reader.read() == b"a\r\nb\r\nc\r\nbye\r\n"
            writer.close()

    on_loop(loop, main)
    assert sizes == [14]


def test_plain_address(loop: str) -> None:
    assert host.plain_address("::ffff:192.0.2.1") == "192.0.2.1"
    assert host.plain_address("fe80::1%eth0") == "fe80::1"
    assert host.plain_address("192.0.2.1") == "192.0.2.1"
