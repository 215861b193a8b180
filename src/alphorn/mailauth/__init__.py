"""Signing and checking who sent a message: DKIM and its relatives."""
