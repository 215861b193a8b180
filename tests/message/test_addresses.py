import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.message import addresses
from alphorn.message.address_reader import AddressReader
from alphorn.message.addresses import Group, Mailbox


def box(name: str, address: str, route: str = "") -> Mailbox:
    local, _, domain = address.rpartition("@")
    return Mailbox(name, local, domain, route)


def group(name: str, *members: Mailbox) -> Group:
    return Group(name, members)


# Single mailboxes: how they are written, and the name and address found.
ONE = [
    ("a@b.c", "", "a@b.c"),
    ("Anna Muster <a@b.c>", "Anna Muster", "a@b.c"),
    ("<a@b.c>", "", "a@b.c"),
    # RFC 5322 appendix A
    ('"Joe Q. Public" <john.q.public@x.test>', "Joe Q. Public", "john.q.public@x.test"),
    ('"Giant; \\"Big\\" Box" <box@x.test>', 'Giant; "Big" Box', "box@x.test"),
    ("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "Pete", "pete@silly.test"),
    ("jdoe@test  . example", "", "jdoe@test.example"),
    # without brackets, without ends
    ("a@b (Anna (M.) Muster)", "Anna (M.) Muster", "a@b"),
    ("John Smith js@x.test", "John Smith", "js@x.test"),
    ("js@x.test John Smith", "John Smith", "js@x.test"),
    ("x (unclosed <a@b>", "x unclosed", "a@b"),
    ("Anna <a@b", "Anna", "a@b"),
    ("a@b>", "", "a@b"),
    ("<<a@b>>", "", "a@b"),
    # names
    ("John Q. Public <j@x>", "John Q. Public", "j@x"),
    ("a@b <c@d>", "a@b", "c@d"),
    ("=?utf-8?Q?Doe, J?= <j@x>", "=?utf-8?Q?Doe, J?=", "j@x"),
    ("=?utf-8?Q?a?= =?utf-8?Q?b?= <j@x>", "=?utf-8?Q?a?= =?utf-8?Q?b?=", "j@x"),
    ("[list] x <j@x>", "[list] x", "j@x"),
    ("Jörg <j@x>", "Jörg", "j@x"),
    ("O'Hara  \t Scarlett <j@x>", "O'Hara Scarlett", "j@x"),
    # unusual addresses
    ('"a b"@c.d', "", "a b@c.d"),
    ("josé@exämple.com", "", "josé@exämple.com"),
    ("u@[192.0.2.1]", "", "u@[192.0.2.1]"),
    ("u@[IPv6:2001:db8::1]", "", "u@[IPv6:2001:db8::1]"),
    ("a . b @ c . d", "", "a.b@c.d"),
    ("a@b@c", "", "a@b@c"),
]


@pytest.mark.parametrize(("text", "name", "address"), ONE, ids=[text for text, _, _ in ONE])
def test_one_mailbox(text: str, name: str, address: str) -> None:
    assert addresses.parse(text) == [box(name, address)]
    assert addresses.parse(f"x@y, {text}" if text[-1] != ">" else f"{text}, x@y") in (
        [box("", "x@y"), box(name, address)],
        [box(name, address), box("", "x@y")],
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" , ,", []),
        ("<>", []),
        ("root", [Mailbox("", "root", "")]),
        ("MAILER-DAEMON <>", [Mailbox("MAILER-DAEMON", "", "")]),
        ("a@", [Mailbox("", "a", "")]),
        ("@b", [Mailbox("", "", "b")]),
        ('"Muster, Anna" <a@b.c>,b@c', [box("Muster, Anna", "a@b.c"), box("", "b@c")]),
        ("a@b c@d", [box("", "a@b"), box("", "c@d")]),
        ("<a@b> <c@d>", [box("", "a@b"), box("", "c@d")]),
        ("a@b; c@d", [box("", "a@b"), box("", "c@d")]),
        ('"unclosed <a@b>, c@d', [box("unclosed", "a@b"), box("", "c@d")]),
        ("<@a,@b:c@d>", [box("", "c@d", "@a,@b")]),
        (
            "Mary <@node.test:mary@x.test>, , j@y",
            [box("Mary", "mary@x.test", "@node.test"), box("", "j@y")],
        ),
        # groups (RFC 5322 appendix A.1.3 and A.5)
        ("Undisclosed recipients:;", [group("Undisclosed recipients")]),
        (
            "(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;",
            [group("Hidden recipients")],
        ),
        (
            "A Group:Ed Jones <c@a.test>,joe@where.test;",
            [group("A Group", box("Ed Jones", "c@a.test"), box("", "joe@where.test"))],
        ),
        (
            "A Group(People)\r\n :Chris <c@(His host.)public.test>,\r\n j@x (my friend); (end)",
            [group("A Group", box("Chris", "c@public.test"), box("my friend", "j@x"))],
        ),
        ("Never: a@b, c@d", [group("Never", box("", "a@b"), box("", "c@d"))]),
        ("One: a@b; Two: ; c@d", [group("One", box("", "a@b")), group("Two"), box("", "c@d")]),
    ],
)
def test_lists(text: str, expected: list[Mailbox | Group]) -> None:
    assert addresses.parse(text) == expected


