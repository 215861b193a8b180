"""Other filters, as their packages bring them, without any test that asks the network.

Each runs in a folder of its own with its own database. What it says at its own default threshold
counts; its programs' processor time is read from the kernel. Daemons listen on a Unix socket or on
the loopback interface and end with the run.
"""

from __future__ import annotations

import http.client
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.spam.corpus import Sample

# What only the loss of fields and of the connection makes them say, of all mail alike.
ARTEFACTS = {
    "SpamAssassin": (
        *("FAKE_REPLY_A", "FAKE_REPLY_B", "FAKE_REPLY_C", "MISSING_HEADERS", "RDNS_NONE"),
        *("FORGED_MUA_OUTLOOK", "FORGED_MUA_MOZILLA", "FORGED_MUA_EUDORA", "FORGED_MUA_IMS"),
        *("FORGED_MUA_OIMO", "FORGED_MUA_THEBAT_BOUN", "MSGID_OUTLOOK_INVALID"),
    ),
    "Rspamd": (
        *("HFILTER_HOSTNAME_UNKNOWN", "FAKE_REPLY", "REPLYTO_EQ_TO_ADDR", "OLD_X_MAILER"),
        *("FORGED_MUA_OUTLOOK", "FORGED_MUA_MOZILLA_MAIL_MSGID_UNKNOWN", "FORGED_IMS"),
        *("FORGED_MUA_MOZILLA_MAIL_MSGID", "FORGED_MUA_KMAIL_MSGID_UNKNOWN", "MISSING_TO"),
        *("FORGED_MUA_KMAIL_MSGID", "FORGED_MUA_THEBAT_MSGID_UNKNOWN", "FORGED_MUA_THEBAT_BOUN"),
        *("FORGED_MUA_THEBAT_MSGID", "FORGED_MUA_OPERA_MSGID", "FORGED_MUA_SEAMONKEY_MSGID"),
        *("FORGED_MUA_SEAMONKEY_MSGID_UNKNOWN", "FORGED_MUA_THUNDERBIRD_MSGID"),
        *("FORGED_MUA_THUNDERBIRD_MSGID_UNKNOWN", "REPLYTO_EQ_TO_ADDR"),
    ),
}

TICK = os.sysconf("SC_CLK_TCK")
START = 60.0


