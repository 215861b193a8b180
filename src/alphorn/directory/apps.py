"""The directory as a Django application."""

from django.apps import AppConfig


class Directory(AppConfig):
    """Named so that its tables are `directory_…`."""

    name = "alphorn.directory"
    label = "directory"
    default_auto_field = "django.db.models.BigAutoField"
