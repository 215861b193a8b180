"""Real engines in a folder of their own, and a peer that behaves as a test wants it to.

    with rspamd(folder) as daemon: daemon.worker, daemon.controller     endpoints
    with clamd(folder) as daemon: daemon.socket, daemon.tcp

Both listen on loopback and on Unix sockets, know only what is written here, and ask nobody.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from alphorn.base.kinds import Endpoint

READY_SECONDS = 60.0
STOP_SECONDS = 30.0
PASSWORD = "sesame street"
STREAM_MAX = 300 << 10
"""Octets that this clamd takes (its StreamMaxLength)."""

MALWARE = b"alphorn test malware"
"""What this clamd takes for a virus."""
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The harmless file by which scanners are tried (eicar.org), put together here."""
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*" + b"GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
"""The same for filters against spam; Rspamd refuses it."""

_RSPAMD = """
options {{
  pidfile = "{folder}/pid"; tempdir = "{folder}"; url_tld = "{folder}/tld.dat";
  control_socket = "{folder}/control mode=0600"; filters = "regexp"; local_addrs = [];
  dns {{ nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }}
}}
logging {{ type = "console"; level = "info"; }}
actions {{ reject = 15; "add header" = 6; greylist = 4; }}
group "test" {{
  symbols = {{
    "LOTTERY" {{ weight = 7.5; description = "Promises a prize in a lottery"; }}
    "MEETING" {{ weight = -2.0; description = "Speaks of a meeting"; }}
    "ANYTHING" {{ weight = 0.0; description = "Has a subject"; }}
  }}
}}
regexp {{
  LOTTERY = "/lottery/i{{body}}"; MEETING = "Subject=/meeting/i"; ANYTHING = "Subject=/./";
}}
lua = "{folder}/test.lua";
modules {{ path = "{folder}/plugins/"; }}
"""

_WORKER = """
worker "normal" {{
  bind_socket = "127.0.0.1:{port}"; bind_socket = "{folder}/worker mode=0600"; count = 1;
}}
"""

# In a daemon of its own: workers that make the classifier's files at the same time lock each other
# out of them.
_CONTROLLER = """
worker "controller" {{
  bind_socket = "127.0.0.1:{port}"; count = 1; secure_ip = [];
  password = "nobody knows"; enable_password = "{password}";
}}
classifier "bayes" {{
  tokenizer {{ name = "osb"; }} min_tokens = 1; min_learns = 1; backend = "sqlite3";
  cache {{ type = "sqlite3"; path = "{folder}/known.sqlite"; }}
  statfile {{ symbol = "BAYES_HAM"; spam = false; path = "{folder}/ham.sqlite"; }}
  statfile {{ symbol = "BAYES_SPAM"; spam = true; path = "{folder}/spam.sqlite"; }}
}}
"""

# Orders something whatever the score is, and shows what was told of the envelope.
_LUA = """
rspamd_config:register_settings_id('lenient', {}, {LOTTERY = true})
rspamd_config:register_symbol{
  name = 'ORDERS', type = 'prefilter',
  callback = function(task)
    local word = task:get_header('X-Order')
    if word then task:set_pre_result(word, 'Because a rule says so', 'test') end
  end
}
rspamd_config:register_symbol{
  name = 'ENVELOPE', score = 0.0,
  callback = function(task)
    local function shown(value) return value and tostring(value) or '-' end
    local to = {}
    for _, one in ipairs(task:get_recipients('smtp') or {}) do table.insert(to, one.addr) end
    local from = task:get_from('smtp')
    return true, 1.0, shown(task:get_from_ip()), table.concat({
      shown(task:get_helo()), shown(task:get_hostname()), shown(from and from[1].addr),
      table.concat(to, '+'), shown(task:get_user()), shown(task:get_queue_id())}, ' ')
  end
}
"""