class Bogofilter:
    """Robinson and Fisher's method over words, in C."""

    name = "bogofilter"

    def __init__(self, work: Path) -> None:
        self.folder = work / "bogofilter"
        self.seconds = 0.0
        self.judged = 0
        self.fresh()

    @staticmethod
    def there() -> bool:
        return shutil.which("bogofilter") is not None

    def fresh(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def learn(self, samples: Sequence[Sample]) -> None:
        for flag, spam in (("-s", True), ("-n", False)):
            paths = files(self.folder / "learn", [s for s in samples if s.spam is spam])
            self._run(flag, "-b", paths=paths)

    def judge(self, samples: Sequence[Sample]) -> list[float]:
        paths = files(self.folder / "judge", samples)
        begun = children()
        lines = self._run("-T", "-b", paths=paths).splitlines()
        self.seconds += children() - begun
        self.judged += len(samples)
        verdicts = dict(line.split()[:2] for line in lines)
        numbers = {line.split()[0]: float(line.split()[2]) for line in lines}
        return [(0.5 if verdicts[p] == "S" else -1.0) + numbers[p] / 2 for p in paths]

    def octets(self) -> int:
        return sum(path.stat().st_size for path in self.folder.glob("*.*") if path.is_file())

    def close(self) -> None:
        """Nothing runs."""

    def _run(self, *arguments: str, paths: Sequence[str]) -> str:
        command = ["bogofilter", "-C", "-d", str(self.folder), *arguments]
        done = subprocess.run(command, input="\n".join(paths), capture_output=True, text=True)
        if done.returncode > 2:
            raise RuntimeError(done.stderr)
        return done.stdout


class SpamAssassin:
    """Rules and a Bayesian classifier, in Perl; `spamd -L` with one child."""

    name = "SpamAssassin"

    def __init__(self, work: Path) -> None:
        self.folder = work / "spamassassin"
        self.site = self.folder / "site"
        self.socket = str(self.folder / "socket")
        self.seconds = 0.0
        self.judged = 0
        self.daemon: subprocess.Popen[bytes] | None = None
        self.fresh()

    @staticmethod
    def there() -> bool:
        return all(shutil.which(name) for name in ("spamd", "spamc", "sa-learn"))

    def fresh(self) -> None:
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.site.mkdir(parents=True)
        for path in Path("/etc/spamassassin").glob("*.pre"):
            shutil.copy(path, self.site)
        (self.site / "local.cf").write_text(
            f"use_bayes 1\nbayes_auto_learn 0\nbayes_path {self.folder}/bayes\n"
            "bayes_file_mode 0777\nuse_auto_whitelist 0\nskip_rbl_checks 1\nuse_txrep 0\n"
            + "".join(f"score {name} 0\n" for name in ARTEFACTS[self.name])
        )
        self.folder.chmod(0o777)

    def learn(self, samples: Sequence[Sample]) -> None:
        for flag, spam in (("--spam", True), ("--ham", False)):
            folder = self.folder / f"learn{flag}"
            files(folder, [s for s in samples if s.spam is spam])
            command = ["sa-learn", f"--siteconfigpath={self.site}", "-L", "--no-sync", flag, folder]
            subprocess.run(command, check=True, capture_output=True)
        command = ["sa-learn", f"--siteconfigpath={self.site}", "-L", "--sync"]
        subprocess.run(command, check=True, capture_output=True)
        for path in self.folder.glob("bayes*"):
            path.chmod(0o666)

    def judge(self, samples: Sequence[Sample]) -> list[float]:
        if self.daemon is None:
            self.daemon = self._start()
        begun = tree(self.daemon.pid)
        found = []
        for sample in samples:
            done = subprocess.run(
                ["spamc", "-U", self.socket, "-c", "-s", "20000000"],
                input=sample.raw,
                capture_output=True,
            )
            score, _, least = done.stdout.decode().strip().partition("/")
            found.append(float(score) - float(least))
        self.seconds += tree(self.daemon.pid) - begun
        self.judged += len(samples)
        return found

    def octets(self) -> int:
        return sum(path.stat().st_size for path in self.folder.glob("bayes*"))

    def close(self) -> None:
        if self.daemon is not None:
            stop(self.daemon)
            self.daemon = None

    def _start(self) -> subprocess.Popen[bytes]:
        daemon = subprocess.Popen(
            [
                *("spamd", "-L", "--max-children=1", f"--socketpath={self.socket}", "-x"),
                *(f"--siteconfigpath={self.site}", "-u", "nobody", "--syslog=null"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in waiting("spamd"):
            with socket.socket(socket.AF_UNIX) as connection:
                if connection.connect_ex(self.socket) == 0:
                    break
        return daemon


class Rspamd:
    """Rules and a Bayesian classifier over pairs of words, in C and Lua; needs Redis."""

    name = "Rspamd"

    def __init__(self, work: Path) -> None:
        self.folder = work / "rspamd"
        self.seconds = 0.0
        self.judged = 0
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "local.d").mkdir(parents=True)
        self.redis_socket = self.folder / "redis"
        self.port, self.controller = free_ports(2)
        for name, text in self._configuration().items():
            (self.folder / "local.d" / name).write_text(text)
        self.redis = subprocess.Popen(
            [
                *("redis-server", "--port", "0", "--unixsocket", str(self.redis_socket)),
                *("--save", "", "--dir", str(self.folder), "--unixsocketperm", "777"),
            ],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        places = ("LOCAL_CONFDIR", "DBDIR", "RUNDIR", "LOGDIR")
        self.daemon = subprocess.Popen(
            ["rspamd", "-f", "-i", *(f"--var={place}={self.folder}" for place in places)],
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "errors").open("wb"),
            start_new_session=True,
        )
        for _ in waiting("rspamd"):
            with socket.socket() as connection:
                if connection.connect_ex(("127.0.0.1", self.controller)) == 0:
                    break

    @staticmethod
    def there() -> bool:
        return all(shutil.which(name) for name in ("rspamd", "redis-server", "redis-cli"))

    def fresh(self) -> None:
        self._redis("FLUSHALL")

    def learn(self, samples: Sequence[Sample]) -> None:
        for sample in samples:
            path = "/learnspam" if sample.spam else "/learnham"
            self._ask(self.controller, path, sample.raw)

    def judge(self, samples: Sequence[Sample]) -> list[float]:
        begun = self._processor()
        found = []
        for sample in samples:
            answer = self._ask(self.port, "/checkv2", sample.raw)
            found.append(float(answer.get("score", 0.0)) - self.least)
        self.seconds += self._processor() - begun
        self.judged += len(samples)
        return found

    least = 6.0  # from which on its default configuration marks mail as spam

    def octets(self) -> int:
        lines = self._redis("INFO", "memory").splitlines()
        return next(int(line[12:]) for line in lines if line.startswith("used_memory:"))

    def close(self) -> None:
        stop(self.daemon)
        stop(self.redis)

    def _processor(self) -> float:
        return tree(self.daemon.pid) + tree(self.redis.pid)

    def _redis(self, *command: str) -> str:
        done = subprocess.run(
            ["redis-cli", "-s", str(self.redis_socket), *command],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def _ask(self, port: int, path: str, raw: bytes) -> dict[str, object]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            settings = json.dumps({"symbols_disabled": ARTEFACTS[self.name]})
            connection.request("POST", path, raw, {"Settings": settings})
            return dict(json.loads(connection.getresponse().read() or b"{}"))
        finally:
            connection.close()

    def _configuration(self) -> dict[str, str]:
        asks = "rbl surbl spf dkim dmarc arc fuzzy_check asn phishing mx_check url_redirector"
        off = {f"{name}.conf": "enabled = false;\n" for name in asks.split()}
        return {
            **off,
            "options.inc": 'dns { nameserver = ["127.0.0.1:9"]; timeout = 0.1s; }\n',
            "logging.inc": f'type = "file"; filename = "{self.folder}/log"; level = "error";\n',
            "redis.conf": f'servers = "{self.redis_socket}";\n',
            "classifier-bayes.conf": f'backend = "redis"; servers = "{self.redis_socket}";\n',
            "worker-normal.inc": f'bind_socket = "127.0.0.1:{self.port}"; count = 1;\n',
            "worker-controller.inc": (
                f'bind_socket = "127.0.0.1:{self.controller}"; count = 1;\n'
                'secure_ip = ["127.0.0.1"];\n'
            ),
            "worker-proxy.inc": "enabled = false;\n",
            "worker-fuzzy.inc": "enabled = false;\n",
            "greylist.conf": "enabled = false;\n",
            "ratelimit.conf": "enabled = false;\n",
            "replies.conf": "enabled = false;\n",
            "history_redis.conf": "enabled = false;\n",
        }


def files(folder: Path, samples: Sequence[Sample]) -> list[str]:
    """The samples as files in a new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    paths = []
    for number, sample in enumerate(samples):
        path = folder / f"{number:05}.eml"
        path.write_bytes(sample.raw)
        paths.append(str(path))
    return paths


def children() -> float:
    """Processor seconds of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def tree(pid: int) -> float:
    """Processor seconds of a process and all below it, those that have ended included."""
    total = 0
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total = sum(map(int, fields[11:15]))
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    return total / TICK + sum(tree(int(child)) for child in below)


def waiting(name: str) -> Iterator[None]:
    """Ask again for a while, then give up loudly."""
    end = time.monotonic() + START
    while time.monotonic() < end:
        yield
        time.sleep(0.1)
    raise RuntimeError(f"{name} does not start")


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


PEERS = (Bogofilter, SpamAssassin, Rspamd)
