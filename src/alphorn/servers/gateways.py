"""The secured gateways as they meet us: recognized when they call, and how they are called.

Only who calls from a gateway's networks is asked for a certificate in the TLS handshake (RFC 8446
§4.3.2), for a client that shows one which is not from the gateway's authority cannot be let in at
all: other servers never notice. No certificate is no failure of the handshake; such a client is a
stranger like others. One address lies in the networks of one gateway at most, which
`operations.gateways` sees to; in those of several none is recognized.
"""

import hashlib
import logging
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from alphorn.base.errors import AlphornError, NotFound
from alphorn.base.network import NetworkMap
from alphorn.directory.gateway_files import GatewayFiles, Stamp
from alphorn.directory.values import GatewayInfo
from alphorn.policy.gateway import Shown, recognizes
from alphorn.queue.gateways import Gateway
from alphorn.servers.tls import TlsFiles

_log = logging.getLogger(__name__)


class Gateways:
    """One per process; use it on one thread. `known` gives those that there are, quickly, and the
    same object while nothing has changed; `own` is the certificate of our listeners."""

    def __init__(
        self,
        folder: Path,
        known: Callable[[], Sequence[GatewayInfo]],
        own: Callable[[], TlsFiles],
    ) -> None:
        self._folder = folder
        self._known = known
        self._own = own
        self._seen: Sequence[GatewayInfo] = ()
        self._networks: NetworkMap[list[GatewayInfo]] = NetworkMap()
        self._incoming: dict[str, tuple[Stamp, ssl.SSLContext]] = {}
        self._outgoing: dict[str, tuple[Stamp, ssl.SSLContext]] = {}
        self._complained: set[str] = set()

    def at(self, client: str) -> GatewayInfo | None:
        """The gateway that calls from this address. Raises Unavailable."""
        known = self._known()
        if not known:
            return None
        if known is not self._seen:
            self._networks = NetworkMap()
            for network in {network for one in known for network in one.networks}:
                self._networks.put(network, [one for one in known if network in one.networks])
            self._seen = known
        found = {one.name: one for ones in self._networks.matching(client) for one in ones}
        return next(iter(found.values())) if len(found) == 1 else None

    def asking(self, client: str) -> ssl.SSLContext | None:
        """What the handshake with a gateway is made with; None for all others. Never raises."""
        try:
            gateway = self.at(client)
            if gateway is None or not gateway.clients:
                return None
            return self._asking(gateway)
        except (AlphornError, OSError) as error:
            self._complain(client, error)
            return None

    def recognized(self, client: str, tls: ssl.SSLObject | None) -> str:
        """The name of the gateway that this connection is proved to come from, "" for a stranger's.
        Raises Unavailable, and Refused("gateway-files") where a fault of ours hides it.
        """
        if tls is None:
            return ""
        gateway = self.at(client)
        if gateway is None:
            return ""
        if not gateway.clients:
            return gateway.name
        certificate = tls.getpeercert(binary_form=True)
        if certificate is None:
            if tls.context.verify_mode is ssl.CERT_NONE:
                self._asking(gateway)  # says what was wrong
            return ""
        return gateway.name if recognizes(gateway.clients, shown(certificate)) else ""

    def find(self, name: str) -> Gateway:
        """As `queue.gateways.Find`."""
        info = next((one for one in self._known() if one.name == name), None)
        if info is None:
            raise NotFound(f"There is no gateway {name} any more.")
        files = GatewayFiles.of(self._folder, name)
        stamp = files.stamp()
        held = self._outgoing.get(name)
        if held is None or held[0] != stamp:
            held = self._outgoing[name] = stamp, files.client_context()
        return Gateway(name, info.hosts, info.port, held[1])

    def _asking(self, gateway: GatewayInfo) -> ssl.SSLContext:
        files, own = GatewayFiles.of(self._folder, gateway.name), self._own()
        stamp = (*files.stamp(), *own.stamp())
        held = self._incoming.get(gateway.name)
        if held is None or held[0] != stamp:
            context = own.load()
            context.verify_mode = ssl.CERT_OPTIONAL
            files.trust(context)
            held = self._incoming[gateway.name] = stamp, context
            self._complained.clear()
        return held[1]

    def _complain(self, client: str, error: AlphornError | OSError) -> None:
        text = error.text if isinstance(error, AlphornError) else str(error)
        if text not in self._complained:
            self._complained.add(text)
            _log.error("a gateway is not asked for its certificate: %s", text)


def shown(certificate: bytes) -> Shown:
    """What a certificate in DER form says of its owner."""
    parsed = x509.load_der_x509_certificate(certificate)
    try:
        extension = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = tuple(extension.value.get_values_for_type(x509.DNSName))
    except (x509.ExtensionNotFound, ValueError):
        names = ()
    found = parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    common = str(found[-1].value) if found else ""
    return Shown(names, common, hashlib.sha256(certificate).hexdigest())
