"""Bringing mail from elsewhere."""
