"""Paths, parameters and xtext: grammar by tables, limits, round trips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.message.envelope import Body, Notify
from alphorn.wire.smtp import xtext
from alphorn.wire.smtp.parameters import (
    MailParameters,
    ParameterError,
    RcptParameters,
    UnknownParameter,
    read_mail,
    read_rcpt,
)
from alphorn.wire.smtp.paths import (
    MAX_LOCAL,
    NULL,
    Path,
    PathError,
    parse_forward,
    parse_reverse,
    quote,
)


@pytest.mark.parametrize(
    ("text", "local", "domain", "address"),
    [
        ("<anna@example.test>", "anna", "example.test", "anna@example.test"),
        ("<Anna@EXAMPLE.Test>", "Anna", "example.test", "Anna@example.test"),
        ("<a.b+c@x>", "a.b+c", "x", "a.b+c@x"),
        ("<!#$%&'*+-/=?^_`{|}~@x.y>", "!#$%&'*+-/=?^_`{|}~", "x.y", "!#$%&'*+-/=?^_`{|}~@x.y"),
        ('<"anna"@x.y>', "anna", "x.y", "anna@x.y"),
        ('<"an na"@x.y>', "an na", "x.y", '"an na"@x.y'),
        ('<"a\\"b\\\\c"@x.y>', 'a"b\\c', "x.y", '"a\\"b\\\\c"@x.y'),
        ('<"a@b"@x.y>', "a@b", "x.y", '"a@b"@x.y'),
        ('<"a>b"@x.y>', "a>b", "x.y", '"a>b"@x.y'),
        ('<""@x.y>', "", "x.y", '""@x.y'),
        ('<"a..b"@x.y>', "a..b", "x.y", '"a..b"@x.y'),
        ("<a@[192.0.2.1]>", "a", "[192.0.2.1]", "a@[192.0.2.1]"),
        ("<a@[IPv6:2001:DB8:0::1]>", "a", "[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"),
        ("<a@[x400:C=no]>", "a", "[x400:c=no]", "a@[x400:c=no]"),
        ("<a@my_host.x>", "a", "my_host.x", "a@my_host.x"),
        ("<ü@bücher.example>", "ü", "xn--bcher-kva.example", "ü@xn--bcher-kva.example"),
        ("<a@" + "b" * 63 + ".c>", "a", "b" * 63 + ".c", "a@" + "b" * 63 + ".c"),
    ],
)  # fmt: skip
def test_addresses(text: str, local: str, domain: str, address: str) -> None:
    assert parse_reverse(text + " X=Y") == (Path(local, domain, address), " X=Y")
    assert parse_forward(text, "mx") == (Path(local, domain, address), "")


@pytest.mark.parametrize(
    "text",
    [
        "", "<", ">", "<@>", "<a>", "<a@>", "<@b>", "a@b", "<a@b", "a@b>", "<<a@b>>", "< a@b>",
        "<a@b >", "<a b@c>", "<.a@b>", "<a.@b>", "<a..b@c>", "<a@.b>", "<a@b.>", "<a@b..c>",
        "<a@-b>", "<a@b->", "<a@b.-c>", "<a@b,c>", "<a@b@c>", '<"a@b>', '<a"@b>', '<"a"b@c>',
        '<"\x7f"@b>', '<"a\\"@b>', "<a@[1.2.3]>", "<a@[1.2.3.256]>", "<a@[IPv6:1::2::3]>",
        "<a@[IPv6:192.0.2.1]>", "<a@[]>", "<a@[1.2.3.4>", "<a@1.2.3.4]>", "<a@[1.2.3.4]x>",
        "<@a:b>", "<@a b@c>", "<@:a@b>", "<@a,:b@c>", "<a@b\u00a0>", "<a@\u2024>",
        "<" + "a" * (MAX_LOCAL + 1) + "@b>", "<a@" + "b" * 64 + ">", "<a@" + "b." * 127 + "bc>",
        "<postmaster>x@y>"[:0] + "<root>",
    ],
)  # fmt: skip
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(PathError):
        parse_forward(text, "mx")
    with pytest.raises(PathError):
        parse_reverse(text)


def test_special_paths() -> None:
    assert parse_reverse("<> SIZE=1") == (NULL, " SIZE=1")
    assert parse_forward("<PostMaster>", "mx") == (Path("postmaster", "mx", "postmaster@mx"), "")
    with pytest.raises(PathError):
        parse_forward("<>", "mx")
    with pytest.raises(PathError):
        parse_reverse("<postmaster>")


def test_a_source_route_is_read_and_ignored() -> None:
    path, rest = parse_forward("<@hosta.int,@jkl.org:userc@d.bar.org> NOTIFY=NEVER", "mx")
    assert path == Path("userc", "d.bar.org", "userc@d.bar.org", routed=True)
    assert rest == " NOTIFY=NEVER"


@given(st.text(st.characters(min_codepoint=32, exclude_characters="\x7f"), max_size=64))
def test_every_local_part_can_be_written(local: str) -> None:
    """`quote` and the parser are inverse for text of printable ASCII and any other Unicode."""
    if not local.isascii() and any(char < "\x20" or char == "\x7f" for char in local):
        return
    if len(local.encode("utf-8", "surrogatepass")) > MAX_LOCAL or not local.isprintable():
        return
    path, _ = parse_forward(f"<{quote(local)}@x>", "mx")
    assert path.local == local


@given(st.text(max_size=60))
def test_any_text_is_a_path_or_an_error(text: str) -> None:
    for parse in (lambda text: parse_forward(text, "mx"), parse_reverse):
        try:
            path, rest = parse("<" + text)
        except PathError:
            continue
        assert not set(path.address) & set("\r\n\0")
        assert ("<" + text).endswith(rest)


def test_mail_parameters() -> None:
    text = " SIZE=12345 body=8bitmime SMTPUTF8 RET=hdrs ENVID=a+2Bb AUTH=<>"
    assert read_mail(text) == MailParameters(12345, Body.EIGHT_BIT, True, "HDRS", "a+2Bb")
    assert read_mail("") == MailParameters()


def test_rcpt_parameters() -> None:
    text = " NOTIFY=success,FAILURE ORCPT=rfc822;Anna+2Bx@example.test"
    wishes = frozenset((Notify.SUCCESS, Notify.FAILURE))
    assert read_rcpt(text) == RcptParameters(wishes, "rfc822;Anna+2Bx@example.test")
    assert read_rcpt(" ORCPT=utf-8;jürgen@x").original == "utf-8;jürgen@x"


@pytest.mark.parametrize(
    "text",
    [
        "SIZE=1", " SIZE", " SIZE=", " SIZE=-1", " SIZE=1e3", " SIZE=" + "9" * 21, " SIZE=1 SIZE=1",
        " SIZE=\u0661", " -A=1", " BODY=BINARYMIME", " SMTPUTF8=1",
        " RET=ALL", " ENVID=" + "x" * 101,
        " ENVID=a+0Db", " ENVID=a+", " ENVID=a+2b", " AUTH=" + "x" * 501, " =1", " SIZE==1",
        " SIZE=1\tRET=FULL",
    ],
)  # fmt: skip
def test_wrong_mail_parameters(text: str) -> None:
    with pytest.raises(ParameterError) as caught:
        read_mail(text)
    assert not isinstance(caught.value, UnknownParameter)


@pytest.mark.parametrize(
    "text",
    [
        " NOTIFY=", " NOTIFY=NEVER,DELAY", " NOTIFY=SUCCESS,SUCCESS", " NOTIFY=SOMETIMES",
        " ORCPT=anna@x", " ORCPT=rfc822;", " ORCPT=;x", " ORCPT=rfc822;a+0Ab", " ORCPT=rfc822;a=b",
        " ORCPT=rfc822;" + "x" * 500, " ORCPT=rfc822;jürgen@x", " ORCPT=rfc822;+FF",
    ],
)  # fmt: skip
def test_wrong_rcpt_parameters(text: str) -> None:
    with pytest.raises(ParameterError):
        read_rcpt(text)


def test_unknown_parameters_are_told_apart() -> None:
    for read in (read_mail, read_rcpt):
        with pytest.raises(UnknownParameter):
            read(" HOLDFOR=3600")


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=40))
def test_xtext_round_trips(text: str) -> None:
    if text.isprintable():
        assert xtext.decode(xtext.encode(text)) == text


@pytest.mark.parametrize(
    "text", ["+", "+2", "+2b", "a b", "a=b", "ä", "+C3", "+00", "+0D+0A", "+7F"]
)
def test_what_is_no_xtext(text: str) -> None:
    with pytest.raises(ValueError):
        xtext.decode(text)
