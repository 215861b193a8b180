"""The files of a gateway, in a folder of its name below `gateways` in the data folder.

    ca.pem             the authority that vouches for the gateway, when we call it and when it calls
    certificate.pem    what we prove ourselves with to it, with the chain that it needs
    key.pem            the private key to that; only the service's user may read it

They are read anew when they have changed, so that a renewed certificate is a file that is written
over. Nothing of them is in the database.
"""

import os
import shutil
import ssl
from dataclasses import dataclass
from pathlib import Path

from alphorn.base.errors import Refused

MAX_OCTETS = 1 << 20

Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class GatewayFiles:
    """Of the gateway whose `folder` this is; `of` finds it by name."""

    folder: Path

    @staticmethod
    def of(root: Path, name: str) -> "GatewayFiles":
        return GatewayFiles(root / name)

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    @property
    def key(self) -> Path:
        return self.folder / "key.pem"

    def stamp(self) -> Stamp:
        """Changes when the files do. Raises Refused("gateway-files") where one is missing."""
        found = []
        for path in (self.ca, self.certificate, self.key):
            try:
                status = os.stat(path)
            except OSError as error:
                raise _refused(path, error) from error
            found.append((status.st_mtime_ns, status.st_ino, status.st_size))
        return tuple(found)

    def client_context(self) -> ssl.SSLContext:
        """For calling the gateway: TLS 1.2 or later, its authority and its name verified, our
        certificate shown. Raises Refused("gateway-files")."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.trust(context)
        try:
            context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except (OSError, ValueError) as error:
            raise _refused(self.certificate, error) from error
        return context

    def trust(self, context: ssl.SSLContext) -> None:
        """Believe in this authority, be it a root or not, and in no other. Raises
        Refused("gateway-files")."""
        try:
            context.load_verify_locations(self.ca)
        except (OSError, ValueError) as error:
            raise _refused(self.ca, error) from error
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN

    def put(self, ca: bytes | None, certificate: bytes | None, key: bytes | None) -> None:
        """Write these, and leave those that are None as they are; all or nothing, and only if the
        whole is in order then. Raises Refused("gateway-files")."""
        new = GatewayFiles(self.folder.with_name(f".{self.folder.name}.new"))
        try:
            self.folder.parent.mkdir(mode=0o700, exist_ok=True)
            shutil.rmtree(new.folder, ignore_errors=True)
            new.folder.mkdir(mode=0o700)
            for path, there, content in (
                (new.ca, self.ca, ca),
                (new.certificate, self.certificate, certificate),
                (new.key, self.key, key),
            ):
                _write(path, there.read_bytes() if content is None else content)
            new.client_context()
            self.folder.mkdir(mode=0o700, exist_ok=True)
            for path in (new.ca, new.certificate, new.key):
                os.replace(path, self.folder / path.name)
        except OSError as error:
            raise _refused(self.folder, error) from error
        finally:
            shutil.rmtree(new.folder, ignore_errors=True)

    def remove(self) -> None:
        """All of them; nothing where there are none."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)


def _no_password() -> str:
    raise ValueError("the key has a password; it is to be one without")


def _refused(path: Path, error: OSError | ValueError) -> Refused:
    if isinstance(error, ssl.SSLError):
        why = str(error.reason or "not valid PEM").lower().replace("_", " ")
    elif isinstance(error, FileNotFoundError):
        why = "it is missing"
    elif isinstance(error, PermissionError):
        why = "it is not readable for this user"
    elif isinstance(error, OSError):
        why = error.strerror or str(error)
    else:
        why = str(error)
    return Refused(f"{path} cannot be used: {why}.", code="gateway-files")
