"""Django settings as a module, for tools that ask for one (`makemigrations`, the mypy plugin).

The service configures Django in code instead: see `alphorn.directory.setup`.
"""

from pathlib import Path

from alphorn.directory import configuration

DATABASES = {"default": configuration.sqlite_database(Path("control.sqlite"))}
INSTALLED_APPS = list(configuration.INSTALLED_APPS)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
