"""The asyncio adapters that give the protocol cores sockets, TLS and time."""
