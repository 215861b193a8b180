"""The pages without a network: the real application over a site of a test's own, and readers of
what it gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

from alphorn.operations.door import Answer
from alphorn.servers.connection import Peer
from alphorn.servers.http.messages import Request, Response
from alphorn.web.application import Application
from alphorn.web.limits import Frequency
from alphorn.web.site import Service, Site

HOSTNAME = "mail.example.test"
CLIENT = "192.0.2.9"
VOID = frozenset(("meta", "link", "img", "input", "br"))


def free(address: str, language: str) -> Answer:
    return Answer(address, False, False, None, (f"Mail from {address} is fine ({language}).",))


def site(
    *, local: bool = False, checks: int = 1000, blocked: Callable[[str, str], Answer] = free
) -> Site:
    return Site(
        hostname=HOSTNAME,
        hosts=(HOSTNAME,),
        local=local,
        postmaster="postmaster@example.test",
        help_url=f"https://{HOSTNAME}/help/",
        services=(Service("imaps", 993, "implicit"), Service("submission", 587, "starttls")),
        checks=Frequency(checks, 600),
        blocked=blocked,
    )


def ask(
    application: Application,
    target: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    host: str = HOSTNAME,
    tls: bool = True,
    client: str = CLIENT,
) -> Response:
    fields = {"host": host, **{k.lower(): v for k, v in (headers or {}).items()}}
    return application(
        Request(
            method.encode(),
            target.encode(),
            tuple((name.encode(), value.encode()) for name, value in fields.items()),
            b"",
            Peer(client, 50_000, "192.0.2.25", 443),
            tls,
        )
    )


def header(response: Response, name: str) -> str:
    """All fields of this name, "" for none."""
    wanted = name.lower().encode()
    return ", ".join(v.decode() for k, v in response.headers if k.lower() == wanted)


@dataclass
class Document(HTMLParser):
    """Reads a page, and asserts on the way that its elements are nested and closed as they should
    be, its ids are there once, and what refers to one finds it."""

    octets: bytes
    words: str = ""
    links: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        text = self.octets.decode("utf-8")
        assert text.startswith("<!doctype html>")
        self.feed(text)
        self.close()
        assert not self._open, f"{self._open} never end"
        assert len(self.ids) == len(set(self.ids)), "an id is there twice"
        assert set(self.references) <= set(self.ids), "a reference leads nowhere"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        assert len(found) == len(attrs), f"<{tag}> has an attribute twice"
        self.elements.append((tag, found))
        if tag in ("h1", "h2", "h3"):
            self.headings.append(tag)
        self.ids += [found["id"] or ""] if "id" in found else []
        for name in ("aria-labelledby", "aria-describedby", "for"):
            self.references += [found[name] or ""] if name in found else []
        if tag in ("a", "form"):
            self.links.append(found.get("href") or found.get("action") or "")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> ends nothing"
        assert self._open[-1] == tag, f"</{tag}> where </{self._open[-1]}> is due"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self.words += data
