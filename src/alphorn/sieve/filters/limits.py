"""How large filters may be. What passes one is a `FilterError` that names the field."""

from alphorn.sieve.limits import DEFAULT

MAX_FILTERS = 200
MAX_CONDITIONS = 50
"""Of one filter."""
MAX_VALUES = 100
"""Of one condition."""
MAX_ACTIONS = 20
"""Of one filter."""
MAX_REDIRECTS = DEFAULT.redirects
"""Of one filter; a run of all of them makes no more either."""

MAX_NAME = 200
"""Characters of a filter's name."""
MAX_VALUE = 1000
"""Characters of a value that is compared."""
MAX_HEADER_NAME = 100
MAX_MAILBOX = 1000
MAX_TEXT = 4000
"""Characters of the text of a refusal."""
MAX_SIZE = 2**31 - 1
"""Octets that a condition can name: what every Sieve knows (RFC 5228 §1.3)."""
MAX_OCTETS = DEFAULT.script
"""Of all filters together, written as Sieve."""
