"""What is in a body part: its octets without transfer encoding, its text, its file name."""

from alphorn.message import charsets, content, transfer, words
from alphorn.message.parse import Entity, Kind

MAX_FILE_NAME = 255


def octets(raw: bytes, entity: Entity, limit: int | None = None) -> bytes:
    """The body without its transfer encoding, from at most `limit` encoded octets."""
    end = entity.end if limit is None else min(entity.end, entity.body + limit)
    return transfer.decode(raw[entity.body : end], entity.encoding)


def text(raw: bytes, entity: Entity, limit: int | None = None) -> str:
    """The body as text in the charset it names, from at most `limit` encoded octets."""
    data = octets(raw, entity, limit)
    charset = entity.media.get("charset")
    return charsets.decode(data, charset) if charset else charsets.decode_unlabelled(data)


def file_name(entity: Entity) -> str:
    """The name to save the part under, decoded, without any folder; "" where there is none."""
    value = entity.fields.get("content-disposition")
    name = ""
    if value is not None:
        name = words.parameters(content.disposition(value)[1]).get("filename", "")
    if not name and entity.kind is not Kind.MULTIPART:
        name = words.parameters(entity.media.parameters).get("name", "")
    return name.replace("\\", "/").rpartition("/")[2].strip()[:MAX_FILE_NAME]
