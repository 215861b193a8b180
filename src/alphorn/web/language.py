"""In which language somebody is spoken to: the one he chose by a link, else what his browser asks
for (RFC 9110 §12.5.4), else English."""

from django.http import HttpRequest

from alphorn.web.texts import FALLBACK, TEXTS

PARAMETER = "lang"
MAX_FIELD = 1000


def chosen(request: HttpRequest) -> str:
    """What the address says, "" where it says nothing that we speak."""
    asked = request.GET.get(PARAMETER, "")
    return asked if asked in TEXTS else ""


def language(request: HttpRequest) -> str:
    """One of those that we speak."""
    return chosen(request) or preferred(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))


def preferred(field: str) -> str:
    """The best of an Accept-Language field; a weight of 0 says "not this one"."""
    best, most = FALLBACK, 0.0
    for item in field[:MAX_FIELD].split(","):
        tag, _, parameters = item.partition(";")
        name = tag.strip().lower().partition("-")[0]
        weight = _weight(parameters)
        if name in TEXTS and weight > most:
            best, most = name, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value) if 0 <= float(value) <= 1 else 0.0
    except ValueError:
        return 0.0
