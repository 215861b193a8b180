"""From a request as it came to Django and back: one call for each, in any thread."""

import logging
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from alphorn.servers.http.messages import Request, Response, plain
from alphorn.web.configuration import FOLDER, configure
from alphorn.web.site import KEY, Site

configure()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402 - these read the settings
from django.template.loader import get_template  # noqa: E402
from django.urls import resolve  # noqa: E402

TEMPLATES = sorted(path.name for path in (FOLDER / "templates").glob("*.html"))
_STRANGE = "This is not an address that is understood here."


class Application:
    """Implements `servers.http.messages.Answer`."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._django = WSGIHandler()
        for name in TEMPLATES:  # what is wrong with one is to be known before anybody asks
            get_template(name)
        resolve("/")
        # Each wrong address that somebody tries is no news.
        logging.getLogger("django.request").setLevel(logging.ERROR)

    def __call__(self, request: Request) -> Response:
        path = _path(request.target)
        if path is None:
            return plain(400, _STRANGE)
        environ = _environ(request, path)
        environ[KEY] = self._site
        start = _Start()
        pieces = self._django(environ, start)
        try:
            body = b"".join(pieces)
        finally:
            pieces.close()
        return Response(
            start.status,
            tuple(
                (name.encode("ascii"), value.encode("latin-1"))
                for name, value in start.headers
                if name != "Content-Length"  # the session says it
            ),
            body,
        )


class _Start:
    """What Django says before the body (`start_response` of PEP 3333)."""

    status = 0
    headers: Sequence[tuple[str, str]] = ()

    def __call__(
        self, status: str, headers: list[tuple[str, str]], error: object = None, /
    ) -> Callable[[bytes], object]:
        self.status, self.headers = int(status.partition(" ")[0]), headers
        return _unheard


def _unheard(octets: bytes) -> None:
    """Django gives the body all at once."""


def _path(target: bytes) -> bytes | None:
    """Path and query; a whole address, as proxies send it, counts for its path (RFC 9112 §3.2)."""
    if target[:8].lower().startswith((b"https://", b"http://")):
        _, _, rest = target.partition(b"://")
        target = b"/" + rest.partition(b"/")[2]
    return target if target.startswith(b"/") else None


def _environ(request: Request, target: bytes) -> dict[str, Any]:
    """As PEP 3333 has it. A name with an underscore would pass for one with a hyphen, and is left
    out."""
    path, _, query = target.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method.decode("latin-1"),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "CONTENT_LENGTH": str(len(request.body)),
        "REMOTE_ADDR": request.peer.address,
        "SERVER_NAME": request.peer.local_address,
        "SERVER_PORT": str(request.peer.local_port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if request.tls else "http",
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": None,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        key = name.decode("latin-1").upper()
        if "_" in key or key == "CONTENT-LENGTH":
            continue
        key = key.replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    return environ
