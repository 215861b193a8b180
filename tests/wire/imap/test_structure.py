"""BODY is BODYSTRUCTURE without its extension data."""

from pathlib import Path

import pytest

from alphorn.message import imap_structure
from alphorn.message.parse import parse
from alphorn.wire.imap.structure import without_extensions

TEXT = b'("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "7BIT" 12 1'
PICTURE = b'("IMAGE" "PNG" ("NAME" {5}\r\na)("b) NIL NIL "BASE64" 99'
ENVELOPE = b'(NIL "a \\"(b" ((NIL NIL "x" "y")(NIL NIL "z" "y")) NIL NIL NIL NIL NIL NIL NIL)'


@pytest.mark.parametrize(
    ("full", "plain"),
    [
        (TEXT + b' NIL ("INLINE" NIL) NIL "loc")', TEXT + b")"),
        (TEXT + b")", TEXT + b")"),
        (PICTURE + b' "md5" NIL "de" NIL)', PICTURE + b")"),
        (
            b"(" + TEXT + b" NIL)" + PICTURE + b' NIL) "MIXED" ("BOUNDARY" "x)") NIL NIL NIL)',
            b"(" + TEXT + b")" + PICTURE + b') "MIXED")',
        ),
        (
            b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 342 %b %b NIL) 12 NIL NIL)' % (ENVELOPE, TEXT),
            b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 342 %b %b) 12)' % (ENVELOPE, TEXT),
        ),
        (
            b'("message" "delivery-status" NIL NIL NIL "7BIT" 342 NIL NIL NIL NIL)',
            b'("message" "delivery-status" NIL NIL NIL "7BIT" 342)',
        ),
        (
            b'("message" "global" NIL NIL NIL "8BIT" 342 NIL ("inline" NIL) NIL NIL)',
            b'("message" "global" NIL NIL NIL "8BIT" 342)',
        ),
    ],
)
def test_without_extensions(full: bytes, plain: bytes) -> None:
    assert without_extensions(full) == plain
    assert without_extensions(plain) == plain


@pytest.mark.parametrize(
    "text",
    [b"", b"()", b"(", b")", b"(()", b'"x"', b'("TEXT" "PLAIN")', b'(("TEXT"))',
     b"(" + TEXT + b"))", b'("a', b'("MESSAGE" "RFC822" NIL NIL NIL "7BIT")'],
)  # fmt: skip
def test_what_is_no_structure(text: bytes) -> None:
    with pytest.raises(ValueError):
        without_extensions(text)


@pytest.mark.shared
def test_real_mail(shared: Path) -> None:
    """The store's BODYSTRUCTURE without extensions is what the message itself gives as BODY."""
    files = [path for path in sorted((shared / "mime").rglob("*")) if path.is_file()]
    compared = 0
    for path in files:
        raw = path.read_bytes()
        entity = parse(raw)
        full = imap_structure.render(raw, entity).encode()
        plain = imap_structure.render(raw, entity, extended=False).encode()
        assert without_extensions(full) == plain, path
        compared += 1
    assert compared > 100
