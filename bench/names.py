"""A real DNS server for the protected deliveries: NSD on loopback, which has the whole tree itself.

It answers for the correspondent's domain as the Internet would, and denies all other names: no
question of a measured server ever leaves the machine. Its processor time is nobody's.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

PORT = 10_853
DOMAIN = "correspondent.zz"
"""Below a name of two letters that is assigned to nobody (ISO 3166-1: ZZ)."""
HELO = f"out.{DOMAIN}"
SENDER = f"sender@{DOMAIN}"
SELECTOR = "bench"
LISTS = ("first.lists.zz", "second.lists.zz", "third.lists.zz")
ALLOW_LIST = "allow.lists.zz"

CONFIGURATION = """
server:
  ip-address: 127.0.0.1@{port}
  username: ""
  zonesdir: "{state}"
  xfrdir: "{state}"
  database: ""
  pidfile: "{state}/nsd.pid"
  zonelistfile: "{state}/zone.list"
  xfrdfile: "{state}/xfrd.state"
  logfile: "{state}/nsd.log"
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "root.zone"
"""

# 127.0.0.2 is on every list (RFC 5782 §5).
ZONE = """\
$ORIGIN .
$TTL 3600
@ SOA ns.zz. hostmaster.zz. 1 3600 600 86400 900
@ NS ns.zz.
ns.zz. A 127.0.0.1
{domain}. A 127.0.0.1
{domain}. MX 10 in.{domain}.
{domain}. TXT "v=spf1 mx include:_spf.{domain} -all"
_spf.{domain}. TXT "v=spf1 ip4:192.0.2.0/24 ip4:127.0.0.0/8 ~all"
in.{domain}. A 192.0.2.10
{helo}. A 127.0.0.1
{helo}. TXT "v=spf1 a -all"
_dmarc.{domain}. TXT "v=DMARC1; p=reject; rua=mailto:dmarc@{domain}"
{selector}._domainkey.{domain}. TXT {key}
1.0.0.127.in-addr.arpa. PTR {helo}.
"""


class Names:
    """Runs between `start` and `stop`."""

    def __init__(self, state: Path, record: str) -> None:
        """`record` is the text of the correspondent's DKIM key record."""
        self.state, self.record = state, record
        self.daemon: subprocess.Popen[bytes] | None = None

    @staticmethod
    def available() -> str:
        """Why it cannot run here, or ""."""
        return "" if program() else "not installed: nsd"

    def start(self) -> None:
        self.state.mkdir(parents=True, exist_ok=True)
        pieces = [self.record[at : at + 250] for at in range(0, len(self.record), 250)]
        key = " ".join(f'"{piece}"' for piece in pieces)
        zone = ZONE.format(domain=DOMAIN, helo=HELO, selector=SELECTOR, key=key)
        zone += "".join(f"2.0.0.127.{name}. A 127.0.0.2\n" for name in (*LISTS, ALLOW_LIST))
        (self.state / "root.zone").write_text(zone)
        config = self.state / "nsd.conf"
        config.write_text(CONFIGURATION.format(port=PORT, state=self.state))
        self.daemon = subprocess.Popen(
            [program(), "-d", "-c", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.state / "nsd.err").open("wb"),
            start_new_session=True,
        )
        end = time.monotonic() + 20
        while not self.answers():
            if time.monotonic() > end or self.daemon.poll() is not None:
                raise RuntimeError(f"NSD does not answer; see {self.state}")

    def answers(self) -> bool:
        """Whether it answers a question for the correspondent's MX."""
        labels = b"".join(bytes([len(x)]) + x.encode() for x in DOMAIN.split("."))
        question = b"\x12\x34\x01\x00\x00\x01\0\0\0\0\0\0" + labels + b"\0\x00\x0f\x00\x01"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.2)
            try:
                asking.connect(("127.0.0.1", PORT))
                asking.send(question)
                return asking.recv(512)[:2] == b"\x12\x34"
            except OSError:
                time.sleep(0.05)
                return False

    def stop(self) -> None:
        if self.daemon is not None:
            self.daemon.terminate()
            self.daemon.wait(20)
            self.daemon = None


def program() -> str:
    return shutil.which("nsd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") or ""
