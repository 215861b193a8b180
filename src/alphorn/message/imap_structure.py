"""BODYSTRUCTURE and BODY (RFC 9051 §7.5.2, RFC 3501 §7.4.2) of an entity tree.

Parameters are given as they came; clients join and decode them. What cannot be shown as its type
demands is shown as application/octet-stream: a message/rfc822 that is encoded or lies beyond the
parser's bounds, for which there is no envelope.
"""

from functools import lru_cache

from alphorn.message import content, imap_envelope
from alphorn.message.comments import strip_comments
from alphorn.message.content import MediaType, Parameters
from alphorn.message.imap_string import String, ascii_string
from alphorn.message.parse import Entity, Kind

MAX_LANGUAGES = 50


def render(
    raw: bytes, entity: Entity, string: String = ascii_string, *, extended: bool = True
) -> str:
    """BODYSTRUCTURE, or BODY where not `extended`, parentheses included.

    With `ascii_string` it is what IMAP4rev1 clients expect, where message/global has no envelope;
    with `utf8_string` it has one (RFC 9051 §9, media-message).
    """
    return _Renderer(raw, string, extended).body(entity)


class _Renderer:
    __slots__ = ("extended", "raw", "string")

    def __init__(self, raw: bytes, string: String, extended: bool) -> None:
        self.raw = raw
        self.string = string
        self.extended = extended

    def body(self, entity: Entity) -> str:
        if entity.kind is Kind.MULTIPART:
            return self._multipart(entity)
        string = self.string
        fields = entity.fields
        media = entity.media
        inner = ""
        octets = entity.end - entity.body
        if media.type == "text":
            inner = f" {self._lines(entity)}"
        elif media.type == "message" and self._has_envelope_form(media):
            if entity.kind is Kind.MESSAGE:
                child = entity.children[0]
                lines = self._lines(entity)
                envelope = imap_envelope.render(child.fields, string)
                inner = f" {envelope} {self.body(child)} {lines}"
            else:
                media = MediaType("application", "octet-stream", media.parameters)
        described = (
            _cached_media(media)
            if string is ascii_string and len(media.parameters) < 2
            else _media(media, string)
        )
        identity = fields.get("content-id")
        description = fields.get("content-description")
        return (
            f"({described} {string(identity) if identity else 'NIL'}"
            f" {string(description) if description else 'NIL'}"
            f" {string(entity.encoding)} {octets}{inner}"
            f"{self._extension(entity, 'content-md5') if self.extended else ''})"
        )

    def _lines(self, entity: Entity) -> int:
        body = self.raw[entity.body : entity.end]
        return len(body) - len(body.replace(b"\n", b""))  # in half the time of `count`

    def _has_envelope_form(self, media: MediaType) -> bool:
        if media.subtype == "rfc822":
            return True
        return media.subtype == "global" and self.string is not ascii_string

    def _multipart(self, entity: Entity) -> str:
        bodies = "".join([self.body(child) for child in entity.children])
        subtype = self.string(entity.media.subtype)
        if not self.extended:
            return f"({bodies} {subtype})"
        parameters = _parameters(entity.media.parameters, self.string)
        return f"({bodies} {subtype} {parameters}{self._extension(entity, None)})"

    def _extension(self, entity: Entity, md5: str | None) -> str:
        """body-ext-1part (with MD5) or what follows the parameters in body-ext-mpart."""
        string = self.string
        fields = entity.fields
        parts = []
        if md5 is not None:
            digest = fields.get(md5)
            parts.append(string(digest) if digest else "NIL")
        value = fields.get("content-disposition")
        parts.append("NIL" if value is None else _disposition(value, string))
        value = fields.get("content-language")
        parts.append("NIL" if value is None else _languages(value, string))
        value = fields.get("content-location")
        parts.append(string(value) if value else "NIL")
        return " " + " ".join(parts)


def _media(media: MediaType, string: String) -> str:
    parameters = media.parameters
    if media.type == "text" and media.get("charset") is None:
        parameters = (("charset", "us-ascii"), *parameters)
    return f"{string(media.type)} {string(media.subtype)} {_parameters(parameters, string)}"


@lru_cache(maxsize=256)
def _cached_media(media: MediaType) -> str:
    return _media(media, ascii_string)


def _parameters(parameters: Parameters, string: String) -> str:
    if not parameters:
        return "NIL"
    return f"({' '.join([f'{string(name)} {string(value)}' for name, value in parameters])})"


def _disposition(value: str, string: String) -> str:
    kind, parameters = content.disposition(value)
    if not kind:
        return "NIL"
    return f"({string(kind)} {_parameters(parameters, string)})"


def _languages(value: str, string: String) -> str:
    tags = strip_comments(value).replace(",", " ").split()[:MAX_LANGUAGES]
    if not tags:
        return "NIL"
    if len(tags) == 1:
        return string(tags[0])
    return f"({' '.join(map(string, tags))})"
