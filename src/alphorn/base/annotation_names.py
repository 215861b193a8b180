"""Names of annotations (RFC 5464 §3.2): what can be one, and its one spelling.

`/shared/…` is for everybody who may see the mailbox, `/private/…` for its owner. Case says nothing.
"""

import re

from alphorn.base.errors import Refused

MAX_CHARACTERS = 256
IMAP_SCRIPT = "/shared/imapsieve/script"
"""The name of the script that runs on what happens in a mailbox (RFC 6785 §2.3.1)."""

_NAME = re.compile(r"/(?:private|shared)(?:/[!-$&-)+-.0-~]+(?: +[!-$&-)+-.0-~]+)*)+")


def fold(name: str) -> str:
    """The spelling under which an annotation is kept; "" for what cannot be a name."""
    name = name[: MAX_CHARACTERS + 1].lower()
    return name if len(name) <= MAX_CHARACTERS and _NAME.fullmatch(name) else ""


def check(name: str) -> str:
    """As `fold`. Raises Refused("name") for what cannot be a name."""
    if folded := fold(name):
        return folded
    raise Refused(
        "An annotation's name begins with /private/ or /shared/, and has printable ASCII without"
        f" * and %, {MAX_CHARACTERS} characters at most.",
        code="name",
    )
