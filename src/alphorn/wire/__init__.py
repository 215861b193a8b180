"""Protocol cores: bytes in, events out; replies in, bytes out. No sockets, no clocks."""
