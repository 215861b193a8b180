"""What the pages are made of: facts of the installation, and what they may ask for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from django.http import HttpRequest

from alphorn.operations.door import Answer
from alphorn.web.limits import Frequency

KEY = "alphorn.site"


@dataclass(frozen=True, slots=True)
class Service:
    """A port for mail programs. `name` is that of its listener, `security` one of "none",
    "starttls" and "implicit"."""

    name: str
    port: int
    security: str


@dataclass(frozen=True, slots=True)
class Site:
    """One per process. `hosts` are the names that it answers to, in lower case; `help_url` ends
    with a slash. `blocked(address, language)` raises Refused("address") and Unavailable, and
    `checks` says how often a client network may ask for it."""

    hostname: str
    hosts: tuple[str, ...]
    local: bool
    postmaster: str
    help_url: str
    services: tuple[Service, ...]
    checks: Frequency
    blocked: Callable[[str, str], Answer]


def site_of(request: HttpRequest) -> Site:
    """The site that a request came to."""
    return cast(Site, request.META[KEY])
