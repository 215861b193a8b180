"""Alphorn with all that guards the door: whom it asks, what it has learned, whom it knows."""

from __future__ import annotations

import smtplib
import time

from bench import names, strangers
from bench.peers import alphorn, base

SETTINGS = """
[dns]
servers = ["127.0.0.1:{dns}"]

[greylist]
wait = 10

[door]
connections = 1000000

[protection]
greylisting = true
helo = true
dns_lists = true
attachments = true
headers = true
spam = true
dmarc = true
promotions = true
social = true

[mx]
block_lists = [{blocked}]
allow_lists = ["{allowed}"]
"""


class Protected(alphorn.Alphorn):
    """Strict: clients on loopback are strangers. All that guards is on; nothing but the limit of
    connections from one address is raised, since all of the load comes from one."""

    name = "Alphorn, all guards"
    offset = 29_700
    smtp, imap, imaps = 2525 + offset, 2143 + offset, 2993 + offset

    def settings(self) -> str:
        return ""

    def install(self) -> None:
        super().install()
        path = self.state / "data" / "alphorn.toml"
        blocked = ", ".join(f'"{name} refuse"' for name in names.LISTS)
        settings = SETTINGS.format(dns=names.PORT, blocked=blocked, allowed=names.ALLOW_LIST)
        path.write_text(path.read_text() + settings)
        for word, spam in (("--ham", False), ("--spam", True)):
            learned = strangers.folder(self.state / f"learn{word}", strangers.lessons(spam))
            self.command("spam", "learn", word, str(learned))
        self.command("sender", "block", "blocked.zz", "someone@elsewhere.zz")
        self.command("sender", "allow", "friend@elsewhere.zz", "--domain", base.DOMAIN)

    def flags(self) -> tuple[str, ...]:
        return ("--strict",)

    def serve(self) -> None:
        super().serve()
        become_known(self.smtp)


def become_known(port: int, seconds: float = 90) -> None:
    """As a correspondent does: come again when asked to, then send good mail for a while. Ends when
    each account takes his mail at once and he is greeted at once on each of many connections."""
    end = time.monotonic() + seconds
    letters = list(strangers.mail(base.USERS, 2000, seed=23))
    waiting = list(range(base.USERS))
    while waiting or not all(greeted_at_once(port) for _ in range(10)):
        if time.monotonic() > end:
            raise RuntimeError(f"still a stranger: {len(waiting)} accounts do not take his mail")
        turn = waiting or list(range(base.USERS))
        waiting = []
        with smtplib.SMTP("127.0.0.1", port, names.HELO, 60) as client:
            client.ehlo()
            for number in turn:
                try:
                    client.sendmail(
                        names.SENDER, f"user{number + 1}@{base.DOMAIN}", letters[number]
                    )
                except smtplib.SMTPRecipientsRefused as error:
                    ((code, text),) = error.recipients.values()
                    if code != 451:
                        raise RuntimeError(f"{code} {text!r}") from None
                    waiting.append(number)
        time.sleep(11 if waiting else 0.5)


def greeted_at_once(port: int) -> bool:
    begin = time.monotonic()
    with smtplib.SMTP("127.0.0.1", port, names.HELO, 60):
        return time.monotonic() - begin < 0.2


def examined(raw: bytes, signed: bool) -> str:
    """What a delivered message lacks of proofs that its guards worked, or ""."""
    header = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n\t", b" ").replace(b"\r\n ", b" ")
    wanted = [b"spf=pass", b"dmarc=pass", *([b"dkim=pass"] if signed else [])]
    return ", ".join(word.decode() for word in wanted if word not in header)
