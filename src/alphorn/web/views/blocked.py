"""Am I blocked? What `alphorn blocked` says, for anybody and any address, a few times each."""

import math
import time

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_vary_headers

from alphorn.base.errors import Refused, Unavailable
from alphorn.web.language import language
from alphorn.web.page import page
from alphorn.web.site import site_of
from alphorn.web.texts import TEXTS
from alphorn.web.views.errors import safe

MAX_ADDRESS = 45
"""Characters of the longest IP address."""
BUSY_SECONDS = 30


@safe
def check(request: HttpRequest) -> HttpResponse:
    site = site_of(request)
    client = request.META["REMOTE_ADDR"]
    address = request.GET.get("address", "").strip()
    if not address:
        return _page(request, {"address": client})
    if len(address) > MAX_ADDRESS:
        return _failed(request, 400, "address", address[:MAX_ADDRESS])
    wait = site.checks.take(client, time.monotonic())
    if wait:
        return _failed(request, 429, "rate", address, retry=math.ceil(wait))
    try:
        answer = site.blocked(address, language(request))
    except Refused:
        return _failed(request, 400, "address", address)
    except Unavailable:
        return _failed(request, 503, "busy", address, retry=BUSY_SECONDS)
    if _for_programs(request):
        return _marked(JsonResponse(answer.facts()))
    return _page(request, {"address": address, "answer": answer})


def _page(request: HttpRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    return _marked(page(request, "blocked.html", context, status=status))


def _failed(
    request: HttpRequest, status: int, code: str, address: str, *, retry: int = 0
) -> HttpResponse:
    """The form again, with what was wrong."""
    said = TEXTS[language(request)].check_failed[code]
    if _for_programs(request):
        response = _marked(JsonResponse({"error": code, "text": said}, status=status))
    else:
        response = _page(request, {"address": address, "failed": said}, status)
    if retry:
        response.headers["Retry-After"] = str(retry)
    return response


def _marked(response: HttpResponse) -> HttpResponse:
    """It is about this moment and this visitor."""
    response.headers["Cache-Control"] = "no-store"
    patch_vary_headers(response, ("Accept",))
    return response


def _for_programs(request: HttpRequest) -> bool:
    accepted = request.META.get("HTTP_ACCEPT", "").lower()
    return "application/json" in accepted and "text/html" not in accepted
