"""Fields in texts: strict when read, harmless when filled."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphorn.message import safe_html
from alphorn.message.template import (
    FIELDS,
    TemplateError,
    read_html,
    read_subject,
    read_text,
)

ANNA = {
    "name": 'Anna "A" <Müller>',
    "phone": "+41 22 345",
    "address": "Rue du Lac 1\n1200 Genève",
    "email": "anna@example.test",
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", ""),
        ("Regards\n{name}\n", 'Regards\nAnna "A" <Müller>\n'),
        ("Tel. {phone}\r\nFax", "Tel. +41 22 345\nFax"),
        ("{{name}} }}{{", "{name} }{"),
        ("{address}!", "Rue du Lac 1\n1200 Genève!"),
        ("a\nFunction: {function}\nb", "a\nb"),
        ("{function}{organization}\n", ""),
        ("{name}, {function}", 'Anna "A" <Müller>, '),
        ("a\n\nb", "a\n\nb"),
    ],
)
def test_text_is_filled_and_empty_lines_vanish(template: str, text: str) -> None:
    assert read_text(template).fill(ANNA) == text


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("x\n {nome}", r"Line 2, column 2: there is no field \{nome\}; there are \{name\}"),
        ("{Name}", r"no field \{Name\}"),
        ("{}", r"no field \{\}"),
        ("{name", r"column 1: a single \{"),
        ("name}", r"column 5: a single \}"),
        ("{na\nme}", r"Line 1, column 1: a single \{"),
        ("{{name}", r"column 7: a single \}"),
        ("{" + "a" * 100 + "}", r"a single \{"),
    ],
)
def test_what_is_no_field_is_said(template: str, says: str) -> None:
    for read in (read_text, read_html):
        with pytest.raises(TemplateError, match=says):
            read(template)


def test_a_subject_is_a_line() -> None:
    assert read_subject("Away: {address}").fill(ANNA) == "Away: Rue du Lac 1, 1200 Genève"
    assert read_subject("{function} is away").fill(ANNA) == ""
    with pytest.raises(TemplateError, match="one line"):
        read_subject("a\nb")


def test_values_are_escaped_for_where_they_stand() -> None:
    template = read_html(
        '<p title="{name}">{name}</p>\n'
        '<a href="tel:{phone}">{phone}</a> <a href="mailto:{email}">x</a>\n'
        "<p>{function}</p>\n"
        "<p>{address}</p>"
    )
    assert template.fields == {"name", "phone", "email", "function", "address"}
    assert template.fill(ANNA) == (
        '<p title="Anna &quot;A&quot; &lt;Müller&gt;">Anna &quot;A&quot; &lt;Müller&gt;</p>\n'
        '<a href="tel:+4122345">+41 22 345</a> <a href="mailto:anna@example.test">x</a>\n'
        "<p>Rue du Lac 1<br>1200 Genève</p>"
    )


@pytest.mark.parametrize(
    ("html", "says"),
    [
        ("<p>\n{name}</p>", "Line 2 has a field and vanishes"),
        ("<p>{name}\n</p>", "Line 1 has a field and vanishes"),
        ('<a href="{email}">x</a>', "does not begin with"),
        ('<p style="color:{name}">x</p>', "style"),
        ("<{name}>", "no plain tag"),
        ("<p {name}>x</p>", "no plain tag"),
        ("<script>{name}</script>", "not allowed"),
    ],
)
def test_fields_do_not_break_html(html: str, says: str) -> None:
    with pytest.raises(TemplateError, match=says):
        read_html(html)


_VALUE = st.text(alphabet="ab<>\"'&{}\n;:/ é", max_size=12)
_HTML = st.lists(
    st.sampled_from(
        ["<p>{name}</p>", '<p title="{address}">x</p>', '<a href="https://x/{function}">{phone}</a>',
         "<br>", "", "text {{", "<ul>\n<li>{email}</li>\n</ul>", "{name}{address}"]
    ),
    max_size=8,
).map("\n".join)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(_HTML, st.dictionaries(st.sampled_from(sorted(FIELDS)), _VALUE))
def test_what_is_filled_in_stays_within_what_is_allowed(html: str, values: dict[str, str]) -> None:
    safe_html.check(read_html(html).fill(values))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="{}ab\n name", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        template = read_text(text)
    except TemplateError:
        return
    assert template.fields <= FIELDS.keys()
    full = template.fill(dict.fromkeys(FIELDS, "x"))
    assert full.count("\n") == text.count("\n")
