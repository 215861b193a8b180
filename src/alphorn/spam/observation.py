"""What one look at a message finds: plain values for rules, classifier and categories."""

from typing import NamedTuple

from alphorn.spam.links import Link
from alphorn.spam.values import SpamFacts


class Attached(NamedTuple):
    """A part that is not shown as text; `extension` and `type` are lower case."""

    type: str
    extension: str
    name: str
    octets: int


class Observation(NamedTuple):
    """Addresses and domains are lower case, names and subject decoded, each of bounded length.

    `text` is what a reader sees, in lower case with single spaces: of the HTML where there is any,
    else of the plain text; `words` are its different words. `plain` and `visible` are the two
    before that (`visible` from HTML), `hidden` what the HTML does not show. `clicks` are those of
    the links that lead to the web and wait for a click, `hosts` where to. `fields` are other fields
    of the header by lower-case name, the first of each; `content_type` and `encoding` are two more
    as the sender spelled them. `shape` names the leaf parts' types in order, `looks` the attributes
    that say how the HTML is to look, `shouted` the words that stand in capitals.
    """

    facts: SpamFacts
    size: int
    subject: str
    from_name: str
    from_address: str
    from_domain: str
    authors: int
    reply_to: str
    reply_domain: str
    recipients: int
    undisclosed: bool
    recipient_addresses: tuple[str, ...]
    fields: dict[str, str]
    content_type: str
    encoding: str
    text: str
    words: frozenset[str]
    plain: str
    visible: str
    hidden: str
    links: tuple[Link, ...]
    clicks: tuple[Link, ...]
    hosts: frozenset[str]
    attachments: tuple[Attached, ...]
    shape: tuple[str, ...]
    looks: tuple[bytes, ...]
    shouted: tuple[str, ...]
    charsets: tuple[str, ...]
    images: int
    remote_images: int
    tracking_pixels: int
    forms: int
    passwords: int
    scripts: int
    frames: int
    refresh: bool
    data_links: int
    tags: int
    has_html: bool
    has_plain: bool
    invisible: int
    encoded_text: bool

    @property
    def list_id(self) -> str:
        """The identifier of the mailing list (RFC 2919), lower case, "" where there is none."""
        value = self.fields.get("list-id", "")
        return value.rpartition("<")[2].rstrip("> \t").lower()[:200]
