"""POSIX extended regular expressions (draft-ietf-sieve-regex) that nothing can make slow: one is
matched by `re` only where its worst case is counted and small, and else by an automaton that looks
at each character once."""
