"""Is the certificate one that others accept, and for how long?"""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

from alphorn.base.errors import Refused
from alphorn.cli.checks.finding import Finding, error, ok, warning
from alphorn.servers.certificate import describe
from alphorn.servers.tls import TlsFiles

SOON_DAYS = 21
DAY = 86400


def check(files: TlsFiles, hostname: str, now: float) -> Iterator[Finding]:
    try:
        files.load()
        info = describe(files.certificate.read_bytes())
    except (Refused, OSError, ssl.SSLError, ValueError) as problem:
        yield error(
            "certificate",
            str(problem),
            "Let tls.certificate and tls.key name a certificate and its key, in PEM.",
        )
        return
    day = datetime.fromtimestamp(info.expires, UTC).strftime("%Y-%m-%d")
    left = int((info.expires - now) // DAY)
    renew = "Renew it; the service takes the new files into use by itself."
    if info.expires <= now:
        yield error("certificate", f"The certificate expired on {day}.", renew)
    elif left < SOON_DAYS:
        yield warning("certificate", f"The certificate expires on {day}, in {left} days.", renew)
    if not info.covers(hostname):
        names = ", ".join(info.names) or "no name at all"
        yield error(
            "certificate",
            f"The certificate is for {names}, not for {hostname}.",
            f"Get one whose names include {hostname}.",
        )
    if info.self_signed:
        yield warning(
            "certificate",
            "The certificate is self-made: mail programs warn about it.",
            "Set tls.certificate and tls.key to one from an authority such as Let's Encrypt.",
        )
    elif info.expires > now and info.covers(hostname):
        yield ok("certificate", f"The certificate is for {hostname} and good until {day}.")
