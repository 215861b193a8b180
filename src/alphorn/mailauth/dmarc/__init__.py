"""DMARC as a receiver applies it: RFC 9989, with records of its predecessor RFC 7489 understood.

`author` says which domain a message claims to be from, `tree` finds the records in the DNS,
`record` reads them, `evaluate` joins them with what SPF and DKIM came to, and `problems` tells a
domain's owner what is wrong with his own record.
"""
