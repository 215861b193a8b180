"""A strict reader of IMAP response data, written apart from the code that it checks.

`read` turns octets into nested lists of bytes and None; `check_envelope` and `check_body` hold them
against the grammar of RFC 3501 §9 and RFC 9051 §9. All raise AssertionError on the slightest doubt.
"""

from typing import Any

Value = Any  # bytes (a string), None (NIL), int (a number), or a list of these


def read(data: bytes) -> Value:
    """The one value that `data` is, with nothing left over."""
    value, at = _value(data, 0)
    assert at == len(data), f"trailing data: {data[at : at + 40]!r}"
    return value


def _value(data: bytes, at: int) -> tuple[Value, int]:
    sign = data[at : at + 1]
    if sign == b"(":
        return _list(data, at + 1)
    if sign == b'"':
        return _quoted(data, at + 1)
    if sign == b"{":
        close = data.index(b"}\r\n", at)
        size = int(data[at + 1 : close])
        text = data[close + 3 : close + 3 + size]
        assert len(text) == size
        assert b"\0" not in text
        return text, close + 3 + size
    if data[at : at + 3] == b"NIL":
        return None, at + 3
    end = at
    while data[end : end + 1].isdigit():
        end += 1
    assert end > at, f"no value at {data[at : at + 40]!r}"
    return int(data[at:end]), end


def _list(data: bytes, at: int) -> tuple[Value, int]:
    values: list[Value] = []
    while data[at : at + 1] != b")":
        if values:
            # Only addresses in a list and bodies in a multipart stand without a space between.
            if data[at : at + 1] == b" ":
                at += 1
            else:
                assert data[at : at + 1] == b"(", data[at - 20 : at + 20]
                assert isinstance(values[-1], list)
        value, at = _value(data, at)
        values.append(value)
    assert values, "an empty list is written NIL"
    return values, at + 1


def _quoted(data: bytes, at: int) -> tuple[bytes, int]:
    text = bytearray()
    while True:
        octet = data[at]
        assert octet not in (0, 10, 13), "CR, LF or NUL in a quoted string"
        if octet == 0x22:
            return bytes(text), at + 1
        if octet == 0x5C:
            at += 1
            assert data[at] in (0x22, 0x5C)
        text.append(data[at])
        at += 1


def _is_nstring(value: Value) -> bool:
    return value is None or isinstance(value, bytes)


def check_envelope(value: Value) -> None:
    assert isinstance(value, list)
    assert len(value) == 10
    date, subject, *lists, in_reply_to, message_id = value
    assert all(map(_is_nstring, (date, subject, in_reply_to, message_id)))
    for addresses in lists:
        if addresses is None:
            continue
        in_group = False
        for address in addresses:
            assert len(address) == 4
            name, _route, mailbox, host = address
            assert all(map(_is_nstring, address))
            if host is None:
                assert (mailbox is None) == in_group, "groups nest or never end"
                assert name is None
                in_group = not in_group
        assert not in_group
    author, sender, reply_to = lists[:3]
    if author is not None:
        assert sender is not None
        assert reply_to is not None


def check_body(value: Value, *, extended: bool) -> int:
    """How many leaves the body has."""
    assert isinstance(value, list)
    if isinstance(value[0], list):
        count = next(n for n, entry in enumerate(value) if not isinstance(entry, list))
        leaves = sum(check_body(entry, extended=extended) for entry in value[:count])
        subtype, *extension = value[count:]
        assert isinstance(subtype, bytes)
        if extended:
            parameters, *extension = extension
            _check_parameters(parameters)
            _check_extension(extension)
        else:
            assert not extension
        return leaves
    media, subtype, parameters, identity, description, encoding, octets, *rest = value
    assert isinstance(media, bytes)
    assert isinstance(subtype, bytes)
    assert isinstance(encoding, bytes)
    assert isinstance(octets, int)
    assert _is_nstring(identity)
    assert _is_nstring(description)
    _check_parameters(parameters)
    assert media != b"multipart"
    if media == b"message" and subtype == b"rfc822":
        envelope, body, lines, *rest = rest
        check_envelope(envelope)
        check_body(body, extended=extended)
        assert isinstance(lines, int)
    elif media == b"text":
        lines, *rest = rest
        assert isinstance(lines, int)
    if extended:
        md5, *rest = rest
        assert _is_nstring(md5)
        _check_extension(rest)
    else:
        assert not rest
    return 1


def _check_parameters(value: Value) -> None:
    if value is not None:
        assert len(value) % 2 == 0
        assert all(isinstance(entry, bytes) for entry in value)


def _check_extension(value: list[Value]) -> None:
    disposition, language, location = value
    if disposition is not None:
        kind, parameters = disposition
        assert isinstance(kind, bytes)
        _check_parameters(parameters)
    assert _is_nstring(language) or all(isinstance(tag, bytes) for tag in language)
    assert _is_nstring(location)
