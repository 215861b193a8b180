"""What checks of authentication came to, as header fields: Authentication-Results (RFC 8601) and
Received-SPF (RFC 7208 §9.1) written, and those that others forged in our name removed.

Much of what is written here was said by a stranger. Nothing he says can end a line, a quoted string
or a comment, or add a result: what is no plain word stands in quotation marks, control characters
and octets that are no text are question marks, and every value is cut at `MAX_VALUE`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alphorn.mailauth.arc.validate import ArcResult
from alphorn.mailauth.dkim.verify import DkimResult
from alphorn.mailauth.dmarc.evaluate import DmarcResult
from alphorn.mailauth.outcome import Outcome
from alphorn.mailauth.spf.result import Spf, SpfResult
from alphorn.message import header, words
from alphorn.message.comments import strip_comments

MAX_VALUE = 320
"""Octets of one value: the longest address there is (RFC 5321 §4.5.3.1). Quoted it has at most
twice as many, so that no line comes near the 998 that there may be (RFC 5322 §2.1.1)."""

MAX_SIGNATURES = 20
MAX_SEALERS = 5
MAX_IDENTITY = 1000
"""Octets of a foreign field's value in which its authserv-id is looked for; one that does not end
within them is removed."""

# RFC 2045's token, and an address or domain of such characters (RFC 8601 §2.2, pvalue).
_PLAIN = re.compile(
    r"[A-Za-z0-9!#$&*+._`{|}~^%'-]+(?:@[A-Za-z0-9._-]+)?|@[A-Za-z0-9._-]+", re.ASCII
)
# RFC 5322's dot-atom, which is what Received-SPF allows without quotation marks.
_ATOM = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII
)
_UNSAFE_IN_COMMENT = re.compile(r"[()\\\";]")  # the last two for readers who know no comments
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9.-]+")
_OURS = re.compile(
    rb"\n(?:(received)|authentication-results|received-spf)[ \t]*+:"
    rb"([^\n]*+(?:\n[ \t][^\n]*+)*+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Authentication:
    """All that was found out about who sent a message.

    `spf` is the result for MAIL FROM, `helo_spf` that for HELO, None where it was not checked.
    `ptr` is the client's name that its address and the name's address both confirm, "" for none.
    `aligned` is the domain that SPF or DKIM vouches for and that is aligned with the author's,
    whether that has a policy or not; "" for none.
    """

    spf: SpfResult | None = None
    helo_spf: SpfResult | None = None
    dkim: Sequence[DkimResult] = ()
    arc: ArcResult | None = None
    dmarc: DmarcResult | None = None
    ptr: str = ""
    aligned: str = ""


def authentication_results(hostname: str, auth: Authentication) -> bytes:
    """The whole field, folded, with CRLF. `hostname` is our authserv-id (RFC 8601 §2.5)."""
    results = [*_of_dkim(auth.dkim), *_of_spf(auth), *_of_dmarc(auth.dmarc), *_of_arc(auth)]
    lines = [f"Authentication-Results: {_clean(hostname)}", *(results or ["none"])]
    return (";\r\n\t".join(lines) + "\r\n").encode()


def received_spf(hostname: str, result: SpfResult, sender: str, helo: str) -> bytes:
    """The whole field for one result; `sender` is the envelope's, "" for the empty one."""
    pairs = [
        ("receiver", hostname),
        ("client-ip", result.ip),
        ("envelope-from", sender),
        ("helo", helo),
        ("identity", result.identity),
        ("mechanism", result.mechanism),
        ("problem", result.problem),
    ]
    written = [
        f"{name}={_quoted(value, _ATOM)}"
        for name, value in pairs
        if value or name in ("envelope-from", "helo")
    ]
    comment = _comment(f"{hostname}: " + _EXPLAINED[result.result].format(result=result))
    return (
        f"Received-SPF: {result.result}\r\n\t({comment})\r\n\t" + ";\r\n\t".join(written) + ";\r\n"
    ).encode()


def without_forged(raw: bytes, hostname: str) -> bytes:
    """The message, as a stranger sent it, without the fields that only we may write.

    Removed are Authentication-Results that bear our name as authserv-id, or none that can be read
    (RFC 8601 §5), and Received-SPF that stand above the first Received field, where only our own
    stand, or name us as the receiver. All else stays as it was, octet by octet.
    """
    body = header.header_end(raw)
    head = b"\n" + raw[:body]
    own = hostname.lower().removesuffix(".")
    kept: list[bytes] = []
    at = 0
    above = True
    for match in _OURS.finditer(head):
        if match[1] is not None:
            above = False
            continue
        if match[0][1:2] in b"aA":
            forged = _claims(match[2], own)
        else:
            forged = above or _receives(match[2], own)
        if forged:
            kept.append(head[at : match.start()])
            at = match.end()
    if not at:
        return raw
    kept.append(head[at:])
    return b"".join((b"".join(kept)[1:], raw[body:]))


