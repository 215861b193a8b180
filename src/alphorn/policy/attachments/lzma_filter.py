"""The five octets in which ZIP and 7z tell how LZMA was used."""

import lzma

from alphorn.policy.attachments.expand import MAX_DICTIONARY
from alphorn.policy.attachments.view import Damaged


def lzma_filter(properties: bytes) -> dict[str, int]:
    """The filter for Python's lzma; its dictionary is bounded. Raises `Damaged`."""
    rest, lc = divmod(properties[0], 9)
    pb, lp = divmod(rest, 5)
    if pb > 4 or lc + lp > 4:
        raise Damaged("LZMA")
    size = min(max(int.from_bytes(properties[1:5], "little"), 4096), MAX_DICTIONARY)
    return {"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": lc, "lp": lp, "pb": pb}
