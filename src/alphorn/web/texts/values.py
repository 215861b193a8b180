"""The parts that the texts of a language have."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """Help about one kind of refusal: its title, what happened, what whoever sends can do, and what
    whoever receives, or looks after the server, can do."""

    title: str
    what: str
    sender: tuple[str, ...]
    recipient: str


@dataclass(frozen=True, slots=True)
class Texts:
    """`name` is the language in its own words. `uses` are by the name of a listener, `security` by
    its kind, `groups` and `pages` as in `base.help`, `errors` (title and text) by status,
    `check_failed` by the code of what went wrong."""

    name: str
    skip: str
    home: str
    help: str
    check: str
    languages: str
    colophon: str
    home_title: str
    home_lead: str
    setup: str
    setup_lead: str
    setup_use: str
    setup_server: str
    setup_port: str
    setup_security: str
    setup_best: str
    setup_none: str
    uses: Mapping[str, str]
    security: Mapping[str, str]
    refused: str
    refused_lead: str
    help_title: str
    help_lead: str
    groups: Mapping[str, str]
    what: str
    sender: str
    recipient: str
    reply: str
    reply_lead: str
    more: str
    all_pages: str
    check_title: str
    check_lead: str
    check_label: str
    check_own: str
    check_button: str
    check_blocked: str
    check_delayed: str
    check_free: str
    check_after: str
    check_failed: Mapping[str, str]
    errors: Mapping[int, tuple[str, str]]
    error_next: str
    pages: Mapping[str, Page]
