"""The TLS context of the listeners, renewed when the certificate's files change.

TLS 1.2 and later with forward secrecy and authenticated encryption only (RFC 9325 §4.2); the
server's order of ciphers counts; no compression, no renegotiation; session tickets within one
worker. Connections that are up keep the context that they began with.
"""

import contextlib
import logging
import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from alphorn.base import settings as table
from alphorn.base.errors import Refused
from alphorn.base.settings import Settings

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL"

_log = logging.getLogger(__name__)
_Stamp = tuple[tuple[int, int, int], ...]
_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_MISSING: _Stamp = ((0, 0, 0),)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where certificate and key lie, and the oldest version of TLS that is spoken."""

    certificate: Path
    key: Path
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2

    def load(self) -> ssl.SSLContext:
        """A new context. Raises Refused with what is wrong with the files."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = self.minimum
        context.set_ciphers(CIPHERS)
        context.options |= (
            ssl.OP_CIPHER_SERVER_PREFERENCE
            | ssl.OP_NO_COMPRESSION
            | ssl.OP_NO_RENEGOTIATION
            | ssl.OP_SINGLE_DH_USE
            | ssl.OP_SINGLE_ECDH_USE
        )
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise Refused(
                f"TLS cannot use {self.certificate} with {self.key}: {_reason(error)}.", code="tls"
            ) from error
        return context

    def stamp(self) -> _Stamp:
        """Changes when the files do."""
        found = []
        for path in (self.certificate, self.key):
            status = os.stat(path)
            found.append((status.st_mtime_ns, status.st_ino, status.st_size))
        return tuple(found)


class TlsContexts:
    """Holds the context of the moment. `refresh` is called now and then, and on SIGHUP."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._stamp: _Stamp = ()
        with contextlib.suppress(OSError):  # load() says it better
            self._stamp = files.stamp()
        self._context = files.load()
        self._refused: _Stamp = ()

    def context(self) -> ssl.SSLContext:
        return self._context

    def refresh(self) -> bool:
        """Take changed files into use; whether that happened.

        Files that do not fit each other (a renewal that is half written) leave the old context in
        place; this is logged once.
        """
        stamp: _Stamp = ()
        try:
            stamp = self._files.stamp()
            if stamp in (self._stamp, self._refused):
                return False
            context = self._files.load()
        except (OSError, Refused) as error:
            if stamp or self._refused != _MISSING:
                _log.error("the TLS certificate was not renewed: %s", error)
            self._refused = stamp or _MISSING
            return False
        self._context, self._stamp, self._refused = context, stamp, ()
        _log.info("the TLS certificate was renewed")
        return True


def tls_files(data: Path, settings: Settings) -> TlsFiles:
    """Where the settings say that certificate and key lie. Raises Refused unless both are said."""
    certificate, key = settings[table.TLS_CERTIFICATE], settings[table.TLS_KEY]
    if certificate is None or key is None:
        raise Refused("tls.certificate and tls.key are both to name a file.", code="tls")
    minimum = _VERSIONS[settings[table.TLS_MINIMUM]]
    return TlsFiles(data / certificate, data / key, minimum)


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "a file is missing"
    if isinstance(error, PermissionError):
        return "a file is not readable for this user"
    if isinstance(error, ssl.SSLError):
        return str(error.reason or "not valid PEM").lower().replace("_", " ")
    return error.strerror or str(error)
