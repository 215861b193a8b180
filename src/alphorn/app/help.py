"""Where those who are refused find help, as the settings and the listeners say."""

from collections.abc import Iterable

from alphorn.base import settings as table
from alphorn.base.help import Help
from alphorn.base.settings import Settings
from alphorn.servers.http.redirect import HTTPS_PORT
from alphorn.servers.listeners import Binding

PATH = "/help/"


def help_for(settings: Settings, offered: Iterable[Binding], local: bool) -> Help:
    """For those who are refused; without pages, whoever looks after this server."""
    return Help(help_url(settings, offered, local), contact(settings))


def contact(settings: Settings) -> str:
    """The address of whoever looks after this server."""
    return settings[table.POSTMASTER] or f"postmaster@{settings[table.HOSTNAME]}"


def https_port(offered: Iterable[Binding]) -> int:
    """Where our own pages are; 0 where they are not, the usual port where it is one of several."""
    ports = [one.port for one in offered if one.listener.name == "https"]
    return HTTPS_PORT if HTTPS_PORT in ports else next(iter(ports), 0)


def help_url(settings: Settings, offered: Iterable[Binding], local: bool) -> str:
    """What the name of a page is put after; "" where there are no pages. Among neighbours
    (`--local`) our name leads nowhere, and the address does."""
    if settings[table.HELP_URL]:
        return settings[table.HELP_URL].rstrip("/") + "/"
    offered = list(offered)
    port = https_port(offered)
    if not port:
        return ""
    host = settings[table.HOSTNAME]
    if local:
        host = next(one.address for one in offered if one.listener.name == "https")
        host = f"[{host}]" if ":" in host else host
    return f"https://{host}" + ("" if port == HTTPS_PORT else f":{port}") + PATH
