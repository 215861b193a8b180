"""How Django is configured for the web: views and templates, and the tables of the control plane
where a page asks for them. No sessions, no users, no admin, no translations of Django's."""

from pathlib import Path

from alphorn.directory import configuration

FOLDER = Path(__file__).parent
_FRAME = "alphorn.web.frame.Frame"


def configure() -> None:
    """For this process, once; before anything of Django is used."""
    import django
    from django.conf import settings

    if settings.configured:
        return
    settings.configure(
        ALLOWED_HOSTS=["*"],  # `frame` looks at the name itself
        DATABASES={"default": configuration.sqlite_database(None)},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=list(configuration.INSTALLED_APPS),
        LOGGING_CONFIG=None,
        MIDDLEWARE=[_FRAME, "django.middleware.common.CommonMiddleware"],
        ROOT_URLCONF="alphorn.web.urls",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [FOLDER / "templates"],
                "OPTIONS": {"builtins": ["alphorn.web.tags"]},
            }
        ],
        USE_I18N=False,
        USE_TZ=True,
    )
    django.setup(set_prefix=False)
