"""From what was seen of a message to the integers that the classifier counts.

A token is the CRC-32 of a word, of a pair of words near each other, or of something about the
message, with a salt for where it stood. The same message always gives the same tokens: they depend
on its octets alone, never on facts that may be known differently on another day, so that what was
learned can be unlearned from the stored message. Fields that a receiving host writes are not read.

CRC-32 is used because a pair costs one call of C code (the sum of one word goes on into the next);
that words can be made to collide helps nobody who may as well write the other word.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from zlib import crc32

from alphorn.spam.links import base_domain
from alphorn.spam.observation import Observation

MAX_TOKENS = 1000
MAX_WORDS = 1000
MAX_HEAD = 400
MAX_LOOKS = 300
MAX_FIGURES = 200
MAX_FIGURE_TEXT = 20_000
MAX_HIDDEN = 200
SENDER = 4
GROUPS = 10
VERSION = 1
"""Of what tokens mean. What was learned stays of use while those asked for mean the same: new kinds
begin unknown, and those no longer made are forgotten as others make room."""

# Signs of currencies are words too: all of their octets are above 0x7f.
_WORD = re.compile(rb"[a-z$\x80-\xff!][a-z0-9'\x80-\xff-]{1,19}")
_SIMPLE = re.compile(rb"[a-z0-9$\x80-\xff!]+")
# `[$€£]?\d[\d.,]{0,12}%?|!{2,9}|\${2,9}`, said so that the search can skip to a first character.
_FIGURE_WORD = re.compile(
    r"[$€£\d!](?:(?<=\d)[\d.,]{0,12}%?|(?<=[$€£])\d[\d.,]{0,12}%?|(?<=!)!{1,8}|(?<=\$)\${1,8})"
)
_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"[^\"]*\"?|[^\s;]+)", re.IGNORECASE)
_SPELLED = ("mime-version", "x-mimeole", "x-priority", "importance", "x-msmail-priority",
            "organization")  # fmt: skip
_LOCAL_WORD = re.compile(rb"[a-z]{3,20}|\d+")
_WIDE = re.compile("[\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")

# Where a word stood.
_BODY, _SUBJECT, _FROM, _LOCAL, _NAME, _LINK, _PATH, _HIDDEN, _OTHER = range(1, 10)
_LOOK, _SHOUTED, _FIGURE, _PROGRAM, _GROUP = range(10, 15)
# The first token of each group but the first says that there is such a group.
_THERE = tuple(crc32(bytes((number,)), _GROUP) for number in range(GROUPS))


class Tokens(tuple[int, ...]):
    """The integers, and where each of the GROUPS ends; a group may be empty."""

    ends: tuple[int, ...]

    def __new__(cls, keys: Iterable[int], ends: Iterable[int]) -> "Tokens":
        made = super().__new__(cls, keys)
        made.ends = tuple(ends)
        return made


def tokens(seen: Observation) -> Tokens:
    """At most MAX_TOKENS different integers of 32 bits, never 0, in GROUPS: who sent it (the first
    SENDER are address, domain, registered domain, list), subject, names, habits, how the program
    that made it spells, links, words, looks, figures with what is shouted and hidden, pairs. The
    first token of each group but the first says that there is such a group.
    """
    words = _words(seen.text)[:MAX_WORDS]
    body = list(map(crc32, words, repeat(_BODY)))
    found: dict[int, None] = {0: None}  # no token; it is the first, and left out below
    ends: list[int] = []
    groups = (*_head(seen), body, *_habits(seen), list(map(crc32, words[1:], body)))
    for there, group in zip(_THERE, groups, strict=True):
        if group:
            if ends:
                found[there] = None
            found.update(dict.fromkeys(group))
        ends.append(len(found) - 1)
    return Tokens(islice(found, 1, MAX_TOKENS + 1), (min(end, MAX_TOKENS) for end in ends))


def _words(text: str) -> list[bytes]:
    if not text.isascii() and _WIDE.search(text):
        text = _WIDE.sub(r" \g<0> ", text)
    return _WORD.findall(text.encode("utf-8", "replace"))


def _sums(text: str, salt: int) -> Iterator[int]:
    return map(crc32, _words(text), repeat(salt))


def _salted(words: Iterable[str], salt: int) -> Iterator[int]:
    return map(crc32, [word.encode("utf-8", "replace") for word in words], repeat(salt))


def _head(seen: Observation) -> Iterator[list[int]]:
    """Six groups, the last five with at most MAX_HEAD altogether."""
    domain = seen.from_domain
    who = ("address " + seen.from_address, "domain " + domain)
    house = ("base " + base_domain(domain), "list " + seen.list_id)
    yield list(_salted((*who, *house, *_parents(domain)), _FROM))
    room = MAX_HEAD
    about, program = _salted(_about(seen), _OTHER), _salted(_program(seen), _PROGRAM)
    for group in (_subject(seen), _names(seen), about, program, _links(seen)):
        taken = list(islice(group, room))
        room -= len(taken)
        yield taken


def _subject(seen: Observation) -> Iterator[int]:
    subject = _words(seen.subject.lower())
    sums = list(map(crc32, subject, repeat(_SUBJECT)))
    yield from sums
    yield from map(crc32, subject[1:], sums)


def _names(seen: Observation) -> Iterator[int]:
    local = seen.from_address.partition("@")[0].encode("utf-8", "replace")
    yield from map(crc32, _LOCAL_WORD.findall(local), repeat(_LOCAL))
    yield from _sums(seen.from_name.lower(), _NAME)


def _links(seen: Observation) -> Iterator[int]:
    hosts = dict.fromkeys(link.host for link in seen.links)
    yield from _salted(islice(hosts, 60), _LINK)
    yield from _salted(dict.fromkeys(link.base for link in islice(seen.links, 60)), _LINK)
    for link in islice(seen.links, 40):
        yield from map(
            crc32,
            _SIMPLE.findall(link.path[:200].lower().encode("utf-8", "replace")),
            repeat(_PATH),
        )


def _habits(seen: Observation) -> Iterator[list[int]]:
    """How it looks; what it shouts and hides, and its figures."""
    yield list(map(crc32, seen.looks[:MAX_LOOKS], repeat(_LOOK)))
    figures = dict.fromkeys(_FIGURE_WORD.findall(seen.text[:MAX_FIGURE_TEXT]))
    hidden = _sums(seen.hidden.lower(), _HIDDEN) if seen.hidden else ()
    yield [
        *_salted(seen.shouted, _SHOUTED),
        *_salted(islice(figures, MAX_FIGURES), _FIGURE),
        *islice(hidden, MAX_HIDDEN),
    ]


def _program(seen: Observation) -> Iterator[str]:
    """What programs that write mail spell each in its way, and imitations of them get wrong."""
    yield "type " + _BOUNDARY.sub("boundary", seen.content_type)[:60]
    yield "encoding " + seen.encoding[:20]
    for name in _SPELLED:
        value = seen.fields.get(name)
        if value:
            yield f"{name} {value[:60]}"
    if "mime-version" not in seen.fields:
        yield "no mime-version"
    if "x-mimeole" not in seen.fields:
        yield "no x-mimeole"


def _parents(domain: str) -> Iterator[str]:
    labels = domain.split(".")[-5:]
    for n in range(1, len(labels)):
        yield ".".join(labels[n:])


def _about(seen: Observation) -> Iterator[str]:
    yield "shape " + " ".join(seen.shape[:8])
    for charset in seen.charsets[:4]:
        yield "charset " + charset
    for name in ("x-mailer", "user-agent"):
        value = seen.fields.get(name)
        if value:
            for word in value.lower().split()[:6]:
                yield "mailer " + word.strip("();,")[:30]
        else:
            yield "no " + name
    for part in seen.attachments[:10]:
        yield "attached " + part.type
        yield "extension " + part.extension
    yield f"images {min(seen.images, 9)}"
    yield f"links {min(len(seen.links), 99).bit_length()}"
    yield f"letters {len(seen.text).bit_length()}"
    yield f"tags {seen.tags.bit_length()}"
    if seen.reply_domain:
        yield "reply to " + ("same" if seen.reply_domain == seen.from_domain else "other")
        yield "reply " + seen.reply_domain
    if seen.undisclosed:
        yield "undisclosed"
    for name in ("x-priority", "importance", "x-msmail-priority"):
        if name in seen.fields:
            yield f"{name} {seen.fields[name][:10].lower()}"
    if seen.subject.isupper():
        yield "loud subject"
    if seen.encoded_text:
        yield "needlessly encoded"
    for name, there in (
        ("forms", seen.forms), ("passwords", seen.passwords), ("scripts", seen.scripts),
        ("frames", seen.frames), ("refresh", seen.refresh), ("hidden", seen.hidden),
        ("invisible", seen.invisible), ("data links", seen.data_links),
        ("pixels", seen.tracking_pixels),
    ):  # fmt: skip
        if there:
            yield name
