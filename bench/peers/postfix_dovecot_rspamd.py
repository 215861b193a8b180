"""Postfix and Dovecot with Rspamd as a milter, as the usual bundles run it.

Rspamd has its package's defaults, with the lists it asks denied by the bench's DNS server. Off is
what would need the Internet (fuzzy hashes, maps, the numbers of networks), and greylisting, since
the correspondent would have passed it. Told that clients on loopback are strangers, it does all it
does for a client from elsewhere. It has learned the same messages.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from bench import names, strangers
from bench.peers import postfix_dovecot

MILTER = """
smtpd_milters = inet:127.0.0.1:{milter}
non_smtpd_milters =
milter_protocol = 6
milter_default_action = tempfail
"""
OFF = "fuzzy_check rspamd_update asn phishing url_redirector greylist ratelimit".split()
STRANGERS = "spf dkim dmarc arc hfilter".split()


class PostfixDovecotRspamd(postfix_dovecot.PostfixDovecot):
    name = "Postfix + Dovecot + Rspamd"
    milter, normal, controller, redis = 11332, 11333, 11334, 10637
    more_postfix = MILTER.format(milter=milter)

    @staticmethod
    def available() -> str:
        if reason := postfix_dovecot.PostfixDovecot.available():
            return reason
        needed = ("rspamd", "rspamc", "redis-server")
        missing = [name for name in needed if not shutil.which(name)]
        return f"not installed: {', '.join(missing)}" if missing else ""

    def version(self) -> str:
        rspamd = subprocess.run(["rspamd", "--version"], capture_output=True, text=True)
        return f"{super().version()}, Rspamd {rspamd.stdout.split()[-1]}"

    def start(self) -> None:
        os.chmod(self.state, 0o755)
        self.spawn(
            "redis", "redis-server", "--bind", "127.0.0.1", "--port", str(self.redis),
            "--dir", self.state, "--save", "", "--appendonly", "no",
        )  # fmt: skip
        self.start_rspamd()
        super().start()
        self.rest()

    def start_rspamd(self) -> None:
        owner = pwd.getpwnam("_rspamd")
        # Compiled patterns, kept between rounds.
        patterns = Path(tempfile.gettempdir(), f"alphorn-bench-{os.getuid()}-patterns")
        places = {name: self.state / f"rspamd-{name.lower()}" for name in ("DB", "RUN", "LOG")}
        for folder in (patterns, *places.values()):
            folder.mkdir(exist_ok=True)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        config = self.state / "rspamd-conf"
        (config / "override.d").mkdir(parents=True)
        for name, text in self.configuration(patterns, places["LOG"]).items():
            (config / "override.d" / name).write_text(text)
        self.spawn(
            "rspamd", "rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd",
            f"--var=LOCAL_CONFDIR={config}",
            *(f"--var={name}DIR={path}" for name, path in places.items()),
        )  # fmt: skip
        self.wait_for(self.milter, self.normal, self.controller, seconds=120)
        for word, spam in (("ham", False), ("spam", True)):
            learned = strangers.folder(self.state / f"learn-{word}", strangers.lessons(spam))
            command = ["rspamc", "-h", f"127.0.0.1:{self.controller}", "-n", "4", f"learn_{word}"]
            subprocess.run([*command, learned], check=True, capture_output=True, timeout=300)

    def configuration(self, patterns: Path, logs: Path) -> dict[str, str]:
        files = {
            "options.inc": f'dns {{ nameserver = ["127.0.0.1:{names.PORT}"]; }}\n'
            f'hs_cache_dir = "{patterns}/";\n',
            "worker-proxy.inc": f'bind_socket = "127.0.0.1:{self.milter}";\n'
            f'upstream "local" {{ default = yes; hosts = "127.0.0.1:{self.normal}"; }}\n',
            "worker-normal.inc": f'bind_socket = "127.0.0.1:{self.normal}";\n',
            "worker-controller.inc": f'bind_socket = "127.0.0.1:{self.controller}";\n'
            'secure_ip = "127.0.0.1";\n',
            "redis.conf": f'servers = "127.0.0.1:{self.redis}";\n',
            "milter_headers.conf": 'use = ["authentication-results", "x-spamd-bar"];\n'
            "skip_local = false;\n",
            "logging.inc": f'type = "file";\nfilename = "{logs}/rspamd.log";\nlevel = "info";\n',
        }
        files |= {f"{name}.conf": "enabled = false;\n" for name in OFF}
        files |= {f"{name}.conf": "check_local = true;\n" for name in STRANGERS}
        return files | {"rbl.conf": "local_exclude_ip_map = [];\nexclude_local = false;\n"}

    def rest(self) -> None:
        """Wait until it has compiled its patterns."""
        quiet, end = 0, time.monotonic() + 60
        while quiet < 3 and time.monotonic() < end:
            before = busy()
            time.sleep(1)
            quiet = quiet + 1 if busy() - before < 20 else 0


def busy() -> int:
    """Ticks in which the machine did something, over all processors."""
    fields = [int(word) for word in Path("/proc/stat").read_text().split()[1:9]]
    return sum(fields[:3]) + sum(fields[5:7])
