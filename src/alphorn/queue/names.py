"""Names for queued messages: short, never given twice, in the order of their making."""

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter looks like a digit."""

LENGTH = 13
RANDOM_BITS = 23


def new_name(now: float) -> str:
    """42 bits of milliseconds and 23 random bits, in 13 characters."""
    number = ((int(now * 1000) & (1 << 42) - 1) << RANDOM_BITS) | secrets.randbits(RANDOM_BITS)
    letters = []
    for _ in range(LENGTH):
        number, digit = divmod(number, 32)
        letters.append(ALPHABET[digit])
    return "".join(reversed(letters))
