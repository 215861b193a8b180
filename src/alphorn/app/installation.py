"""Reading what `alphorn init` wrote."""

from pathlib import Path

from alphorn.base.errors import NotFound, Unavailable
from alphorn.base.layout import Layout
from alphorn.base.settings import MAX_FILE_OCTETS, Settings, parse


def read_settings(data: Path) -> Settings:
    """What stands in the data folder. Raises NotFound, Unavailable, SettingsError."""
    path = Layout(data).settings
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_OCTETS).decode()
    except FileNotFoundError as error:
        raise NotFound(
            f"There is no installation in {data}: set one up with `alphorn init`, or name another "
            "folder with --data.",
            code="not-initialized",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"{path} cannot be read: {error}.") from error
    return parse(text)
