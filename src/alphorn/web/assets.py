"""Our style and images, read once; their names change with what is in them, so that browsers may
keep them for good."""

from hashlib import blake2b
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static/"
TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


def _named(path: Path, octets: bytes) -> str:
    return f"{path.stem}.{blake2b(octets, digest_size=6).hexdigest()}{path.suffix}"


_FILES = {path: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES}
URLS = {path.stem: PREFIX + _named(path, octets) for path, octets in _FILES.items()}
"""By the name of the file without its ending."""
CONTENTS = {_named(path, octets): (octets, TYPES[path.suffix]) for path, octets in _FILES.items()}
