"""System flags as bits, keywords as words (RFC 9051 §2.3.2)."""

from enum import IntFlag


class Flag(IntFlag):
    """The five permanent system flags; a message's are stored as one small integer."""

    SEEN = 1
    ANSWERED = 2
    FLAGGED = 4
    DELETED = 8
    DRAFT = 16


ALL_FLAGS = 31
MAX_KEYWORD_LENGTH = 100
MAX_KEYWORDS_PER_MESSAGE = 100
