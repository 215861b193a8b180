"""Durable outbound mail: what has been promised and is not yet delivered."""
