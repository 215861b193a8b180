"""Names of Sieve scripts (RFC 5804 §1.6, RFC 5198 §2): what can be one, and its one spelling.

Two spellings of a name that look alike are the same name: all are kept in Unicode's normal form C.
"""

import re
from unicodedata import is_normalized, normalize

from alphorn.base.errors import Refused

MAX_CHARACTERS = 128
"""As many as a server must take."""
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def normal(name: str) -> str:
    """The spelling under which a name is kept and looked for."""
    return name if is_normalized("NFC", name) else normalize("NFC", name)


def check(name: str) -> str:
    """The name as it is kept. Raises Refused("name") for what cannot be one."""
    if len(name) > 4 * MAX_CHARACTERS:  # no normal form is so much shorter
        raise _too_long()
    name = normal(name)
    if not name:
        raise Refused("A script needs a name.", code="name")
    if len(name) > MAX_CHARACTERS:
        raise _too_long()
    if forbidden := _FORBIDDEN.search(name):
        text = f"The name of the script contains the character U+{ord(forbidden[0]):04X}."
        raise Refused(text, code="name")
    return name


def _too_long() -> Refused:
    return Refused(f"The name of a script has at most {MAX_CHARACTERS} characters.", code="name")
