"""The rules: one row each, with its code, its sentence for people, its score, and its test.

A test is a cheap pure function of an observation. Positive scores speak for spam; 5 puts a message
into the folder, so no single row should reach that unless it is nearly proof. Rows that need to
know how the sender authenticated say nothing where nothing was checked. Scores were set by hand so
that rules alone mark hardly any wanted mail; the classifier does the fine work.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_lowercase

from alphorn.spam import names, phrases
from alphorn.spam.links import WEB, Link, base_domain, is_address
from alphorn.spam.observation import Observation
from alphorn.spam.values import Reason


@dataclass(frozen=True, slots=True)
class Rule:
    """`text` is a whole sentence for the person whose mail it is."""

    code: str
    score: float
    text: str
    test: Callable[[Observation], bool]


_WORDLESS = re.compile(r"[\W\d_]+")
_BRAND_WORDS = frozenset(brand.split()[0] for brand in names.BRANDS)
_ADDRESS_IN_NAME = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
_RANDOM_LOCAL = re.compile(r"[a-z]*\d[a-z\d]{9,}|[bcdfghjklmnpqrstvwxz]{7,}")
_MIXED_SCRIPT = re.compile("[a-z][\u0400-\u04ff\u0370-\u03ff]|[\u0400-\u04ff\u0370-\u03ff][a-z]")
# Octets that such letters begin with in UTF-8.
_GREEK_CYRILLIC = range(0xCD, 0xD4)
# The search begins at the one last word, not at every gap.
_TAIL = re.compile(r"(?<=\s{5})[^\s]{2,40}$")
_STYLED = re.compile("[\U0001d400-\U0001d7ff\uff21-\uff5a]")
# Five single letters, each with a gap behind it; the search begins at the first gap.
_GAPPED = re.compile(r"[ .*-](?<=\b[a-z].)(?:[a-z][ .*-]){4}")
_SINGLE = frozenset(ascii_lowercase)
# What lies between words as a space, small letters as "a".
_GAPS = bytes(32 if n in b" .*-" else 97 if 97 <= n <= 122 else 0 for n in range(256))
_FIGURES = re.compile(r"[$€£]\s?\d[\d,.]{5,}|\d[\d,.]{6,}\s?(?:usd|eur|gbp|dollars|euros)\b")
_EXECUTABLE = frozenset(
    "exe scr pif com bat cmd vbs vbe js jse wsf hta lnk cpl ps1 jar msi".split()
)
_DISK = frozenset("iso img vhd vhdx one ace arj r00".split())
SHOUTED_LETTERS = 12


def mismatched(seen: Observation) -> Link | None:
    """The first link that shows one site and leads to another, None where there is none."""
    for link in seen.links:
        if link.shown and not link.image and base_domain(link.shown) != link.base:
            mail_to = link.scheme == "mailto"
            if not mail_to and not _same_house(link.base, base_domain(link.shown), seen):
                return link
    return None


def _same_house(target: str, shown: str, seen: Observation) -> bool:
    """Senders count clicks over hosts of their own, and lists over those of whoever sends them."""
    house = {base_domain(seen.from_domain), *map(base_domain, seen.facts.dkim)}
    if seen.facts.sender:
        house.add(base_domain(seen.facts.sender.rpartition("@")[2].lower()))
    return target in house or shown.split(".")[0] == target.split(".")[0]


def imitated(seen: Observation) -> str:
    """The well-known name that the sender gives himself without writing from its domain, or ""."""
    name = seen.from_name.lower()
    if not seen.from_domain or _BRAND_WORDS.isdisjoint(phrases.words(name)):
        return ""
    name = " " + " ".join(_WORDLESS.sub(" ", name).split()) + " "
    labels = seen.from_domain.replace("-", ".").split(".")
    for brand, own in names.BRANDS.items():
        if f" {brand} " in name and not any(part in labels for part in own):
            whole = seen.from_domain.split(".")
            if not any(part in whole for part in own):
                return brand
    return ""


def _name_shows_other_address(seen: Observation) -> bool:
    match = _ADDRESS_IN_NAME.search(seen.from_name.lower())
    return match is not None and base_domain(match[1]) != base_domain(seen.from_domain)


def _ending(host: str) -> str:
    return host.rpartition(".")[2]


def _free_page(host: str) -> bool:
    return base_domain(host) in names.FREE_PAGES or host.partition(".")[2] in names.FREE_PAGES


def _reported(seen: Observation, least: int) -> bool:
    reported = seen.facts.reported_hosts
    return bool(reported) and any(
        reported.get(link.host, 0) + reported.get(link.base, 0) * (link.base != link.host) >= least
        for link in seen.links
    )


def _own_domain_forged(seen: Observation) -> bool:
    facts = seen.facts
    return (
        facts.authentication_known and not facts.aligned and seen.from_domain in facts.own_domains
    )


def _shouts(text: str) -> bool:
    if sum(map(str.isupper, text)) <= 0.8 * SHOUTED_LETTERS:
        return False
    letters = [c for c in text if c.isalpha()]
    return len(letters) > SHOUTED_LETTERS and sum(map(str.isupper, letters)) > 0.8 * len(letters)


def _mixes_scripts(text: str, times: int) -> bool:
    """Whether a Latin letter stands beside a Greek or Cyrillic one so often, in lower case."""
    if text.isascii():
        return False
    octets = text.encode("utf-8", "replace")
    if not any(begin in octets for begin in _GREEK_CYRILLIC):
        return False
    return len(_MIXED_SCRIPT.findall(text)) >= times


def _gapped(seen: Observation) -> bool:
    if _SINGLE.isdisjoint(seen.words):
        return False
    text = seen.text[:10_000]
    shape = text.encode("ascii", "replace").translate(_GAPS)
    return shape.find(b" a a a a ") >= 0 and _GAPPED.search(text) is not None


def _group(group: phrases.Group, least: int) -> Callable[[Observation], bool]:
    return lambda seen: phrases.has(seen.text, seen.words, group, least)


def _image_only(seen: Observation) -> bool:
    return seen.has_html and seen.images > 0 and len(seen.text) < 120 and bool(seen.clicks)


def _unfamiliar(seen: Observation) -> bool:
    return not (seen.facts.known_correspondent or seen.facts.replied_to_us)


def _advance_fee(seen: Observation) -> bool:
    text, words = seen.text, seen.words
    return phrases.has(text, words, phrases.ADVANCE_FEE, 4) and (
        phrases.has(text, words, phrases.ADVANCE_FEE, 6) or _FIGURES.search(text) is not None
    )


def _asks_credentials(least: int) -> Callable[[Observation], bool]:
    def test(seen: Observation) -> bool:
        return bool(seen.clicks or seen.forms or seen.attachments) and (
            phrases.has(seen.text, seen.words, phrases.CREDENTIALS, least)
        )

    return test


TABLE: tuple[Rule, ...] = (
    # Who sent it, and whether that can be believed.
    Rule("spf-fail", 2.0, "The sender's domain does not let this server send its mail.",
         lambda s: s.facts.spf == "fail"),
    Rule("spf-softfail", 0.8, "The sender's domain does not expect this server to send its mail.",
         lambda s: s.facts.spf == "softfail"),
    Rule("dmarc-fail", 2.0, "The message could not prove to come from the domain it names.",
         lambda s: s.facts.dmarc == "fail"),
    Rule("unauthenticated", 0.6, "Nothing proves that the message comes from the domain it names.",
         lambda s: s.facts.authentication_known and not s.facts.aligned
         and s.facts.dmarc != "fail"),
    Rule("own-domain-forged", 4.0, "The message claims to come from here, but does not.",
         _own_domain_forged),
    Rule("aligned", -0.4, "The message really comes from the domain it names.",
         lambda s: s.facts.aligned),
    Rule("known-correspondent", -4.0, "You write with this sender.",
         lambda s: s.facts.known_correspondent and s.facts.aligned),
    Rule("known-unproven", -1.0, "You write with an address like this, but nothing proves it.",
         lambda s: s.facts.known_correspondent and not s.facts.aligned
         and s.facts.dmarc != "fail" and s.facts.spf != "fail"),
    Rule("reply-to-us", -4.0, "This answers a message that was sent from here.",
         lambda s: s.facts.replied_to_us),
    Rule("listed-twice", 4.0, "Several block lists name the sending server.",
         lambda s: len(s.facts.lists) >= 2),
    Rule("listed", 2.2, "A block list names the sending server.",
         lambda s: len(s.facts.lists) == 1),
    Rule("allow-listed", -2.0, "A list of trustworthy servers names the sending server.",
         lambda s: bool(s.facts.allow_lists)),
    Rule("no-reverse-name", 1.2, "The sending server's address has no name.",
         lambda s: s.facts.reverse_checked and not s.facts.reverse),
    Rule("unconfirmed-name", 0.6, "The name of the sending server does not lead back to it.",
         lambda s: s.facts.reverse_checked and bool(s.facts.reverse) and not s.facts.confirmed),
    Rule("many-recipients", 0.5, "The message went to many addresses here at once.",
         lambda s: s.facts.recipients > 20),
    # What the header says.
    Rule("imitates", 2.2, "The sender calls itself by a well-known name but writes from elsewhere.",
         lambda s: bool(imitated(s))),
    Rule("name-shows-other-address", 1.8, "The sender's name shows another address than its own.",
         _name_shows_other_address),
    Rule("no-author", 1.5, "The message does not say who wrote it.",
         lambda s: not s.from_address),
    Rule("author-without-domain", 1.0, "The author's address has no domain.",
         lambda s: bool(s.from_address) and "." not in s.from_domain),
    Rule("several-authors", 0.8, "The message names several authors.",
         lambda s: s.authors > 1 and "sender" not in s.fields),
    Rule("random-address", 0.7, "The sender's address looks thrown together.",
         lambda s: not s.list_id
         and _RANDOM_LOCAL.fullmatch(s.from_address.partition("@")[0]) is not None),
    Rule("reply-elsewhere-free", 1.0, "Replies would go to a free mailbox of another domain.",
         lambda s: s.reply_domain in names.FREE_MAIL and bool(s.from_domain)
         and base_domain(s.reply_domain) != base_domain(s.from_domain)),
    Rule("doubtful-sender-ending", 0.8, "The sender's domain has an ending that abuse prefers.",
         lambda s: _ending(s.from_domain) in names.DOUBTFUL_ENDINGS),
    Rule("shouting-subject", 0.7, "The subject is all in capitals.",
         lambda s: _shouts(s.subject)),
    Rule("exclaiming-subject", 0.5, "The subject exclaims.",
         lambda s: "!" in s.subject),
    Rule("subject-tail", 1.0, "The subject ends in a gap and random characters.",
         lambda s: _TAIL.search(s.subject) is not None),
    Rule("disguised-subject", 1.5, "The subject mixes letters of several alphabets to look alike.",
         lambda s: _mixes_scripts((s.subject + " " + s.from_name).lower(), 1)),
    Rule("styled-subject", 1.0, "The subject uses look-alike letters instead of plain ones.",
         lambda s: _STYLED.search(s.subject + s.from_name) is not None),
    Rule("advertised", 2.5, "The subject itself says that this is advertising.",
         lambda s: s.subject[:5].lower().rstrip().startswith(("adv:", "adv ", "(adv", "[adv"))
         ),
    Rule("empty-subject-link", 0.8, "There is no subject, and little but a link.",
         lambda s: not s.subject.strip() and bool(s.clicks) and len(s.text) < 300),
    Rule("false-reply", 0.6, "The subject looks like a reply, but nothing is replied to.",
         lambda s: s.subject[:4].lower() in ("re: ", "aw: ", "re:") and s.has_html
         and "in-reply-to" not in s.fields and _unfamiliar(s) and not s.list_id
         and not s.has_plain),
    # Where it leads.
    Rule("reported-often", 4.0, "Several people here reported mail with the same link.",
         lambda s: _reported(s, 3)),
    Rule("reported", 2.0, "Somebody here reported mail with the same link.",
         lambda s: _reported(s, 1) and not _reported(s, 3)),
    Rule("link-listed", 3.5, "A block list names a site that the message links to.",
         lambda s: bool(s.facts.listed_hosts) and any(
             link.host in s.facts.listed_hosts or link.base in s.facts.listed_hosts
             for link in s.links)),
    Rule("link-mismatch", 1.8, "The link shows one address and leads to another.",
         lambda s: mismatched(s) is not None),
    Rule("link-number", 1.5, "A link leads to a bare number instead of a name.",
         lambda s: any(map(is_address, {link.host for link in s.links if link.scheme in WEB}))),
    Rule("link-user", 1.5, "A link hides its target behind a name and an “@”.",
         lambda s: any(link.user for link in s.clicks)),
    Rule("link-punycode", 1.2, "A link uses a name with foreign letters that may look like others.",
         lambda s: any("xn--" in host or not host.isascii() for host in s.hosts)),
    Rule("link-shortened", 0.7, "A link hides its target behind a shortening service.",
         lambda s: not names.SHORTENERS.isdisjoint(s.hosts)),
    Rule("link-free-page", 0.9, "A link leads to a page that anybody can put up at no cost.",
         lambda s: any(map(_free_page, s.hosts))),
    Rule("link-doubtful-ending", 0.8, "A link leads to a domain with an ending that abuse prefers.",
         lambda s: not names.DOUBTFUL_ENDINGS.isdisjoint(map(_ending, s.hosts))),
    Rule("link-port", 0.8, "A link leads to an unusual port.",
         lambda s: any(link.port not in ("", "80", "443") for link in s.clicks)),
    Rule("link-many-labels", 0.6, "A link's name is nested unusually deep.",
         lambda s: any(host.count(".") >= 5 and not is_address(host) for host in s.hosts)),
    Rule("link-script", 1.5, "A link holds a program or a page instead of an address.",
         lambda s: s.data_links > 0),
    # What it shows, and what it hides.
    Rule("form", 1.0, "The message asks to fill in a form.",
         lambda s: s.forms > 0 and not s.passwords),
    Rule("password-form", 3.0, "The message asks for a password.",
         lambda s: s.passwords > 0),
    Rule("script", 0.8, "The message holds a program for the browser.",
         lambda s: s.scripts > 0),
    Rule("refresh", 1.5, "The message sends the browser on to another page.",
         lambda s: s.refresh),
    Rule("hidden-text", 1.2, "The message hides much text from its reader.",
         lambda s: len(s.hidden.split()) > 60 and len(s.hidden) > 0.5 * len(s.text)),
    Rule("invisible-letters", 1.2, "Invisible characters break up the words.",
         lambda s: s.invisible > 20 and 8 * s.invisible > len(s.text.split())),
    Rule("disguised-text", 1.0, "Words mix letters of several alphabets to look alike.",
         lambda s: _mixes_scripts(s.text, 4)),
    Rule("gapped-words", 0.8, "Letters are spaced out to hide words.",
         _gapped),
    Rule("image-only", 0.8, "The message is an image to click on, with hardly any text.",
         _image_only),
    Rule("needlessly-encoded", 0.4, "Plain text is encoded for no reason but to hide it.",
         lambda s: s.encoded_text),
    Rule("html-attached", 1.8, "A web page is attached instead of shown.",
         lambda s: any(part.extension in ("htm", "html", "shtml", "xhtml", "svg")
                       for part in s.attachments)),
    Rule("program-attached", 2.5, "A program is attached.",
         lambda s: any(part.extension in _EXECUTABLE for part in s.attachments)),
    Rule("disk-attached", 1.8, "A disk image or an unusual archive is attached.",
         lambda s: any(part.extension in _DISK for part in s.attachments)),
    # What it says.
    Rule("advance-fee", 3.0, "It reads like a promise of money from a stranger.",
         _advance_fee),
    Rule("extortion", 3.0, "It reads like extortion.",
         lambda s: not s.words.isdisjoint(("bitcoin", "btc"))
         and phrases.has(s.text, s.words, phrases.EXTORTION, 4)),
    Rule("asks-credentials", 1.0, "It presses to confirm an account.", _asks_credentials(2)),
    Rule("asks-credentials-much", 1.0, "It presses hard to confirm an account.",
         _asks_credentials(4)),
    Rule("parcel", 0.8, "It speaks of a parcel that waits, and wants a click.",
         lambda s: bool(s.clicks) and phrases.has(s.text, s.words, phrases.PARCEL, 3)),
    Rule("prizes", 1.0, "It promises prizes.", _group(phrases.PRIZES, 3)),
    Rule("offers", 1.0, "It reads like an unasked offer.", _group(phrases.OFFERS, 4)),
    Rule("offers-many", 1.5, "It is full of wordings of unasked offers.",
         _group(phrases.OFFERS, 7)),
)  # fmt: skip


def findings(seen: Observation) -> list[Reason]:
    """The rules that apply, in the table's order, then what other parts found in the header."""
    found = [Reason(rule.code, rule.text, rule.score) for rule in TABLE if rule.test(seen)]
    found += [Reason(*reason) for reason in seen.facts.header_reasons]
    return found
