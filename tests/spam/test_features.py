"""What one look at a message finds."""

import base64

import pytest

from alphorn.spam import categories, features, tokens
from tests.spam.mail import attached, html, message, seen


def test_header_is_decoded_and_addresses_are_lower_case() -> None:
    found = seen(
        message(
            subject="=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
            sender='"=?utf-8?q?Z=C3=BCrich?= Bank" <Info@BANK.Test>',
            fields="Reply-To: Other@Elsewhere.Test\nList-Id: Friends <friends.lists.test>\n",
        )
    )
    assert found.subject == "Grüße"
    assert found.from_name == "Zürich Bank"
    assert (found.from_address, found.from_domain) == ("info@bank.test", "bank.test")
    assert (found.reply_to, found.reply_domain) == ("other@elsewhere.test", "elsewhere.test")
    assert found.list_id == "friends.lists.test"
    assert found.recipient_addresses == ("anna@here.test",)
    assert not found.undisclosed


def test_every_field_that_is_asked_for_is_read() -> None:
    asked = {*tokens._SPELLED, *categories._MASS_FIELDS}
    asked |= {"list-id", "list-unsubscribe", "list-unsubscribe-post", "list-post", "precedence"}
    asked |= {"x-mailer", "user-agent", "sender", "mailing-list", "x-beenthere"}
    found = seen(message(fields="".join(f"{name.title()}: a\n" for name in asked)))
    assert found.fields == dict.fromkeys(asked, "a")


def test_text_is_what_a_reader_sees() -> None:
    found = seen(html("<p>Good <b>Mor</b>ning</p><script>var hidden</script> to\n\n you"))
    assert found.text == "good morning to you"
    assert found.words >= {"good", "morning", "you"}


@pytest.mark.parametrize(
    "style",
    [
        "display:none",
        "DISPLAY : none",
        "visibility: hidden",
        "font-size:0px;",
        "font-size: 0;",
        "opacity:0;",
        "max-height:0px;",
    ],
)
def test_text_that_its_style_hides_stands_apart(style: str) -> None:
    found = seen(html(f'Hello <div style="color:red;{style}">poems for filters</div> Anna'))
    assert "poems" not in found.text
    assert "poems for filters" in found.hidden
    assert found.text == "hello anna"


def test_text_in_usual_sizes_is_not_hidden() -> None:
    found = seen(html('<div style="font-size:10px; opacity:0.9; line-height:0">Hello</div>'))
    assert found.text == "hello"
    assert not found.hidden


def test_links_with_what_they_show() -> None:
    found = seen(
        html(
            '<a href="http://evil.test/login?x=1">https://www.<b>bank</b>.test/</a> <a href=#top>x'
        )
    )
    (link,) = found.links
    assert (link.host, link.path, link.query) == ("evil.test", "/login", "?x=1")
    assert link.shown == "www.bank.test"


def test_links_in_plain_text() -> None:
    found = seen(message("Look at https://a.test/x, or www.b.test.\n"))
    assert [link.host for link in found.links] == ["a.test", "www.b.test"]


def test_images_forms_and_programs_are_counted() -> None:
    found = seen(
        html(
            '<img src="http://i.test/1.png"><img src=cid:x width=1 height="1">'
            '<form action="http://f.test/"><input type=password></form><script>1</script>'
            '<a href="javascript:go()">x</a><iframe src=x></iframe><meta http-equiv="Refresh">'
        )
    )
    assert (found.images, found.remote_images, found.tracking_pixels) == (2, 1, 1)
    assert (found.forms, found.passwords, found.scripts, found.frames) == (1, 1, 1, 1)
    assert found.refresh
    assert found.data_links == 1
    assert {link.host for link in found.links} == {"i.test", "f.test"}


def test_invisible_characters_are_taken_out_and_counted() -> None:
    found = seen(message("pa\u200bss\u00adword"))
    assert found.text == "password"
    assert found.invisible == 2


def test_attachments_are_named_and_html_ones_are_read() -> None:
    found = seen(attached("Invoice.PDF.html", "text/html", "<form><input type=password></form>"))
    (part,) = found.attachments
    assert (part.type, part.extension, part.name) == ("text/html", "html", "Invoice.PDF.html")
    assert found.passwords == 1
    assert found.shape == ("text/plain", "text/html")


def test_encoded_text_is_decoded_and_noted_where_there_was_no_need() -> None:
    body = base64.b64encode(b"Buy now").decode()
    found = seen(message(body, fields="Content-Transfer-Encoding: base64\n"))
    assert found.text == "buy now"
    assert found.encoded_text


def test_bounds_hold() -> None:
    links = "".join(f'<a href="http://h{n}.test/">x</a>' for n in range(2000))
    found = seen(html(links))
    assert len(found.links) <= features.MAX_LINKS
    found = seen(message("word " * 100_000))
    assert len(found.text) <= features.MAX_TEXT
    found = seen(message("x", subject="s" * 50_000, sender="n" * 5000 + " <a@b.test>"))
    assert len(found.subject) <= features.MAX_SUBJECT
    assert len(found.from_name) <= features.MAX_NAME


def test_an_empty_message_is_seen() -> None:
    found = seen(b"")
    assert found.text == found.subject == found.from_address == ""
    assert found.undisclosed


@pytest.mark.parametrize(
    ("body", "shouted"),
    [
        ("BUY NOW or NEVER", ("BUY", "NOW", "NEVER")),
        ("fooBAR ABCd AB XYZ_ QRS1 END", ("BAR", "END")),
        ("FREE\u201d and FREE\u00e9", ("FREE",)),
        ("A" * 10 + "B" * 20, ("B" * 20,)),
        ("\u00c9TAT", ("TAT",)),
    ],
)
def test_capitals_at_the_end_of_words_are_shouted(body: str, shouted: tuple[str, ...]) -> None:
    assert seen(message(body)).shouted == shouted


def test_words_are_runs_of_letters_in_any_alphabet() -> None:
    found = seen(
        message(
            "It's 4you: na\u00efve \u201cquoted\u201d stra\u00dfe, a_b"
            " \u00bd\u00b2 \u043c\u0438\u0440"
        )
    )
    assert found.words == {
        *(
            "it",
            "s",
            "you",
            "na\u00efve",
            "quoted",
            "stra\u00dfe",
            "a",
            "b",
            "\u00bd\u00b2",
            "\u043c\u0438\u0440",
        )
    }


def test_names_of_tags_and_attributes_may_be_in_any_case() -> None:
    found = seen(
        html('<A HREF="HTTP://Evil.Test/Path?Q=A">X</A><IMG data-src=x SRC=http://i.test/P>')
    )
    assert [(link.host, link.path, link.query) for link in found.links] == [
        ("evil.test", "/Path", "?Q=A"),
        ("i.test", "/P", ""),
    ]
    assert [link.host for link in found.clicks] == ["evil.test"]
    assert found.hosts == {"evil.test"}


def test_letters_that_grow_in_lower_case_move_nothing() -> None:
    found = seen(html('<p>\u0130\u0130\u0130<a href="http://a.test/X">www.b.test</a>'))
    assert [(link.host, link.path, link.shown) for link in found.links] == [
        ("a.test", "/X", "www.b.test")
    ]
    found = seen(message("\u0130\u0130 see WWW.A.test/X and HTTPS://b.test/Y"))
    assert [(link.host, link.path) for link in found.links] == [
        ("www.a.test", "/X"),
        ("b.test", "/Y"),
    ]