def _claims(value: bytes, hostname: str) -> bool:
    """Whether a field says that `hostname` wrote it, or does not say who did."""
    if len(value) > MAX_IDENTITY and b";" not in value[:MAX_IDENTITY]:
        return True
    text = strip_comments(header.unfold(value[:MAX_IDENTITY].decode("utf-8", "replace")))
    identity = words.decode(text.partition(";")[0]).lower()
    found = identity.replace('"', " ").replace("\\", "").split()
    if not found or any(word.removesuffix(".") == hostname for word in found):
        return True
    # Spaced out, with something unseen in it, or with a version: some programs may not mind.
    return _NOT_IN_A_NAME.sub("", identity).rstrip(".0123456789") == hostname


def _receives(value: bytes, hostname: str) -> bool:
    text = header.unfold(value[:MAX_IDENTITY].decode("latin-1")).lower()
    return re.search(rf"receiver\s*=\s*\"?{re.escape(hostname)}\.?[\s\";)]", text + ";") is not None


def _of_dkim(results: Sequence[DkimResult]) -> Iterator[str]:
    for result in results[:MAX_SIGNATURES]:
        yield _result(
            "dkim",
            result.outcome,
            "" if result.outcome is Outcome.PASS else result.reason,
            ("header.d", result.domain),
            ("header.i", result.identity if result.outcome is Outcome.PASS else ""),
            ("header.s", result.selector),
            ("header.a", result.algorithm),
            ("header.b", result.start),
        )


def _of_spf(auth: Authentication) -> Iterator[str]:
    for result in (auth.spf, auth.helo_spf):
        if result is not None:
            name = f"smtp.{'helo' if result.identity == 'helo' else 'mailfrom'}"
            yield _result("spf", result.result, result.problem, (name, result.domain))
    address = auth.spf or auth.helo_spf
    if auth.ptr and address is not None:
        yield _result("iprev", Outcome.PASS, "", ("policy.iprev", address.ip), note=auth.ptr)


def _of_dmarc(result: DmarcResult | None) -> Iterator[str]:
    if result is not None:
        yield _result(
            "dmarc",
            result.outcome,
            "" if result.outcome is Outcome.PASS else result.reason,
            ("header.from", result.author),
            ("policy.dmarc", result.policy),
        )


def _of_arc(auth: Authentication) -> Iterator[str]:
    result = auth.arc
    if result is not None and result.outcome is not Outcome.NONE:
        address = auth.spf or auth.helo_spf
        oldest = result.oldest_pass if result.oldest_pass > 1 else 0  # RFC 8617 §5.2
        yield _result(
            "arc",
            result.outcome,
            "" if result.outcome is Outcome.PASS else result.reason,
            ("smtp.remote-ip", "" if address is None else address.ip),
            ("header.oldest-pass", str(oldest) if result.outcome is Outcome.PASS else ""),
            note=" ".join(("sealed by", *result.sealers[:MAX_SEALERS])) if result.sealers else "",
        )


def _result(
    method: str, outcome: str, reason: str, *properties: tuple[str, str], note: str = ""
) -> str:
    """One result (RFC 8601 §2.2), with the properties that have a value."""
    words = [f"{method}={outcome}"]
    if note:
        words.append(f"({_comment(note)})")
    if reason:
        words.append(f"reason={_quoted(reason, None)}")
    words += [f"{name}={_quoted(value, _PLAIN)}" for name, value in properties if value]
    return "\r\n\t ".join(_filled(words))


def _filled(words: Sequence[str]) -> Iterator[str]:
    """The words on lines of 78 characters where they can be that short."""
    line = ""
    for word in words:
        if line and len(line) + len(word) > 74:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    yield line


def _clean(text: str) -> str:
    """`text` on one line: letters of any script stay, all that is not seen is a question mark."""
    text = text[:MAX_VALUE]
    if text.isprintable() and text.isascii():
        return text
    text = "".join([sign if sign.isprintable() else "?" for sign in text])
    return text.encode()[:MAX_VALUE].decode("utf-8", "ignore")


def _quoted(text: str, plain: re.Pattern[str] | None) -> str:
    if plain is not None and len(text) <= MAX_VALUE and plain.fullmatch(text):
        return text
    return '"' + _clean(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _comment(text: str) -> str:
    return _UNSAFE_IN_COMMENT.sub("?", _clean(text))


_EXPLAINED = {
    Spf.PASS: "domain of {result.domain} designates {result.ip} as permitted sender",
    Spf.FAIL: "domain of {result.domain} does not designate {result.ip} as permitted sender",
    Spf.SOFTFAIL: "{result.domain} says that {result.ip} is probably no permitted sender",
    Spf.NEUTRAL: "{result.domain} says nothing about {result.ip}",
    Spf.NONE: "{result.domain} publishes no policy",
    Spf.TEMPERROR: "the policy of {result.domain} could not be had for now",
    Spf.PERMERROR: "the policy of {result.domain} is wrong",
}
