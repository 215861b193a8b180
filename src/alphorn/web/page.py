"""Makes a page: its template, the words of its language, and what all pages need."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers

from alphorn.web import assets
from alphorn.web.language import PARAMETER, chosen, language
from alphorn.web.site import site_of
from alphorn.web.texts import TEXTS


def page(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """The answer with this page. Templates know `site`, `text` (the words), `assets`, `languages`
    (each with its name and the address of this page in it) and `here` (the path)."""
    spoken = language(request)
    text = render_to_string(
        template,
        {
            "site": site_of(request),
            "text": TEXTS[spoken],
            "language": spoken,
            "chosen": chosen(request),
            "languages": [(tag, texts.name, _in(request, tag)) for tag, texts in TEXTS.items()],
            "here": request.path,
            "assets": assets.URLS,
            **context,
        },
    )
    response = HttpResponse(text, status=status)
    response.headers["Content-Language"] = spoken
    patch_vary_headers(response, ("Accept-Language",))
    return response


def _in(request: HttpRequest, tag: str) -> str:
    """This page in another language; what was asked of it stays."""
    query = request.GET.copy()
    query[PARAMETER] = tag
    return f"{request.path}?{query.urlencode()}"