names = st.text(alphabet='aB .,"<>@\\()ü:;', max_size=12)
locals_ = st.text(alphabet='ab. "\\@<>,ü', min_size=1, max_size=8)
domains = st.sampled_from(("b.example", "x-y.test", "[192.0.2.1]", "ü.example"))
mailboxes = st.builds(Mailbox, names.map(lambda n: " ".join(n.split())), locals_, domains)


@given(st.lists(mailboxes, max_size=5))
def test_what_is_formatted_is_read_back(boxes: list[Mailbox]) -> None:
    text = addresses.format_list(boxes)
    found = addresses.mailboxes(text)
    assert [(m.local, m.domain) for m in found] == [(m.local, m.domain) for m in boxes]
    assert [m.display if m.name else "" for m in found] == [m.name for m in boxes]


simple = st.text(alphabet='ab12 @<>,."-\t', max_size=40)


@given(simple)
def test_the_fast_way_finds_what_the_full_reader_finds(text: str) -> None:
    assert addresses.parse(text) == AddressReader(text).addresses()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a@b.c", box("", "a@b.c")),
        (" A.B+c@Example.TEST ", box("", "A.B+c@Example.TEST")),
        ("Anna <a@b.c>", box("Anna", "a@b.c")),
        ('"Muster, \\"A\\"" <a@b.c>', box('Muster, "A"', "a@b.c")),
        ('"a b"@c.d', box("", "a b@c.d")),
        ("ü@ü.ch", box("", "ü@ü.ch")),
        ("a@[192.0.2.1]", box("", "a@[192.0.2.1]")),
    ],
)
def test_one(text: str, expected: Mailbox) -> None:
    assert addresses.parse_one(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "@", "a@", "@b", "a@b,", "a@b c@d", "a b@c", "a@b@c", "a..b@c", ".a@b", "a.@b"),
        *("a@b..c", "a@.b", "a@b.", "a@-b", "a@b-", "a@b_c", "<a@b", "a@b>", "<@x:a@b>", "(c) a@b"),
        *("A, B <a@b>", "a\r\n@b", "a@b\r\nX: y", "a\0@b", '"a@b', "x" * 65 + "@b"),
        *("a@" + "b" * 64, "a@" + "b." * 200 + "c", "G: a@b;", "[x] <a@b>"),
    ],
)
def test_one_is_strict(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        addresses.parse_one(text)


def test_address_and_display() -> None:
    assert box("", "a b@c.d").address == '"a b"@c.d'
    assert Mailbox("", "root", "").address == "root"
    assert box("=?utf-8?Q?J=C3=B6rg?=", "a@b").display == "Jörg"
    assert box("", "a@b").display == "a@b"
    assert box("J\udcf6rg", "a@b").display == "Jörg"
    assert addresses.format_mailbox(box("J\udcf6rg", "a@b")) == "=?UTF-8?B?SsO2cmc=?= <a@b>"
