"""The limits of the store, by name. What passes one is refused with code "limit" or "name"."""

MAX_MAILBOXES = 5000
MAX_SUBSCRIPTIONS = 10_000
MAX_LEVELS = 25
"""Levels of hierarchy in a mailbox's name."""
MAX_LEVEL_OCTETS = 255
"""Octets of UTF-8 in one level of a mailbox's name."""
MAX_KEYWORDS = 500
"""Different keywords in a mailbox."""
MAX_UID = 0xFFFF_FFFF
MAX_EXPUNGED = 20_000
"""Runs of expunged UIDs that a mailbox remembers; of more, the older half is forgotten."""
MAX_THREAD_KEYS = 50
MAX_SEARCH_TEXT = 1 << 20
"""Characters of a message that full-text search sees."""
MAX_NEEDLE = 1000
"""Characters of a string that is searched for; what is longer is found nowhere."""
