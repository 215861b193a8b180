"""Authenticated Received Chain (RFC 8617): what forwarders and mailing lists say they had checked.

`chain` reads the sets of fields, `validate` says whether the chain holds, `seal` adds a set of our
own. A chain that holds proves who wrote it, not that he is honest: its results count only where
the sealers are trusted.
"""
