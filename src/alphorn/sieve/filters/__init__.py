"""Filters by clicking: a list of values that is written as Sieve and read back from it.

`model` says what there is. `writing.write` gives readable Sieve of standard extensions,
`reading.read` takes it back, also after a person has laid it out anew or changed it within what the
model can say; for filters that `check.checked` gives, the two are each other's inverse. `plain` has
filters as JSON, `words` as short lines of words, `advice` what their owner should be told.
"""

from alphorn.sieve.filters.model import Filter
from alphorn.sieve.filters.reading import read
from alphorn.sieve.filters.writing import write

__all__ = ["Filter", "read", "write"]
