"""Which packs can contain a text: a filter over groups of three octets.

A pack's signature is a row of bits. Each group of three octets that occurs within a word of its
texts sets one of them. A text can only be in packs whose signatures have all bits of its own
groups; these are then looked through. So any part of any word in any script is found, without a
list of words, and the signature takes some two octets for each hundred of mail.
"""

from collections.abc import Iterable
from zlib import crc32

BITS_A_GROUP = 2
"""With so many bits for each different group, four in ten are set."""
_STEP_BITS = 512
"""Signatures have few different lengths, so that few masks have to be made for a search."""


def signature(texts: Iterable[bytes]) -> bytes:
    """The signature of these folded texts."""
    words: set[bytes] = set()
    for text in texts:
        words.update(text.split())
    groups = {word[at : at + 3] for word in words for at in range(len(word) - 2)}
    bits = (int(BITS_A_GROUP * len(groups)) // _STEP_BITS + 1) * _STEP_BITS
    row = bytearray(b"0") * bits
    for group in groups:
        row[crc32(group) % bits] = 49
    return int(row, 2).to_bytes(bits // 8, "big")


class Filter:
    """Tells which signatures may belong to packs with this folded text."""

    __slots__ = ("_groups", "_masks")

    def __init__(self, needle: bytes) -> None:
        self._groups = {word[at : at + 3] for word in needle.split() for at in range(len(word) - 2)}
        self._masks: dict[int, int] = {}

    def admits(self, signature: bytes) -> bool:
        length = len(signature)
        mask = self._masks.get(length)
        if mask is None:
            mask = self._masks[length] = self._mask(8 * length)
        return int.from_bytes(signature, "big") & mask == mask

    def _mask(self, bits: int) -> int:
        # The first octet of a signature has the lowest bit numbers: bit n is the n-th from the top.
        return sum({1 << (bits - 1 - crc32(group) % bits) for group in self._groups})
