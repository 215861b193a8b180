"""Object identifiers as clients see them (RFC 8474 §4, §5): a letter that says the kind, and the
store's number. They name the same thing for ever within an account."""

MAILBOX = "F%d"
EMAIL = b"M%d"
THREAD = b"T%d"


def mailbox_id(number: int) -> str:
    return MAILBOX % number
