"""Our style and images."""

from django.http import Http404, HttpRequest, HttpResponse

from alphorn.web.assets import CONTENTS
from alphorn.web.views.errors import safe

FOR_GOOD = "public, max-age=31536000, immutable"


@safe
def show(request: HttpRequest, name: str) -> HttpResponse:
    if name not in CONTENTS:
        raise Http404
    octets, kind = CONTENTS[name]
    response = HttpResponse(octets, content_type=kind)
    response.headers["Cache-Control"] = FOR_GOOD
    return response
