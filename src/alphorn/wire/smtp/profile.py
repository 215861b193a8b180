"""What a listener is: its name, its limits, and what it asks for before it takes mail."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from alphorn.wire.smtp.limits import Limits


@dataclass(frozen=True, slots=True)
class Profile:
    """`starttls`: TLS can be had. `mechanisms`: the SASL names offered once TLS is there; none
    where nobody logs in. `tls_first`: nothing but EHLO and STARTTLS before TLS. `login_first`:
    no MAIL before a login. `help_url` is what the names of pages of help are put after in refusals,
    "" for none."""

    hostname: str
    limits: Limits = field(default_factory=Limits)
    starttls: bool = False
    mechanisms: tuple[str, ...] = ()
    tls_first: bool = False
    login_first: bool = False
    help_url: str = ""


@dataclass(frozen=True, slots=True)
class Extension:
    """A keyword of the EHLO reply. `text` gives its line for a profile and the state of TLS and
    login, or "" where it is not offered now."""

    keyword: str
    text: Callable[[Profile, bool, bool], str]
    source: str


def _always(text: str) -> Callable[[Profile, bool, bool], str]:
    return lambda profile, secure, known: text


EXTENSIONS = (
    Extension("PIPELINING", _always("PIPELINING"), "RFC 2920"),
    Extension("SIZE", lambda profile, secure, known: f"SIZE {profile.limits.message}", "RFC 1870"),
    Extension("8BITMIME", _always("8BITMIME"), "RFC 6152"),
    Extension("SMTPUTF8", _always("SMTPUTF8"), "RFC 6531"),
    Extension("ENHANCEDSTATUSCODES", _always("ENHANCEDSTATUSCODES"), "RFC 2034"),
    Extension("CHUNKING", _always("CHUNKING"), "RFC 3030"),
    Extension("DSN", _always("DSN"), "RFC 3461"),
    Extension(
        "LIMITS",
        lambda profile, secure, known: (
            f"LIMITS MAILMAX={profile.limits.messages} RCPTMAX={profile.limits.recipients}"
        ),
        "RFC 9422",
    ),
    Extension(
        "STARTTLS",
        lambda profile, secure, known: "STARTTLS" if profile.starttls and not secure else "",
        "RFC 3207",
    ),
    Extension(
        "AUTH",
        lambda profile, secure, known: (
            " ".join(("AUTH", *profile.mechanisms))
            if profile.mechanisms and secure and not known
            else ""
        ),
        "RFC 4954",
    ),
    Extension("HELP", _always("HELP"), "RFC 5321 §4.1.1.8"),
)


@lru_cache(maxsize=64)
def ehlo_reply(profile: Profile, secure: bool, known: bool) -> bytes:
    """The whole reply to EHLO, which carries no enhanced codes (RFC 2034 §3)."""
    offered = [extension.text(profile, secure, known) for extension in EXTENSIONS]
    lines = [profile.hostname, *filter(None, offered)]
    last = lines.pop()
    return "".join((*(f"250-{line}\r\n" for line in lines), f"250 {last}\r\n")).encode("ascii")
