"""Encoded words (RFC 2047) and encoded parameters (RFC 2231), read leniently and written strictly.

Reading never raises and is linear: what cannot be decoded stays as it is. Control characters that
come out of an encoded word become spaces, so that a decoded value is always one line.
"""

import binascii
import re
from collections.abc import Iterable
from typing import TypeVar
from urllib.parse import quote, unquote_to_bytes

from alphorn.message import charsets, transfer

MAX_WORD = 75
MAX_PIECES = 200

# A question mark or two within the text is a common mistake; more is not an encoded word.
_WORD = re.compile(
    r"=\?([^?\s]{1,64})\?([bq])\?([^?]*(?:\?(?!=)[^?]*){0,8})\?=", re.IGNORECASE | re.ASCII
)
_CONTROLS = dict.fromkeys((*range(32), 127), " ")
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_Q = ["_" if n == 32 else chr(n) if n in _Q_SAFE else f"={n:02X}" for n in range(256)]
_PIECE = re.compile(r"(.+?)(?:\*(\d{1,4}))?(\*)?", re.DOTALL)
_TOKEN = re.compile(r"[A-Za-z0-9!#$&+\-.^_`{|}~]+")


def decode(text: str) -> str:
    """`text` with its encoded words decoded (RFC 2047 §6.2), unfolded, without control characters.

    `text` may hold octets that are not UTF-8 as lone surrogates; they are read as windows-1252.
    """
    if not text.isascii():
        text = charsets.repair(text)
    if "=?" in text:
        text = decode_words(text)
    return text if text.isprintable() else text.translate(_CONTROLS)


def decode_words(text: str) -> str:
    """`text`, of one or more lines, with its encoded words decoded and everything else kept."""
    found: list[str] = []
    run: list[tuple[str, bytes]] = []  # adjacent words of one charset: encoding and payload
    charset = ""
    at = 0
    for word in _WORD.finditer(text):
        label, encoding, payload = word.groups()
        label = label.partition("*")[0].lower()
        gap = text[at : word.start()]
        at = word.end()
        if run and (label != charset or (gap and not gap.isspace())):
            found.append(_decode_run(run, charset))
            run.clear()
            if gap and not gap.isspace():
                found.append(gap)
        elif not run:
            found.append(gap)
        charset = label
        run.append((encoding, payload.encode("utf-8", "replace")))
    if run:
        found.append(_decode_run(run, charset))
    found.append(text[at:])
    return "".join(found)


def _decode_run(run: list[tuple[str, bytes]], charset: str) -> str:
    """Their octets are joined first: some programs cut characters, or even base64, anywhere."""
    data: list[bytes] = []
    cut = b""
    for encoding, payload in [*run, ("q", b"")]:
        if encoding in "bB":
            cut += payload
        if cut and (encoding in "qQ" or len(cut) % 4 == 0 or cut.endswith(b"=")):
            data.append(transfer.decode_base64(cut))
            cut = b""
        if encoding in "qQ":
            data.append(binascii.a2b_qp(payload, header=True))
    return charsets.decode(b"".join(data), charset)


def encode(text: str, used: int = 0) -> str:
    """`text` as it may stand in an unstructured field.

    Printable ASCII stays as it is unless it looks like an encoded word; everything else becomes
    UTF-8 encoded words with a space between them (see `encode_words`).
    """
    if text.isascii() and text.isprintable() and "=?" not in text:
        return text
    return " ".join(encode_words(text, used))


def encode_words(text: str, used: int = 0) -> list[str]:
    """UTF-8 encoded words for `text`, in whichever encoding is shorter; none cuts a character.

    Each has at most MAX_WORD characters, the first one so much less as its line has already `used`.
    """
    room = MAX_WORD - len("=?UTF-8?Q??=")
    first = max(room - used, 16)
    data = text.encode("utf-8", "replace")
    if sum(len(_Q[octet]) for octet in data) <= (len(data) + 2) // 3 * 4:
        coded = ["".join([_Q[octet] for octet in c.encode("utf-8", "replace")]) for c in text]
        return [f"=?UTF-8?Q?{''.join(piece)}?=" for piece in _packed(coded, first, room)]
    octets = [c.encode("utf-8", "replace") for c in text]
    return [
        f"=?UTF-8?B?{binascii.b2a_base64(b''.join(piece), newline=False).decode()}?="
        for piece in _packed(octets, first // 4 * 3, room // 4 * 3)
    ]


_Coded = TypeVar("_Coded", str, bytes)


def _packed(characters: list[_Coded], first: int, room: int) -> Iterable[list[_Coded]]:
    """Runs of coded characters: the first run fits into `first`, each other one into `room`."""
    run: list[_Coded] = []
    used = 0
    for character in characters:
        if used + len(character) > first and run:
            yield run
            run, used, first = [], 0, room
        run.append(character)
        used += len(character)
    yield run


def parameters(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Parameters as `content.parameters` gives them, decoded: name in lower case to text.

    Joins RFC 2231 continuations, decodes its charsets, and encoded words too, which many programs
    write there. A name's extended form is preferred to its plain one; else the first counts.
    """
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for key, value in pairs:
        match = _PIECE.fullmatch(key) if "*" in key else None
        if match is None or (match[2] is None and match[3] is None):
            plain.setdefault(key, value)
            continue
        of_name = pieces.setdefault(match[1], {})
        if len(of_name) < MAX_PIECES:
            of_name.setdefault(int(match[2] or 0), (match[3] is not None, value))
    decoded = {key: decode(value) for key, value in plain.items()}
    for key, of_name in pieces.items():
        joined = _join(of_name)
        if joined or key not in decoded:
            decoded[key] = joined
    return decoded


def _join(pieces: dict[int, tuple[bool, str]]) -> str:
    charset = ""
    data: list[bytes] = []
    for number, (_, (extended, value)) in enumerate(sorted(pieces.items())):
        if extended:
            if number == 0 and value.count("'") >= 2:
                charset, _, value = value.split("'", 2)
            data.append(unquote_to_bytes(value.encode("utf-8", "surrogateescape")))
        else:
            data.append(value.encode("utf-8", "surrogateescape"))
    joined = b"".join(data)
    text = charsets.decode(joined, charset) if charset else charsets.decode_unlabelled(joined)
    return decode(text) if "=?" in text else text.translate(_CONTROLS)


def encode_parameter(name: str, value: str) -> list[str]:
    """`name=value` in as many pieces as it takes to keep each under MAX_WORD (RFC 2231 §3, §4)."""
    if value.isascii() and value.isprintable():
        if _TOKEN.fullmatch(value) and len(name) + len(value) < MAX_WORD:
            return [f"{name}={value}"]
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        if len(name) + len(escaped) + 3 <= MAX_WORD:
            return [f'{name}="{escaped}"']
    coded = [quote(character, safe="!#$&+^`{}~") for character in _encodable(value)]
    whole = "".join(coded)
    if len(name) + len(whole) + 9 <= MAX_WORD:
        return [f"{name}*=utf-8''{whole}"]
    pieces: list[str] = []
    piece = f"{name}*0*=utf-8''"
    for character in coded:
        if len(piece) + len(character) > MAX_WORD:
            pieces.append(piece)
            piece = f"{name}*{len(pieces)}*="
        piece += character
    return [*pieces, piece]


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
