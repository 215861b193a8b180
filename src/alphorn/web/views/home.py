"""What this host is, and how a mail program is set up for it."""

from django.http import HttpRequest, HttpResponse

from alphorn.web.language import language
from alphorn.web.page import page
from alphorn.web.site import site_of
from alphorn.web.texts import TEXTS
from alphorn.web.views.errors import safe

ORDER = ("imaps", "imap", "submissions", "submission", "sieve")
BEST = ("imaps", "submissions")
"""What is recommended stands before what else there is (RFC 8314 §3)."""


@safe
def show(request: HttpRequest) -> HttpResponse:
    there = {service.name: service for service in site_of(request).services}
    words = TEXTS[language(request)]
    services = [
        {
            "use": words.uses[name],
            "port": there[name].port,
            "security": words.security[there[name].security],
            "best": name in BEST,
        }
        for name in ORDER
        if name in there
    ]
    return page(request, "home.html", {"services": services})
