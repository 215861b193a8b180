"""Who may log in without TLS, in protocols where that can be set."""

import ipaddress
from enum import Enum

from alphorn.servers.connection import IO


class PlainLogin(Enum):
    """Who may log in without TLS."""

    NEVER = "never"
    LOOPBACK = "loopback"
    ALWAYS = "always"

    def trusts(self, io: IO) -> bool:
        """Whether passwords may travel over this connection."""
        if io.tls:
            return True
        match self:
            case PlainLogin.ALWAYS:
                return True
            case PlainLogin.LOOPBACK:
                return ipaddress.ip_address(io.peer.address).is_loopback
            case PlainLogin.NEVER:
                return False
