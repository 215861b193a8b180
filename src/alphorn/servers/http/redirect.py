"""The answer on the port without TLS: come to the one with it (RFC 9110 §15.4.9).

Nothing else is ever said there, so that nothing is read or changed on the way.
"""

import re
from collections.abc import Collection

from alphorn.servers.http.messages import Request, Response, plain

_PATH = re.compile(rb"/[!-~]*\Z")
HTTPS_PORT = 443


class Redirect:
    """`host` is where to go unless the client asked for another one of `hosts` (lower case, without
    a port); a name that is none of ours is never repeated."""

    def __init__(self, host: str, hosts: Collection[str], port: int) -> None:
        self._host = host
        self._hosts = frozenset(hosts)
        self._port = "" if port == HTTPS_PORT else f":{port}"

    def __call__(self, request: Request) -> Response:
        if request.method not in (b"GET", b"HEAD"):
            return plain(405, "Come over https.", (b"Allow", b"GET, HEAD"))
        asked = host_of(request.header(b"host"))
        host = asked if asked in self._hosts else self._host
        path = request.target if _PATH.match(request.target) else b"/"
        where = f"https://{host}{self._port}".encode("ascii") + path
        return plain(308, "Come over https.", (b"Location", where))


def host_of(field: bytes) -> str:
    """The name in a Host field, in lower case and without the port (RFC 9110 §7.2)."""
    text = field.decode("latin-1").strip().lower()
    name, colon, port = text.rpartition(":")
    return name if colon and port.isdigit() and not name.endswith(":") else text
