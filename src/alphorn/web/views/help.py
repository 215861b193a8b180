"""Help about refusals: all of them, and each."""

from django.http import Http404, HttpRequest, HttpResponse

from alphorn.base.help import GROUPS, PAGES
from alphorn.web.language import language
from alphorn.web.page import page
from alphorn.web.samples import sample
from alphorn.web.site import site_of
from alphorn.web.texts import TEXTS
from alphorn.web.views.errors import safe


@safe
def index(request: HttpRequest) -> HttpResponse:
    words = TEXTS[language(request)]
    groups = [
        (
            words.groups[group],
            [(name, words.pages[name]) for name, its in PAGES.items() if its == group],
        )
        for group in GROUPS
    ]
    return page(request, "help.html", {"groups": groups})


@safe
def show(request: HttpRequest, name: str) -> HttpResponse:
    if name not in PAGES:
        raise Http404
    words = TEXTS[language(request)].pages[name]
    reply = sample(name, site_of(request))
    return page(request, "topic.html", {"name": name, "topic": words, "reply": reply})
