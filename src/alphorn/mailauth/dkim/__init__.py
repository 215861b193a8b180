"""DomainKeys Identified Mail: RFC 6376, updated by RFC 8301 (algorithms), RFC 8463 (Ed25519) and
RFC 8616 (internationalized domains).

Signing: `keys` makes and loads keys, `fields` says which header fields a signature covers, `sign`
makes signatures. Verifying: `signature` reads them, `public` finds the keys, `covered` gives what
was signed, `verify` says what came of it in the words of `problems`. Both use `canonical`, the
octets that are hashed, and `tags` reads what is written as name=value.
"""
