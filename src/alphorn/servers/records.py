"""TLS as a pure transformation of bytes, over OpenSSL's memory buffers.

Doing it here rather than in the event loop keeps an idle TLS connection small, lets STARTTLS throw
away what was received ahead of it (RFC 3207 §4.2, RFC 9051 §6.2.1), joins writes, and gives the
session the OpenSSL object for channel binding (RFC 9266).
"""

import ssl

READ_OCTETS = 1 << 18


class Records:
    """One TLS connection's state. `handshake` until it says True; then `decrypt` and `encrypt`.

    After each call `outgoing()` has what is to be sent. Errors: `ssl.SSLError`.
    """

    __slots__ = ("_incoming", "_outgoing", "object")

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def handshake(self, data: bytes) -> bool:
        """Whether the handshake is complete after these bytes."""
        self._incoming.write(data)
        try:
            self.object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def decrypt(self, data: bytes) -> tuple[bytes, bool]:
        """The plaintext that is complete, and whether the other side said that no more comes."""
        self._incoming.write(data)
        chunks = []
        ended = False
        read, pending, incoming = self.object.read, self.object.pending, self._incoming
        try:
            while True:
                chunk = read(READ_OCTETS)
                if not chunk:
                    ended = True
                    break
                chunks.append(chunk)
                if not incoming.pending and not pending():
                    break
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            ended = True
        return (chunks[0] if len(chunks) == 1 else b"".join(chunks)), ended

    def encrypt(self, data: bytes) -> bytes:
        """The records that carry these bytes, and whatever else waits to be sent."""
        sent = self.object.write(data)
        while sent < len(data):
            sent += self.object.write(memoryview(data)[sent:])
        return self._outgoing.read()

    def outgoing(self) -> bytes:
        return self._outgoing.read() if self._outgoing.pending else b""

    def goodbye(self) -> bytes:
        """Our close_notify (RFC 8446 §6.1); the other side's is not waited for."""
        try:
            self.object.unwrap()
        except ssl.SSLError:
            pass  # "want read": the other side has not said it, or it broke the connection off
        return self.outgoing()
