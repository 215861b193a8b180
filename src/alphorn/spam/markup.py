"""What an HTML part does beside showing text: links, images, forms, and text it hides.

No parser: a run of compiled expressions over the octets, each of which stops at the next "<" or
">", so that time is linear however broken the markup is. Browsers see more; this sees what mail is
made of. Bounds: MAX_TAGS tags looked at, MAX_HIDDEN hidden stretches, MAX_LOOKS attributes,
MAX_SHOWN characters of a link's text.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from alphorn.message import html_text
from alphorn.spam import links, phrases
from alphorn.spam.links import Link

MAX_TAGS = 600
MAX_LINKS = 300
MAX_HIDDEN = 40
MAX_SHOWN = 300
MAX_ATTRIBUTES = 4000
MAX_LOOKS = 300

# These look at lower case, where literal beginnings let a search skip; a name is told from the end
# of a longer one behind its first letters for the same reason.
_TAG = re.compile(
    r"<(a|area|img|form|input|iframe|object|embed|script|base|meta|svg|link|button)"
    r"(?=[\s/>])([^<>]*+)"
)
_ATTRIBUTE = re.compile(
    "("
    + "|".join(
        rf"{name}(?<![\w-]{name})"
        for name in "href src action type http-equiv content width height srcdoc".split()
    )
    + r")\s{0,9}=\s{0,9}(?:\"([^\"]*+)\"?|'([^']*+)'?|([^\s\"'>]++))"
)
# One expression each, as a literal beginning is searched for much faster than alternatives.
_HIDING = tuple(
    (beginning, re.compile(beginning + r"\s{0,3}:\s{0,3}" + rest))
    for beginning, rest in (
        ("display", "none"),
        ("visibility", "hidden"),
        ("font-size", r"[01](?:px|pt|em|%)?\s{0,3}[;\"'}!]"),
        ("opacity", r"0\s{0,3}[;\"'}]"),
        ("max-height", r"0(?:px)?\s{0,3}[;\"'}]"),
    )
)
_NAME = re.compile(r"<([a-zA-Z][a-zA-Z0-9]{0,15})")
# How things are to look, as `bgcolor=#ff0000` or `font-size:10px`: programs have their habits.
_LOOK = re.compile(
    rb"[ ;\"'](?:[bdefgijklmnopqrtuwxyz-]|a(?!lt)|c(?!ontent)|h(?!ref)|s(?!rc)|v(?!alue))"
    rb"[a-z-]{2,15}+[ ]?+[=:][ ]?+[\"']?+[#a-z0-9%][#a-z0-9%.,-]{0,18}+"
)
_LINK_END = re.compile(r"</a|<a[\s>]|</t[dr]", re.IGNORECASE)


@dataclass(slots=True)
class Markup:
    """What was seen in one HTML part; `visible` is its text, `hidden` what no reader sees."""

    visible: str = ""
    hidden: str = ""
    links: list[Link] = field(default_factory=list)
    images: int = 0
    remote_images: int = 0
    tracking_pixels: int = 0
    forms: int = 0
    passwords: int = 0
    scripts: int = 0
    frames: int = 0
    refresh: bool = False
    base: bool = False
    data_links: int = 0
    tags: int = 0
    looks: dict[bytes, None] = field(default_factory=dict)


def look(html: str) -> Markup:
    """Never raises; `html` is already as short as the caller wants to look at."""
    lower = html.lower()
    shown, in_place = html, lower
    if len(lower) != len(html):
        shown, in_place = lower, phrases.lower(html)
    pieces = lower.split("<")
    # Looks, and styles that hide, stand within one piece; most text has neither sign in it, and
    # what follows each other often looks alike.
    marked = "<".join(dict.fromkeys([one for one in pieces if "=" in one or ":" in one]))
    seen = Markup(tags=len(pieces) - 1)
    hiding = [pattern for beginning, pattern in _HIDING if beginning in marked]
    kept, hidden = _split_hidden(shown, lower, hiding) if hiding else (shown, "")
    seen.visible = html_text.to_text(kept)
    seen.hidden = html_text.to_text(hidden) if hidden else ""
    found = _LOOK.findall(marked.encode("utf-8", "replace"))
    seen.looks = dict.fromkeys(islice(dict.fromkeys(found), MAX_LOOKS))
    for match in islice(_TAG.finditer(in_place), MAX_TAGS):
        _note(seen, html, match)
    return seen


def together(parts: Iterable[Markup]) -> Markup:
    """What was counted in several parts, without their texts and links."""
    whole = Markup()
    for one in parts:
        whole.images += one.images
        whole.remote_images += one.remote_images
        whole.tracking_pixels += one.tracking_pixels
        whole.forms += one.forms
        whole.passwords += one.passwords
        whole.scripts += one.scripts
        whole.frames += one.frames
        whole.refresh |= one.refresh
        whole.data_links += one.data_links
        whole.tags += one.tags
        whole.looks |= one.looks
    return whole


def _note(seen: Markup, html: str, match: re.Match[str]) -> None:
    name = match[1]
    values = _values(html, match)
    if name == "a" or name == "area":
        target = values.get("href", "")
        if target.lower().startswith(("data:", "javascript:", "vbscript:")):
            seen.data_links += 1
        elif target and target[0] != "#" and len(seen.links) < MAX_LINKS:
            link = links.parse(target, _shown(html, match.end()))
            if link is not None:
                seen.links.append(link)
    elif name == "img":
        seen.images += 1
        source = values.get("src", "")
        if source[:4].lower() == "http":
            seen.remote_images += 1
            link = links.parse(source, image=True) if len(seen.links) < MAX_LINKS else None
            if link is not None:
                seen.links.append(link)
        if values.get("width") in ("0", "1") and values.get("height") in ("0", "1"):
            seen.tracking_pixels += 1
    elif name == "form":
        seen.forms += 1
        link = links.parse(values.get("action", ""))
        if link is not None and len(seen.links) < MAX_LINKS:
            seen.links.append(link)
    elif name == "input":
        seen.passwords += values.get("type", "").lower() == "password"
    elif name in ("script", "object", "embed", "svg"):
        seen.scripts += name != "svg"
    elif name == "iframe":
        seen.frames += 1
    elif name == "base":
        seen.base = "href" in values
    elif name == "meta":
        seen.refresh |= values.get("http-equiv", "").lower() == "refresh"


def _values(html: str, tag: re.Match[str]) -> dict[str, str]:
    """The first of each attribute as it stands in `html`, in whose lower case the tag was found."""
    found: dict[str, str] = {}
    begin, end = tag.span(2)
    if end > begin:
        for match in _ATTRIBUTE.finditer(tag.string, begin, min(end, begin + MAX_ATTRIBUTES)):
            value, stop = match.span(match.lastindex or 0)
            found.setdefault(match[1], html[value:stop])
    return found


def _shown(html: str, at: int) -> str:
    """The text of the link whose opening tag's attributes end at `at`, or "" if that is no host."""
    begin = at + 1
    window = html[begin : begin + 4 * MAX_SHOWN]
    end = _LINK_END.search(window)
    if end is not None:
        window = window[: end.start()]
    if "." not in window and "&" not in window:
        return ""
    if "<" in window:
        window = html_text.to_text(window)
    return window.strip()[:MAX_SHOWN]


def _split_hidden(html: str, lower: str, hiding: list[re.Pattern[str]]) -> tuple[str, str]:
    """The markup without elements that their own style hides in one of these ways, and what these
    hold; `lower` is the markup in lower case, each letter where it was."""
    places = sorted(
        match.start() for one in hiding for match in islice(one.finditer(lower), MAX_HIDDEN)
    )
    kept: list[str] = []
    hidden: list[str] = []
    at = 0
    for where in places:
        begin = lower.rfind("<", max(at, where - MAX_ATTRIBUTES), where)
        if begin < at or lower.find(">", begin, where) >= 0:
            continue
        name = _NAME.match(lower, begin)
        inner = lower.find(">", where)
        if name is None or inner < 0 or name[1] in ("img", "br", "input", "body", "html"):
            continue
        end = lower.find("</" + name[1], inner)
        if end < 0:
            continue
        kept.append(html[at:begin])
        hidden.append(html[inner + 1 : end])
        at = end
    if not hidden:
        return html, ""
    kept.append(html[at:])
    return "".join(kept), " ".join(hidden)
