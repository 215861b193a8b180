"""Telling wanted mail from unwanted."""
