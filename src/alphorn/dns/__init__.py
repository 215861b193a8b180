"""Asking the DNS, over an injected resolver."""
