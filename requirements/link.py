"""Make the checkout importable in its own virtual environment, with its command.

An editable install would fetch a build backend that no lock file pins; a path
file and a three-line script do the same with nothing to download.
"""

import stat
import sys
import sysconfig
from pathlib import Path

root = Path(__file__).resolve().parent.parent
Path(sysconfig.get_path("purelib"), "alphorn-checkout.pth").write_text(f"{root / 'src'}\n")
script = Path(sysconfig.get_path("scripts"), "alphorn")
script.write_text(
    f"#!{sys.executable}\nfrom alphorn.app.main import main\n\nraise SystemExit(main())\n"
)
script.chmod(script.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
