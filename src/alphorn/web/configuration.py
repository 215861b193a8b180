"""How Django is configured for the web: views and templates beside the tables of the control plane.
No sessions, no users, no admin, no translations of Django's."""

from pathlib import Path
from typing import Any

from alphorn.directory.setup import prepare

FOLDER = Path(__file__).parent
SETTINGS: dict[str, Any] = {
    "ALLOWED_HOSTS": ["*"],  # `frame` looks at the name itself
    "MIDDLEWARE": ["alphorn.web.frame.Frame", "django.middleware.common.CommonMiddleware"],
    "ROOT_URLCONF": "alphorn.web.urls",
    "TEMPLATES": [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "DIRS": [FOLDER / "templates"],
            "OPTIONS": {"builtins": ["alphorn.web.tags"]},
        }
    ],
    "USE_I18N": False,
}


def configure() -> None:
    """For this process; before anything of Django's for the web is used. Idempotent."""
    prepare()
    from django.conf import settings

    for name, value in SETTINGS.items():
        setattr(settings, name, value)
