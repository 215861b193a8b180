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
MAX_TOKENS = 400_000
"""Tokens in an account's model; of more, those that were rare and long ago are forgotten. With
30 octets each, 12 MB."""
MAX_JUDGED = 50_000
"""Messages of which an account remembers what they were learned as; of more, the oldest go."""
MAX_NOTED = 20_000
"""Names in each of an account's books; of more, the oldest go."""
MAX_NAME_LENGTH = 320
"""Characters of such a name; what is longer is not noted."""
MAX_SCRIPTS = 32
"""Scripts that an owner wrote."""
MAX_SCRIPT_OCTETS = 256 << 10
"""Octets of UTF-8 in one script."""
MAX_SCRIPTS_OCTETS = 1 << 20
"""Octets of UTF-8 in all scripts of an account."""
MAX_SCRIPT_NAME = 128
"""Characters in a script's name: as many as a server must take (RFC 5804 §1.6)."""
MAX_DOCUMENTS = 16
MAX_DOCUMENT_OCTETS = 256 << 10
"""Octets of UTF-8 in one document."""
MAX_DOCUMENT_NAME = 64
MAX_REMEMBERED = 10_000
"""Keys that an account remembers; of more, those whose time comes soonest are forgotten."""
MAX_ANNOTATIONS = 64
"""Annotations of a mailbox, or of the account as a whole."""
MAX_ANNOTATION_OCTETS = 8 << 10
"""Octets in the value of one."""
MAX_ANNOTATIONS_OCTETS = 256 << 10
"""Octets in the names and values of all annotations of an account."""
MAX_PREFIX = 128
"""Characters of a key by which it can be forgotten; what follows in a longer one is hashed."""
FORGOTTEN_SHARE = 8
"""When something is full, one in so many is forgotten at once."""
