"""Folders that live as long as the process that made them: for what is made once and copied."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def scratch(prefix: str) -> Path:
    """A new folder for the temporary files of this process, gone when it ends by itself."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, owner: int) -> None:
    """Not by children that were forked, who end before it is done with."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
