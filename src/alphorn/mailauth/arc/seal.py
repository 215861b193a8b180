"""Adding a set of our own to a chain (RFC 8617 §5.1), before a message is passed on.

`seal` is a function of its arguments: the same message, key and time give the same octets. Tags
stand in alphabetical order with one space between them, the form in which independent
implementations agree on every octet.
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

from alphorn.mailauth.arc import chain as chains
from alphorn.mailauth.arc.validate import FAILED_BEFORE, ArcResult
from alphorn.mailauth.dkim.canonical import (
    relaxed_body,
    relaxed_field,
    split,
    split_fields,
)
from alphorn.mailauth.dkim.fields import MAX_INSTANCES, field_name, names_to_sign, select
from alphorn.mailauth.dkim.keys import Algorithm, SigningKey, algorithm_of
from alphorn.mailauth.dkim.sign import check_names, folded, signature_over
from alphorn.mailauth.outcome import Outcome

PIECE = 72
"""Characters of a signature on a line."""

VERDICTS = {Outcome.NONE: "none", Outcome.PASS: "pass", Outcome.FAIL: "fail"}

ALSO_SIGNED = ("dkim-signature", "arc-authentication-results")
"""Besides what DKIM signs: others before us made them, and they show what we had before us."""


def seal(
    raw: bytes,
    keys: Sequence[SigningKey],
    results: str,
    chain: ArcResult,
    now: int,
    *,
    names: Sequence[str] | None = None,
) -> bytes:
    """The three fields of our set, each with its CRLF, to stand before the message.

    `raw` is the message as it leaves, with CRLF; `chain` is what `validate.check` said of it as it
    came. `results` is what stands in Authentication-Results behind the name ("mx.example.org;
    spf=pass ..."), on one line. A chain has one signature at each place: an RSA key is preferred,
    because not all can check others. `names` is `h=`, by default what DKIM signs and `ALSO_SIGNED`.

    b"" where no set may or can be added: the chain was said to be broken before, has 50 sets, its
    state is not known (TEMPERROR), `chain` is of another message, or there is no key. Raises
    `Refused` (code "dkim-key") for a key that cannot be used.
    """
    verdict = VERDICTS.get(chain.outcome)
    before = chains.parse(raw)
    instance = before.highest + 1
    if not keys or verdict is None or chain.code == FAILED_BEFORE.code:
        return b""
    if instance > chains.MAX_SETS or (verdict == "none") != (before == chains.Chain()):
        return b""
    if verdict == "pass" and not before.sets:
        return b""
    key = _preferred(keys)
    check_names(key)
    found = _results(instance, results)
    message = _message(found + raw, key, instance, now, names)
    # Who finds a chain broken seals his own set alone (RFC 8617 §5.1.2).
    earlier = before.sets if verdict == "pass" else ()
    signed = [
        field for each in earlier for field in (each.results, each.message.field, each.seal.field)
    ]
    octets = b"".join(relaxed_field(field) + b"\r\n" for field in (*signed, found[:-2], message))
    tags = (f"cv={verdict};", f"d={key.domain};", f"i={instance};", f"s={key.selector};")
    sealed = _signed("ARC-Seal", key, octets, [*tags, f"t={now}"])
    return sealed + b"\r\n" + message + b"\r\n" + found


def _preferred(keys: Sequence[SigningKey]) -> SigningKey:
    rsa = (key for key in keys if algorithm_of(key.private_key_der) is Algorithm.RSA_SHA256)
    return next(rsa, keys[0])


def _results(instance: int, results: str) -> bytes:
    # Folded before spaces that are there anyway, so that quoted strings keep their octets.
    line = " ".join(results.split()).replace("; ", ";\r\n ")
    return f"ARC-Authentication-Results: i={instance}; {line}\r\n".encode()


def _message(
    raw: bytes, key: SigningKey, instance: int, now: int, names: Sequence[str] | None
) -> bytes:
    """ARC-Message-Signature without its CRLF."""
    header, body = split(raw)
    fields = split_fields(header)
    covered = _names(fields) if names is None else list(names)
    signed = b"".join(relaxed_field(field) + b"\r\n" for field in select(fields, covered))
    list_of_names = [f"{name}:" for name in covered[:-1]] + covered[-1:]
    tags = [
        f"bh={b64encode(sha256(relaxed_body(body)).digest()).decode()};",
        "c=relaxed/relaxed;",
        f"d={key.domain};",
        folded("h=", list_of_names, "") + ";",
        f"i={instance};",
        f"s={key.selector};",
        f"t={now}",
    ]
    return _signed("ARC-Message-Signature", key, signed, tags)


def _names(fields: Sequence[bytes]) -> list[str]:
    names = [name.lower() for name in names_to_sign(fields)]
    present = [field_name(field) for field in fields]
    counts = ((name, min(present.count(name.encode()), MAX_INSTANCES)) for name in ALSO_SIGNED)
    return names + [name for name, count in counts for _ in range(count)]


def _signed(name: str, key: SigningKey, signed: bytes, tags: Sequence[str]) -> bytes:
    """The field `name` with these tags behind `a=` and `b=`, signed over `signed` and itself."""
    # Folded with spaces: dkimpy looks for " i=" in fields as they stand.
    start = f"{name}: a={algorithm_of(key.private_key_der).value};\r\n "
    end = "".join(f"\r\n {tag}" for tag in tags)
    data = signed + relaxed_field(f"{start}b=;{end}".encode())
    value = f"b={signature_over(key.private_key_der, data)}"
    pieces = [value[at : at + PIECE] for at in range(0, len(value), PIECE)]
    folded_value = "\r\n ".join(pieces)
    return f"{start}{folded_value};{end}".encode()
