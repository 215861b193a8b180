"""What a body part is called, in every place where a mail program may look for it.

Mail programs differ in which of several names they take: `filename` or `name`, the first or the
last, the plain or the encoded one, of a field that stands there once or twice (RFC 2183 §2.3, RFC
2231). All of them count.
"""

import re

from alphorn.message import charsets, content, transfer, words
from alphorn.message.header import unfold
from alphorn.message.parse import Entity

MAX_NAMES = 32
MAX_UUENCODED = 20
MAX_NAMED = 4096
"""Characters of all names of one part, as they are written, that are read as a whole: the longest
name that a file can have takes less in any encoding. Of more, the ends of some are read."""
MAX_END = 512

_FIELDS = re.compile(
    rb"\n(content-(?:type|disposition))[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)", re.IGNORECASE
)
_BEGIN = re.compile(rb"begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,1000})\r?\n([^\r\n]{1,120})")

# What a part without a name is saved as, where the type says that it is a program.
BY_TYPE = {
    "application/x-msdownload": "exe",
    "application/x-dosexec": "exe",
    "application/x-msdos-program": "exe",
    "application/x-ms-dos-executable": "exe",
    "application/vnd.microsoft.portable-executable": "exe",
    "application/exe": "exe",
    "application/x-exe": "exe",
    "application/bat": "bat",
    "application/x-bat": "bat",
    "application/x-msi": "msi",
    "application/x-ms-installer": "msi",
    "application/hta": "hta",
    "application/x-ms-shortcut": "lnk",
    "application/x-javascript": "js",
    "application/javascript": "js",
    "text/javascript": "js",
    "text/vbscript": "vbs",
    "application/x-vbscript": "vbs",
    "text/scriptlet": "sct",
    "application/java-archive": "jar",
    "application/x-java-jnlp-file": "jnlp",
    "application/x-ms-application": "application",
    "application/vnd.ms-htmlhelp": "chm",
}


def names(raw: bytes, entity: Entity) -> tuple[str, ...]:
    """All names of a part, decoded, each once; none for a part that has none."""
    header = raw[entity.start : entity.body]
    lower = header.lower()
    if b"name" not in lower:
        return ()
    if lower.count(b"content-disposition") <= 1 and lower.count(b"content-type") <= 1:
        value = entity.fields.get("content-disposition")
        pairs = [] if value is None else list(content.disposition(value)[1])
        pairs += entity.media.parameters
        declared = entity.fields.get("content-type")
        if declared is not None and not entity.media.parameters:
            pairs += content.media_type(declared).parameters
    else:
        pairs = _all_pairs(header)
    return tuple(dict.fromkeys(_named(pairs)))[:MAX_NAMES]


def _all_pairs(header: bytes) -> list[tuple[str, str]]:
    """The parameters of each such field, not only of the first."""
    pairs: list[tuple[str, str]] = []
    for field, value in _FIELDS.findall(b"\n" + header):
        text = unfold(charsets.decode_unlabelled(value))
        if field[8:9] in b"dD":
            pairs += content.disposition(text)[1]
        else:
            pairs += content.media_type(text).parameters
    return pairs


def _named(pairs: list[tuple[str, str]]) -> list[str]:
    relevant = [
        (key, value)
        for key, value in pairs
        if key == "name" or key.startswith(("filename", "name*"))
    ]
    if not relevant:
        return []
    if sum(len(value) for _, value in relevant) > MAX_NAMED:
        few = relevant if len(relevant) <= 4 else [*relevant[:2], *relevant[-2:]]
        relevant = [(key, value[-MAX_END:]) for key, value in few]
    found: list[str] = list(words.parameters(relevant).values())
    # `parameters` prefers the extended form and the first: the others count as well.
    found += [words.decode(value) for key, value in relevant if "*" not in key]
    found += words.parameters(reversed(relevant)).values()
    return [name for name in found if name]


def encoding(raw: bytes, entity: Entity) -> str:
    """The transfer encoding; of several that are told, base64, which is where files hide."""
    told = entity.encoding
    if told != "base64":
        header = raw[entity.start : entity.body].lower()
        if header.count(b"content-transfer-encoding") > 1 and b"base64" in header:
            return "base64"
    return told


def encoded_multipart(raw: bytes, entity: Entity) -> bytes:
    """A multipart that is encoded as a whole, decoded; b"" for any other part.

    RFC 2045 §6.4 forbids it, so that our parser does not look into it; some programs do.
    """
    declared = entity.fields.get("content-type", "")
    if not declared[:20].lower().lstrip().startswith("multipart/"):
        return b""
    told = encoding(raw, entity)
    if told not in ("base64", "quoted-printable"):
        return b""
    head = b"Content-Type: " + declared.encode("utf-8", "surrogateescape") + b"\r\n\r\n"
    return head + transfer.decode(raw[entity.body : entity.end], told)


def uuencoded(raw: bytes, entity: Entity) -> list[tuple[str, bytes]]:
    """Files that old programs put into a text, and some take out again: name, first line."""
    if raw.find(b"begin", entity.body, entity.end) < 0:
        return []
    found: list[tuple[str, bytes]] = []
    at = entity.body
    while len(found) < MAX_UUENCODED:
        at = raw.find(b"begin", at, entity.end)
        if at < 0:
            break
        match = None
        if at == entity.body or raw[at - 1 : at] == b"\n":
            match = _BEGIN.match(raw, at, entity.end)
        if match is not None:
            found.append((charsets.decode_unlabelled(match[1]), match[2]))
        at += 5
    return found
