"""POSIX extended regular expressions (draft-ietf-sieve-regex) that no text and no expression can make
slow: an expression is matched by `re` only where its worst case is counted and small, and else by an
automaton that looks at each character once."""
