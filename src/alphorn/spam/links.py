"""Links as values: where one leads, told apart from what it shows. Nothing is resolved here."""

import re
from functools import lru_cache
from html import unescape
from typing import NamedTuple
from urllib.parse import unquote

MAX_URL = 2000
WEB = ("http", "https")

_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]{0,19}):[/\\]*"
    r"(?:(?P<user>[^/\\?#@\s]{0,200})@)?"
    r"(?P<host>\[[0-9a-f:.]{2,45}\]|[^/\\?#:@\s]{1,255})"
    r"(?::(?P<port>\d{1,5}))?(?P<path>[^?#\s]*)(?P<query>\?[^#\s]*)?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\[.*\]|(?:0x[0-9a-f]{1,8}|\d{1,10})(?:\.(?:0x[0-9a-f]+|\d{1,10})){0,3}")
_SHOWN_HOST = re.compile(
    r"(?:https?://)?((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,6}[a-z]{2,18})(?![\w.@-]*@)"
    r"(?=[/:?#\s]|\Z)",
    re.IGNORECASE,
)
# Second-level names under which registries of countries let people register.
_SECOND = frozenset("ac co com edu gob gouv gov gv ne net nom or org sch".split())


class Link(NamedTuple):
    """`host` and `base` (the part somebody registered, roughly) are lower case, without a port.

    `shown` is the host that the text of the link shows, "" where it shows none. `image` tells what
    is fetched when the message is shown from what waits for a click.
    """

    scheme: str
    host: str
    base: str
    path: str
    query: str
    user: bool
    port: str
    shown: str = ""
    image: bool = False

    @property
    def numeric(self) -> bool:
        """Whether the host is an address, in whichever notation browsers take."""
        return is_address(self.host)


def is_address(host: str) -> bool:
    first = host[:1]
    return (first.isdecimal() or first == "[") and _ADDRESS.fullmatch(host) is not None


@lru_cache(maxsize=4096)
def base_domain(host: str) -> str:
    """The registered part of a lower-case host name, guessed by shape; an address as it is."""
    labels = host.split(".")
    if len(labels) <= 2 or is_address(host):
        return host
    if len(labels[-1]) == 2 and labels[-2] in _SECOND:
        return ".".join(labels[-3:])
    return ".".join(labels[-2:])


def parse(url: str, shown: str = "", image: bool = False) -> Link | None:
    """The link that a browser would make of `url`, None for what is none."""
    url = url.strip()[:MAX_URL]
    if "&" in url:
        url = unescape(url)
    if "\n" in url or "\t" in url or "\r" in url:  # browsers drop them
        url = url.replace("\n", "").replace("\t", "").replace("\r", "")
    match = _URL.match(url)
    if match is None:
        return None
    scheme, user, host, port, path, query = match.groups()
    host = host.lower().rstrip(".")
    if "%" in host:
        host = unquote(host).lower()
    if not host:
        return None
    return Link(
        scheme.lower(), host, base_domain(host), path, query or "", user is not None, port or "",
        shown_host(shown) if shown else "", image,
    )  # fmt: skip


def shown_host(text: str) -> str:
    """The host name that a link's text claims to lead to, lower case, or ""."""
    text = text.strip()[:300]
    match = _SHOWN_HOST.match(text)
    return "" if match is None else match[1].lower()
