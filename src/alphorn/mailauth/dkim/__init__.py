"""DomainKeys Identified Mail: RFC 6376, updated by RFC 8301 (algorithms), RFC 8463 (Ed25519) and
RFC 8616 (internationalized domains).

`keys` makes and loads keys, `canonical` gives the octets that are hashed, `fields` says which
header fields a signature covers, `sign` makes signatures.
"""
