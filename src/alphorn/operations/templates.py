"""Templates of signatures and auto-replies: an organization's, or one domain's.

Texts with fields in braces, as `message.template` reads them; what cannot be one is refused when it
is made, so that applying it (`operations.applying`) cannot fail for that. Whoever manages addresses
manages them. A template is named by its number, or by its name where only one has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alphorn.base import fields
from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.directory.orm import (
    MAX_SUBJECT,
    MAX_TEMPLATE,
    Template,
    change,
    reading,
)
from alphorn.directory.rows import template_infos, template_owner
from alphorn.directory.values import TemplateInfo, TemplateKind
from alphorn.message import safe_html, signature, template
from alphorn.operations import find
from alphorn.operations.control import Control
from alphorn.operations.profiles import fields_of
from alphorn.operations.rights import Right, require, visible_organizations
from alphorn.sieve import responder

MAX_TEMPLATES = 100
"""Of an organization, or of a domain."""

_OCTETS = {
    TemplateKind.SIGNATURE: (signature.MAX_TEXT, signature.MAX_HTML),
    TemplateKind.RESPONDER: (responder.MAX_TEXT, responder.MAX_HTML),
}
"""What the text, and the HTML, of what it makes may have."""


@dataclass(frozen=True, slots=True)
class NewTemplate:
    """For all of an organization, or for one domain: exactly one is named. `subject` is an
    auto-reply's. Without `text` that is made from the HTML."""

    kind: TemplateKind
    name: str
    text: str = ""
    html: str = ""
    subject: str = ""
    organization: str | None = None
    domain: str | None = None
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """What a template says of one account. `empty` are its fields for which nothing is known of
    the person."""

    subject: str
    text: str
    html: str
    empty: tuple[str, ...]


def add_template(control: Control, new: NewTemplate) -> TemplateInfo:
    """Raises TemplateError, FieldError, Exists, NotFound, Refused("name", "template", "scope",
    "too-many"), Forbidden."""
    if (new.organization is None) == (new.domain is None):
        raise Refused(
            "A template is for an organization or for a domain: name one of them.", code="scope"
        )
    given = _checked(new.kind, new.subject, new.text, new.html)
    name = find.name(new.name, "template")
    with change():
        scope: dict[str, Any] = {"organization": None, "domain": None}
        if new.domain is not None:
            scope["domain"] = domain = find.domain(new.domain)
            owner = domain.organization
        else:
            scope["organization"] = owner = find.organization(new.organization or "")
        require(control.actor, Right.ADDRESSES, owner.pk)
        if Template.objects.filter(**_there(scope)).count() >= MAX_TEMPLATES:
            raise Refused(f"There are {MAX_TEMPLATES} templates already.", code="too-many")
        _require_free(_there(scope), new.kind, name)
        row = Template.objects.create(
            **scope,
            kind=new.kind.value,
            name=name,
            automatic=new.automatic,
            created=control.now(),
            **given,
        )
        return _info(row)


def change_template(
    control: Control,
    named: str,
    *,
    name: str | None = None,
    subject: str | None = None,
    text: str | None = None,
    html: str | None = None,
    automatic: bool | None = None,
) -> TemplateInfo:
    """What is None stays. What it has made already stays as it is until it is applied again.
    Raises as `add_template`, and Refused("ambiguous")."""
    with change():
        row = found(control, named, Right.ADDRESSES)
        kind = TemplateKind(row.kind)
        if name is not None and name != row.name:
            row.name = find.name(name, "template")
            scope = {"organization": row.organization, "domain": row.domain}
            _require_free(_there(scope), kind, row.name, other_than=row.pk)
        given = _checked(
            kind,
            row.subject if subject is None else subject,
            row.text if text is None else text,
            row.html if html is None else html,
        )
        row.subject, row.text, row.html = given["subject"], given["text"], given["html"]
        row.automatic = row.automatic if automatic is None else automatic
        row.save(update_fields=["name", "subject", "text", "html", "automatic"])
        return _info(row)


def remove_template(control: Control, named: str) -> TemplateInfo:
    """What it has made stays where it is. Raises NotFound, Refused("ambiguous"), Forbidden."""
    with change():
        row = found(control, named, Right.ADDRESSES)
        info = _info(row)
        row.delete()
        return info


def show_template(control: Control, named: str) -> TemplateInfo:
    """Raises NotFound, Refused("ambiguous"), Forbidden."""
    with reading():
        return _info(found(control, named, Right.SEE))


def list_templates(
    control: Control,
    *,
    organization: str | None = None,
    domain: str | None = None,
    kind: TemplateKind | None = None,
) -> tuple[TemplateInfo, ...]:
    """Those the actor may see; with `domain` those that are for its accounts, the organization's
    among them. By organization, domain and name."""
    with reading():
        rows = Template.objects.all()
        if organization is not None:
            owner = find.organization(organization)
            rows = rows.filter(organization=owner) | rows.filter(domain__organization=owner)
        if domain is not None:
            place = find.domain(domain)
            rows = rows.filter(domain=place) | rows.filter(organization=place.organization_id)
        if kind is not None:
            rows = rows.filter(kind=kind.value)
        visible = visible_organizations(control.actor)
        if visible is not None:
            rows = rows.filter(organization__in=visible) | rows.filter(
                domain__organization__in=visible
            )
        infos = template_infos(rows)
    return tuple(
        sorted(infos, key=lambda info: (info.organization, info.domain, info.name, info.id))
    )


