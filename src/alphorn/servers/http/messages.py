"""What an HTTP session hands on, and what it is given back."""

from collections.abc import Callable
from dataclasses import dataclass

from alphorn.servers.connection import Peer

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is as it was sent, at most `session.MAX_HEAD` octets with the fields; the names in
    `headers` are in lower case. `body` has at most `session.MAX_BODY` octets."""

    method: bytes
    target: bytes
    headers: Headers
    body: bytes
    peer: Peer
    tls: bool

    def header(self, name: bytes) -> bytes:
        """The first field of this name, b"" where there is none."""
        return next((value for known, value in self.headers if known == name), b"")


@dataclass(frozen=True, slots=True)
class Response:
    """The session adds what is about the connection: Date, Content-Length, Connection."""

    status: int
    headers: Headers
    body: bytes


Answer = Callable[[Request], Response]


def plain(status: int, text: str, *headers: tuple[bytes, bytes]) -> Response:
    """A sentence, for whom no page can be made."""
    return Response(
        status,
        (
            (b"Content-Type", b"text/plain; charset=utf-8"),
            (b"X-Content-Type-Options", b"nosniff"),
            (b"Cache-Control", b"no-store"),
            *headers,
        ),
        f"{text}\n".encode(),
    )
