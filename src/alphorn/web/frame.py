"""What holds for every page, whatever it shows.

It is asked for by a name of ours; it loads nothing but our own style and images, runs no script,
is shown in no other site's frame, and sends its forms to us alone; over TLS, browsers come back
over TLS only.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from alphorn.servers.http.redirect import host_of
from alphorn.web.site import site_of
from alphorn.web.views import errors

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
YEAR = 31_536_000
BRIEFLY = "public, max-age=300"


class Frame:
    """Django's middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        site = site_of(request)
        asked = host_of(request.META.get("HTTP_HOST", "").encode("latin-1"))
        if asked in site.hosts:
            response = self._get_response(request)
        else:
            response = errors.bad_request(request)
        for name, value in HEADERS.items():
            response.headers[name] = value
        if request.is_secure() and not site.local:
            response.headers["Strict-Transport-Security"] = f"max-age={YEAR}"
        kept = BRIEFLY if response.status_code in (200, 304) else "no-store"
        response.headers.setdefault("Cache-Control", kept)
        return response
