"""What templates can do beside what Django gives them."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alphorn.web.language import PARAMETER

register = template.Library()


@register.simple_tag(takes_context=True)
def link(context: Any, *parts: str) -> str:
    """The address of another page, in the language that was chosen, if one was."""
    tag = context["chosen"]
    return "".join(parts) + (f"?{PARAMETER}={tag}" if tag else "")


@register.simple_tag
def fill(text: str, **values: object) -> SafeString:
    """`text` with its `{…}` filled in; values are escaped."""
    return format_html(text, **values) if values else format_html("{}", text)
