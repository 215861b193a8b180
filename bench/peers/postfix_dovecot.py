"""Postfix and Dovecot from the distribution: what people glue together today.

Package defaults wherever they bear on speed: Maildir, fsync on, LMTP with the Sieve plug-in.
Needs root, because both change users. Nothing below /etc is written.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path

from bench.peers import base

DAEMONS = Path("/usr/lib/postfix/sbin")
QUEUE_FOLDERS = """
active bounce corrupt defer deferred flush hold incoming private public maildrop saved trace pid
"""

DOVECOT = """
base_dir = {state}/run
state_dir = {state}/state
instance_name = bench
protocols = imap lmtp
listen = 127.0.0.1
log_path = {state}/dovecot.log
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 3000
passdb {{
  driver = passwd-file
  args = {state}/passwd
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={state}/mail/%n
}}
namespace inbox {{
  inbox = yes
}}
protocol lmtp {{
  postmaster_address = postmaster@{domain}
  mail_plugins = $mail_plugins sieve
}}
service imap-login {{
  process_limit = 3000
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 3000
}}
service lmtp {{
  unix_listener {state}/queue/private/mailboxes {{
    mode = 0600
    user = postfix
    group = postfix
  }}
}}
service anvil {{
  client_limit = 12000
}}
service auth {{
  client_limit = 12000
}}
"""

POSTFIX = """
compatibility_level = 3.6
queue_directory = {state}/queue
data_directory = {state}/data
maillog_file_prefixes = {state}
maillog_file = {state}/postfix.log
multi_instance_name = postfix-bench
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.{domain}
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = hash:{state}/conf/users
virtual_transport = lmtp:unix:private/mailboxes
message_size_limit = 52428800
"""

# name, type, private, chroot, wake-up, process limit; the command has the service's name but
# where another is named.
SERVICES = """
127.0.0.1:{smtp} inet n n - - smtpd
pickup unix n n 60 1
cleanup unix n n - 0
qmgr unix n n 300 1
rewrite unix - n - - trivial-rewrite
bounce unix - n - 0
defer unix - n - 0 bounce
trace unix - n - 0 bounce
verify unix - n - 1
flush unix n n 1000? 0
proxymap unix - n - -
proxywrite unix - n - 1 proxymap
smtp unix - n - -
error unix - n - -
retry unix - n - - error
lmtp unix - n - -
anvil unix - n - 1
scache unix - n - 1
postlog unix-dgram n n - 1 postlogd
"""


class PostfixDovecot(base.Server):
    name = "Postfix + Dovecot"
    smtp, imap, imaps = 11025, 11143, 11993
    more_postfix = ""

    @staticmethod
    def available() -> str:
        """Why it cannot be measured here, or "" where it can."""
        if os.geteuid() != 0:
            return "needs root"
        missing = [n for n in ("postconf", "dovecot", "doveadm") if not shutil.which(n)]
        return f"not installed: {', '.join(missing)}" if missing else ""

    def version(self) -> str:
        postfix = subprocess.run(
            ["postconf", "-dh", "mail_version"], capture_output=True, text=True
        )
        dovecot = subprocess.run(["dovecot", "--version"], capture_output=True, text=True)
        return f"Postfix {postfix.stdout.strip()}, Dovecot {dovecot.stdout.split()[0]}"

    def mail(self) -> list[Path]:
        return [self.state / "mail"]

    def start(self) -> None:
        os.chmod(self.state, 0o755)
        key, certificate = self.certificate()
        owner = pwd.getpwnam("postfix")
        for name in QUEUE_FOLDERS.split():
            folder = self.state / "queue" / name
            folder.mkdir(parents=True)
            os.chown(folder, 0 if name == "pid" else owner.pw_uid, 0)
            folder.chmod({"public": 0o710, "maildrop": 0o730, "pid": 0o755}.get(name, 0o700))
        for name, uid in (
            ("conf", 0),
            ("data", owner.pw_uid),
            ("mail", pwd.getpwnam("mail").pw_uid),
        ):
            (self.state / name).mkdir()
            os.chown(self.state / name, uid, -1)
        fill = {
            "state": self.state, "domain": base.DOMAIN, "key": key, "certificate": certificate,
            "smtp": self.smtp, "imap": self.imap, "imaps": self.imaps,
        }  # fmt: skip
        self.start_dovecot(fill)
        self.start_postfix(fill)
        self.wait_for(self.imap, self.imaps, self.smtp)

    def start_dovecot(self, fill: dict[str, object]) -> None:
        hashed = subprocess.run(
            ["doveadm", "-O", "pw", "-s", "SHA512-CRYPT", "-p", self.password],
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
        users = range(1, base.USERS + 1)
        (self.state / "passwd").write_text(
            "".join(f"{self.user(n)}:{hashed}::::::\n" for n in users)
        )
        config = self.state / "dovecot.conf"
        config.write_text(DOVECOT.format(**fill))
        self.spawn("dovecot", "dovecot", "-F", "-c", config)

    def start_postfix(self, fill: dict[str, object]) -> None:
        conf = self.state / "conf"
        (conf / "main.cf").write_text(POSTFIX.format(**fill) + self.more_postfix)
        lines = []
        for line in SERVICES.format(**fill).strip().splitlines():
            service, kind, private, chroot, wake, limit, *command = line.split()
            # An inet line names its command in place of a wake-up column of its own.
            if kind == "inet":
                lines.append(f"{service} inet n - {chroot} - - smtpd")
            else:
                program = command[0] if command else service
                lines.append(f"{service} {kind} {private} - {chroot} {wake} {limit} {program}")
        (conf / "master.cf").write_text("\n".join(lines) + "\n")
        (conf / "users").write_text(
            "".join(f"{self.user(n)} ok\n" for n in range(1, base.USERS + 1))
        )
        shutil.copy("/etc/postfix/dynamicmaps.cf", conf)
        subprocess.run(["postmap", "-c", conf, f"hash:{conf}/users"], check=True)
        self.spawn(
            "postfix",
            DAEMONS / "master",
            "-c",
            conf,
            environment=dict(os.environ, MAIL_CONFIG=str(conf)),
        )
        end = time.monotonic() + 20
        while not (self.state / "queue/pid/master.pid").exists() and time.monotonic() < end:
            time.sleep(0.05)
