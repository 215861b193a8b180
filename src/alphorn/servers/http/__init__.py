"""HTTP/1.1: sessions over the connections of all protocols here, and what they carry."""
