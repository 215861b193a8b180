"""The installation's master key, and what is derived from it.

One file under the data folder (`keys/master.key`, 32 random octets, mode 0600) protects what the
database holds, so that a copy of the database alone neither signs mail nor lets anybody in:

* device passwords are kept as HMAC-SHA-256 under a key derived from it,
* DKIM private keys are kept encrypted with AES-256-GCM under another,
* senders of redirected mail are rewritten with an HMAC under a third.

Without the file device passwords and DKIM keys must be made anew, and reports of what was
redirected lately do not find back; account passwords go on working.
It belongs into every backup, best apart from the database.
"""

import hmac
import os
import secrets
from pathlib import Path

from alphorn.base.errors import Exists, Refused, Unavailable

MASTER_OCTETS = 32
NONCE_OCTETS = 12
FILE_NAME = "master.key"


class KeyRing:
    """Keys derived from the master key (the expand step of HKDF, RFC 5869 §2.3, one block each)."""

    __slots__ = ("_device_passwords", "_made_up", "_rewriting", "_signing_keys")

    def __init__(self, master: bytes) -> None:
        if len(master) != MASTER_OCTETS:
            raise Refused(f"The master key is not {MASTER_OCTETS} octets long.", code="keys")
        self._device_passwords = _expand(master, b"device passwords")
        self._signing_keys = _expand(master, b"signing keys")
        self._made_up = _expand(master, b"answers for unknown addresses")
        self._rewriting = _expand(master, b"rewritten senders")

    def __repr__(self) -> str:
        return "KeyRing(…)"

    def hash_device_password(self, password: str) -> bytes:
        """What is kept of a device password, to find it by. 32 octets."""
        return hmac.digest(self._device_passwords, password.encode(), "sha256")

    def made_up(self, what: str) -> bytes:
        """32 octets that look random and are the same each time: what SCRAM tells of an address
        that does not exist."""
        return hmac.digest(self._made_up, what.encode("utf-8", "replace"), "sha256")

    def rewriting_mac(self, text: bytes) -> bytes:
        """32 octets that prove that we wrote an envelope's sender anew (`message.srs`)."""
        return hmac.digest(self._rewriting, text, "sha256")

    def seal(self, private_key: bytes, label: str) -> bytes:
        """The key encrypted; only `unseal` with the same label opens it."""
        # Imported where it is used: a process that signs nothing does not pay for it.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(NONCE_OCTETS)
        return nonce + AESGCM(self._signing_keys).encrypt(nonce, private_key, label.encode())

    def unseal(self, sealed: bytes, label: str) -> bytes:
        """Raises Unavailable("keys") where another master key sealed it, or it was changed."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce, text = sealed[:NONCE_OCTETS], sealed[NONCE_OCTETS:]
        try:
            return AESGCM(self._signing_keys).decrypt(nonce, text, label.encode())
        except (InvalidTag, ValueError) as error:
            raise Unavailable(
                f"The signing key {label} cannot be opened with this master key; "
                f"restore {FILE_NAME}, or make new signing keys.",
                code="keys",
            ) from error


def _expand(master: bytes, purpose: bytes) -> bytes:
    return hmac.digest(master, b"alphorn " + purpose + b"\x01", "sha256")


def create(folder: Path) -> KeyRing:
    """A new master key, durable on return. Raises Exists: it is never overwritten."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / FILE_NAME
    master = secrets.token_bytes(MASTER_OCTETS)
    # Written under another name first, so that no crash leaves half a key behind.
    draft = folder / f".{FILE_NAME}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(master)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError as error:
            raise Exists(f"{path} exists already.", code="keys") from error
    finally:
        draft.unlink()
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return KeyRing(master)


def load(folder: Path) -> KeyRing:
    """The master key in this folder. Raises Refused where others may read it, Unavailable where it
    is missing or unreadable."""
    path = folder / FILE_NAME
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            master = file.read(MASTER_OCTETS + 1)
    except OSError as error:
        raise Unavailable(f"The master key {path} cannot be read: {error}.", code="keys") from error
    if mode & 0o077:
        raise Refused(f"Others may read {path}; say: chmod 600 {path}", code="keys")
    return KeyRing(master)