def preview_template(control: Control, named: str, account: str) -> Filled:
    """What it would say of an account. Raises NotFound, Refused("ambiguous", "template",
    "other-organization"), Forbidden."""
    with reading():
        row = found(control, named, Right.SEE)
        own = find.account(account)
        require_within(row, own.domain_id, own.domain.organization_id)
        return fill(row, fields_of(own))


# -- for `applying` ----------------------------------------------------------------------------


def found(control: Control, named: str, right: Right) -> Template:
    """By number, or by name where only one that the actor may see has it; within a transaction of
    the caller's. Raises NotFound, Refused("ambiguous"), Forbidden."""
    rows = Template.objects.select_related("organization", "domain__organization")
    word = named.strip()
    if word.isascii() and word.isdecimal() and len(word) < 18:
        fitting = list(rows.filter(pk=int(word)))
    else:
        fitting = list(rows.filter(name__iexact=word))
    visible = visible_organizations(control.actor)
    if visible is not None:
        fitting = [row for row in fitting if template_owner(row).pk in visible]
    if not fitting:
        raise NotFound(
            f"There is no template {named!r}; `alphorn template list` shows them.",
            code="no-such-template",
        )
    if len(fitting) > 1:
        numbers = ", ".join(str(row.pk) for row in fitting)
        raise Refused(
            f"Several templates are called {named!r}; name one by its number: {numbers}.",
            code="ambiguous",
        )
    require(control.actor, right, template_owner(fitting[0]).pk)
    return fitting[0]


def require_within(row: Template, domain_id: int, organization_id: int) -> None:
    """Raises Refused("other-organization") where the template is not for that domain."""
    if template_owner(row).pk != organization_id:
        raise Refused(
            f"The template {row.name} belongs to {template_owner(row).name}, and the account "
            "to another organization.",
            code="other-organization",
        )
    if row.domain is not None and row.domain_id != domain_id:
        raise Refused(
            f"The template {row.name} is for {row.domain.name} only.", code="other-organization"
        )


def fill(row: Template, values: Mapping[str, str]) -> Filled:
    """Raises Refused("template") where the values make it too long for what it becomes."""
    subject = template.read_subject(row.subject)
    text, html = template.read_text(row.text), template.read_html(row.html)
    made = html.fill(values)
    plain = text.fill(values) if row.text else safe_html.as_text(made)
    asked = subject.fields | text.fields | html.fields
    filled = Filled(
        " ".join(subject.fill(values).split())[:MAX_SUBJECT],
        plain.strip("\n"),
        made.strip("\n"),
        tuple(field for field in template.FIELDS if field in asked and not values.get(field)),
    )
    _require_fits(TemplateKind(row.kind), filled.text, filled.html)
    return filled


def _checked(kind: TemplateKind, subject: str, text: str, html: str) -> dict[str, str]:
    """As it is kept. Raises TemplateError, FieldError, Refused("template")."""
    if kind is TemplateKind.SIGNATURE and subject.strip():
        raise Refused("A signature has no subject.", code="template")
    if not text.strip() and not html.strip():
        raise Refused("A template says something: give it a text or HTML.", code="template")
    most_text, most_html = _OCTETS[kind]
    given = {
        "subject": fields.line(subject, "subject", MAX_SUBJECT),
        "text": fields.lines(text, "text", most_text).strip("\n"),
        "html": fields.lines(html, "html", most_html).strip("\n"),
    }
    if max(map(len, given.values())) > MAX_TEMPLATE:
        raise Refused(f"A template has at most {MAX_TEMPLATE} characters.", code="template")
    template.read_subject(given["subject"])
    template.read_text(given["text"])
    template.read_html(given["html"])
    return given


def _require_fits(kind: TemplateKind, text: str, html: str) -> None:
    for octets, most in zip((len(text.encode()), len(html.encode())), _OCTETS[kind], strict=True):
        if octets > most:
            raise Refused(
                f"A {kind.value} has at most {most} octets here; this one has {octets}.",
                code="template",
            )


def _there(scope: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in scope.items() if value is not None}


def _require_free(
    scope: Mapping[str, Any], kind: TemplateKind, name: str, other_than: int = 0
) -> None:
    rows = Template.objects.filter(**scope, kind=kind.value, name__iexact=name)
    if rows.exclude(pk=other_than).exists():
        raise Exists(f"There is a {kind.value} template {name} already.")


def _info(row: Template) -> TemplateInfo:
    return template_infos(Template.objects.filter(pk=row.pk))[0]