_CLAMD = """
LocalSocket {folder}/socket
TCPSocket {port}
TCPAddr 127.0.0.1
DatabaseDirectory {folder}/signatures
TemporaryDirectory {folder}
Foreground yes
StreamMaxLength {most}
MaxThreads 4
"""


@dataclass(frozen=True, slots=True)
class RspamdDaemon:
    worker: Endpoint
    worker_socket: Endpoint
    controller: Endpoint


@dataclass(frozen=True, slots=True)
class ClamDaemon:
    socket: Endpoint
    tcp: Endpoint


@contextmanager
def rspamd() -> Iterator[RspamdDaemon]:
    with _rspamd(_WORKER) as (port, folder), _rspamd(_CONTROLLER) as (controller, _):
        yield RspamdDaemon(
            Endpoint("127.0.0.1", port),
            Endpoint(path=str(folder / "worker")),
            Endpoint("127.0.0.1", controller),
        )


@contextmanager
def _rspamd(worker: str) -> Iterator[tuple[int, Path]]:
    """With one worker; its port and folder."""
    with _folder() as folder:
        (folder / "plugins").mkdir()
        (folder / "tld.dat").write_text("test\n")
        (folder / "test.lua").write_text(_LUA)
        port = free_port()
        configuration = folder / "rspamd.conf"
        configuration.write_text(
            (_RSPAMD + worker).format(folder=folder, port=port, password=PASSWORD)
        )
        command = ["rspamd", "-f", "-i", "-c", str(configuration), "--var", f"DBDIR={folder}"]
        with _running(command, "listening for control commands"):
            yield port, folder


@contextmanager
def clamd() -> Iterator[ClamDaemon]:
    with _folder() as folder:
        (folder / "signatures").mkdir()
        (folder / "signatures" / "test.ndb").write_text(
            f"Alphorn.Test:0:*:{MALWARE.hex()}\nAlphorn.Eicar:0:*:{EICAR.hex()}\n"
        )
        port = free_port()
        configuration = folder / "clamd.conf"
        configuration.write_text(_CLAMD.format(folder=folder, port=port, most=STREAM_MAX))
        with _running(["clamd", "-c", str(configuration)], "Self checking"):
            yield ClamDaemon(Endpoint(path=str(folder / "socket")), Endpoint("127.0.0.1", port))


def free_port() -> int:
    """Nobody listens there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _folder() -> Iterator[Path]:
    """With a path short enough for the name of a socket."""
    folder = Path(tempfile.mkdtemp(prefix="alphorn-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(command: Sequence[str], ready: str) -> Iterator[None]:
    """From when its log says that it is ready until the block ends."""
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True
    )
    assert process.stdout is not None
    is_ready = threading.Event()
    log: list[str] = []

    def read() -> None:
        for line in process.stdout or ():
            log.append(line)
            if ready in line:
                is_ready.set()
        is_ready.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        said_so = is_ready.wait(READY_SECONDS)
        assert said_so, "".join(log[-20:])
        assert process.poll() is None, "".join(log[-20:])
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(STOP_SECONDS)
        process.stdout.close()


# -- peers that misbehave --------------------------------------------------------------------------

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Peer:
    """`connections` counts those that were made."""

    endpoint: Endpoint
    connections: int = 0


@asynccontextmanager
async def peer(behaviour: Behaviour) -> AsyncIterator[Peer]:
    """A server on loopback that does this with each connection; cut off when the block ends."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        there.connections += 1
        try:
            await behaviour(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # whoever is badly treated hangs up; and the end of the block is ours
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    there = Peer(Endpoint("127.0.0.1", server.sockets[0].getsockname()[1]))
    try:
        yield there
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes everything and says nothing."""
    while await reader.read(65_536):
        pass


def saying(*octets: bytes, pause: float = 0.0, forever: bool = False) -> Behaviour:
    """Reads the request's beginning, says this, with pauses between, and hangs up."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        while True:
            for part in octets:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            if not forever:
                return

    return behave
