"""Pages for what could not be shown: what happened, why, and where to go on."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from alphorn.web.language import language
from alphorn.web.page import page
from alphorn.web.texts import TEXTS

View = Callable[..., HttpResponse]


def error(request: HttpRequest, status: int) -> HttpResponse:
    """The page for one of the statuses in `Texts.errors`."""
    title, said = TEXTS[language(request)].errors[status]
    context = {"status": status, "title": title, "said": said}
    return page(request, "error.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error(request, 400)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error(request, 404)


def fault(request: HttpRequest) -> HttpResponse:
    return error(request, 500)


def safe(view: View) -> View:
    """The view is there to be looked at: other methods than GET and HEAD are answered with 405."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            response = error(request, 405)
            response.headers["Allow"] = "GET, HEAD"
            return response
        return view(request, *args, **kwargs)

    return guarded
