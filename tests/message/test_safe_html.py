"""What passes does nothing; what does anything does not pass."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.message.safe_html import ATTRIBUTES, ELEMENTS, HtmlError, as_text, check


@pytest.mark.parametrize(
    "html",
    [
        "",
        "plain & simple &lt;text&gt; 2 > 1",
        '<p style="color:#333; font-size:12px">Hi<br>there</p>',
        '<table border="0"><tr><td>A</td><td>B</td></tr></table>',
        '<a href="https://example.test/?a=1&amp;b=2">x</a>',
        '<a href="mailto:a@b.test">x</a><hr/><img src="https://x.test/l.png" alt="Logo">',
    ],
)
def test_what_a_signature_needs_passes(html: str) -> None:
    check(html)


@pytest.mark.parametrize(
    ("html", "says"),
    [
        ("<script>x</script>", "<script> is not allowed"),
        ("<SCRIPT>x</SCRIPT>", "no plain tag"),
        ("<iframe></iframe>", "<iframe> is not allowed"),
        ("<p>\n<b onclick=\"x()\">x</b></p>", "Line 2 .* onclick is not allowed"),
        ("<p onclick=x>x</p>", "no plain tag"),
        ('<p title="a\nb">x</p>', "no plain tag"),
        ("<!-- x -->", "no plain tag"),
        ("1 < 2", "no plain tag"),
        ("<p>x", "<p> is not closed"),
        ("<p><b>x</p></b>", "</p> closes nothing here; <b> is open"),
        ("x</p>", "</p> closes nothing here."),
        ("<div/>", "is written <div></div>"),
        ('<a href="javascript:x()">x</a>', "does not begin with"),
        ('<a href="&#106;avascript:x()">x</a>', "does not begin with"),
        ('<a href=" https://x.test">x</a>', "does not begin with"),
        ('<img src="data:text/html,x">', "does not begin with"),
        ('<p style="background:url(https://x.test)">x</p>', "style"),
        ('<p style="x:&#x75;rl">x</p>', "style"),
        ('<p style="position:absolute">x</p>', "style"),
        ('<p style="margin-top:-900px">x</p>', "style"),
        ("<b>" * 51 + "</b>" * 51, "lie in each other"),
        ("a\x00b", "control character"),
    ],
)  # fmt: skip
def test_everything_else_is_refused_with_its_reason(html: str, says: str) -> None:
    with pytest.raises(HtmlError, match=says):
        check(html)


class _Reader(HTMLParser):
    """What another reader of HTML, a lenient one, makes of it."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ELEMENTS
        for name, value in attrs:
            assert name in ATTRIBUTES
            if name in ("href", "src"):
                assert (value or "").lower().startswith(("https:", "http:", "mailto:", "tel:"))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    unknown_decl = handle_pi = handle_comment


_PARTS = st.sampled_from(
    ["<", ">", "/", "p", "a", "b", "br", "script", " ", '"', "'", "=", "href", "https:", "&",
     "#x3c;", "style", "javascript:", "onload", "<p>", "</p>", '<a href="', "<!--", "-->", "\n",
     "x", "!", "?"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(_PARTS, max_size=12).map("".join))
def test_a_lenient_reader_finds_nothing_else_in_what_passed(html: str) -> None:
    try:
        check(html)
    except HtmlError:
        return
    _Reader(convert_charrefs=True).feed(html + "\n")
    assert "\x00" not in as_text(html)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p>\n<p>Two<br>Three</p>", "One\n\nTwo\nThree"),
        ("<div>One</div> <div>Two</div>", "One\nTwo"),
        ("<b>A</b>&amp;B &lt;c&gt;", "A&B <c>"),
        ("<table><tr><td>A</td><td>B</td></tr><tr><td>C</td></tr></table>", "A B\nC"),
    ],
)
def test_the_text_of_it(html: str, text: str) -> None:
    assert as_text(html) == text
