"""Alphorn: a complete mail hosting service. ARCHITECTURE.md is the map of the rooms."""

__version__ = "0.1.0"
