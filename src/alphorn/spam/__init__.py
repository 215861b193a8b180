"""Telling wanted mail from unwanted, and mass mail from the rest.

`features.observe` looks at a message once; `rules`, `classifier` and `categories` look at what it
saw; `score.judge` joins rules and classifier to one score with its reasons. Nothing here reads or
writes anything: what was learned comes in as counts, what is known of the sender as facts.
"""
