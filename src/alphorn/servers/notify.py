"""Telling systemd that the service is ready or stops (sd_notify(3)); elsewhere nothing happens."""

import logging
import os
import socket

_log = logging.getLogger(__name__)


def ready() -> None:
    _tell(f"READY=1\nMAINPID={os.getpid()}")


def stopping() -> None:
    _tell("STOPPING=1")


def _tell(state: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(state.encode(), address)
    except OSError as error:
        _log.warning("systemd could not be told: %s", error)
