"""What protects mail where neither an account nor its domain says otherwise: from the settings."""

from dataclasses import fields

from alphorn.base.settings import TABLE, Settings
from alphorn.directory.values import Protection

_ROWS = {row.key: row for row in TABLE}


def default_protection(settings: Settings) -> Protection:
    """Each field from the setting of its name."""
    return Protection(
        **{field.name: settings[_ROWS[f"protection.{field.name}"]] for field in fields(Protection)}
    )
