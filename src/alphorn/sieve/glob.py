"""`:matches` (RFC 5228 §2.7.1): `*` is any text, `?` any character, `\\` takes them literally.

Everything up to a `*` is found at the first place where it fits and never looked for again (an
atomic group), so that a match costs at most the text's length for each piece of the pattern.
"""

import re
from functools import lru_cache

MAX_PATTERN = 4096

_PIECE = re.compile(r"\\(.)|([*?])|([^\\*?]+)|(\\)", re.DOTALL)


@lru_cache(maxsize=1024)
def compile_glob(pattern: str, flags: int) -> re.Pattern[str]:
    """To be used with `match`; group n is what the n-th wildcard stands for."""
    begun = ["(?s)\\A"]
    piece: list[str] = []
    star = False
    for literal, wildcard, text, lone in _PIECE.findall(pattern[:MAX_PATTERN]):
        if wildcard == "*":
            begun += _closed(star, piece)
            piece = []
            star = True
        elif wildcard == "?":
            piece.append("(.)")
        else:
            piece.append(re.escape(literal or text or lone))
    # The last piece stands at the end: there is one place for it.
    begun.append(f"(.*){''.join(piece)}\\Z" if star else "".join(piece) + "\\Z")
    return re.compile("".join(begun), flags)


def _closed(star: bool, piece: list[str]) -> list[str]:
    return [f"(?>(.*?){''.join(piece)})"] if star else piece
