"""A real DNS server on loopback, UDP and TCP on one port, that answers from a plain dictionary.

    zone: Zone = {
        "remote.test": {"MX": ["10 mx1.remote.test", "20 mx2.remote.test"], "TXT": ["v=spf1 -all"]},
        "mx1.remote.test": {"A": ["127.0.0.2"], "AAAA": ["::1"]},
        "_25._tcp.mx1.remote.test": {"TLSA": ["3 1 1 <64 hex digits>"]},
        "2.0.0.127.in-addr.arpa": {"PTR": ["mx1.remote.test"]},
        "nomail.test": {"MX": ["0 ."]},
        "alias.test": {"CNAME": ["remote.test"]},
        "broken.test": Fault.SERVFAIL,
        "half.test": {"A": ["127.0.0.3"], "AAAA": Fault.TIMEOUT},
    }
    with DnsServer(zone) as server:
        resolver(server)

A name that is not in the zone does not exist (NXDOMAIN); one that is has only the types named.
The dictionary may be changed while the server runs. What was asked is in `server.questions`.
"""

import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Mapping
from enum import Enum
from types import TracebackType
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from alphorn.dns.stub import StubResolver

LOOPBACK = "127.0.0.1"
UDP_LIMIT = 512
MAX_ALIASES = 30


LIES = {
    "A": "192.0.2.66",
    "AAAA": "2001:db8::66",
    "MX": "1 liar.test",
    "PTR": "liar.test",
    "TXT": "v=spf1 +all",
}


class Fault(Enum):
    """What goes wrong instead of an answer."""

    SERVFAIL = "servfail"
    REFUSED = "refused"
    TIMEOUT = "no reply at all"
    TRUNCATE = "cut short, over TCP too"
    GARBAGE = "octets that are no message"
    CUT = "a reply that ends in the middle of a record"
    TCP_LOST = "cut short, and over TCP the connection ends before the reply"
    NO_REPLY_BIT = "the reply is marked as a question"
    WRONG_TYPE = "the right name with a record of another type"
    WRONG_ID = "a reply to another question's number"
    WRONG_NAME = "a reply to a question that was not asked"
    EXTRA_NAME = "the right reply with records of other names in it"
    NXDOMAIN_WITH_RECORDS = "the name does not exist, and here is its record"


SILENT = frozenset(
    [
        Fault.TIMEOUT,
        Fault.GARBAGE,
        Fault.CUT,
        Fault.NO_REPLY_BIT,
        Fault.WRONG_ID,
        Fault.WRONG_NAME,
    ]
)
"""After which whoever asked goes on waiting, as no true reply has come."""

Records = Mapping[str, list[str] | Fault]
Zone = dict[str, Records | Fault]


class DnsServer:
    """`ttl` is every record's, `negative_ttl` that of what is not there (SOA minimum, RFC 2308).

    `authentic` sets AD in replies, as a validating resolver does.
    """

    def __init__(
        self,
        zone: Zone,
        *,
        ttl: int = 300,
        negative_ttl: int = 60,
        authentic: bool = False,
        port: int = 0,
    ) -> None:
        self.zone = zone
        self.ttl = ttl
        self.negative_ttl = negative_ttl
        self.authentic = authentic
        self.questions: list[tuple[str, str]] = []
        self._udp, self._tcp = _bound(port)
        self._udp.alphorn = self._tcp.alphorn = self  # type: ignore[attr-defined]
        self._threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            for server in (self._udp, self._tcp)
        ]

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._udp.server_address[:2]
        return str(host), int(port)

    def asked(self, name: str, kind: str) -> int:
        """How often this was asked."""
        return self.questions.count((name, kind))

    def __enter__(self) -> "DnsServer":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in (self._udp, self._tcp):
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()

    # -- answering --

    def is_silent(self, name: str, kind: str) -> bool:
        """Whether nothing that could be believed will come."""
        reply = dns.message.make_response(dns.message.make_query(".", kind))
        return self._fill(reply, name, kind) in SILENT

    def reply(self, wire: bytes, over_tcp: bool) -> bytes | None:
        """The reply to a question, or None for silence."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = plain_text(question.name)
        kind = dns.rdatatype.to_text(question.rdtype)
        self.questions.append((name, kind))
        reply = dns.message.make_response(query, recursion_available=True)
        fault = self._fill(reply, name, kind)
        match fault:
            case Fault.TIMEOUT:
                return None
            case Fault.GARBAGE:
                return wire[:2] + b"\xff" * 30
            case Fault.SERVFAIL:
                reply.set_rcode(dns.rcode.SERVFAIL)
            case Fault.REFUSED:
                reply.set_rcode(dns.rcode.REFUSED)
            case Fault.WRONG_ID:
                reply.id ^= 1
            case Fault.WRONG_NAME:
                reply.question[0].name = dns.name.from_text("other.test.")
            case Fault.EXTRA_NAME:
                self._add(reply, "other.test", "A", ["192.0.2.66"])
            case Fault.NXDOMAIN_WITH_RECORDS:
                reply.set_rcode(dns.rcode.NXDOMAIN)
                self._add(reply, name, kind, [LIES.get(kind, LIES["A"])])
            case Fault.WRONG_TYPE:
                other = "TXT" if kind != "TXT" else "A"
                self._add(reply, name, other, [LIES[other]])
            case Fault.NO_REPLY_BIT:
                reply.flags &= ~dns.flags.QR
            case Fault.CUT:
                self._add(reply, name, "TXT", ["v=spf1 +all"])
                return reply.to_wire()[:-4]
            case Fault.TRUNCATE:
                reply.flags |= dns.flags.TC
            case Fault.TCP_LOST:
                if over_tcp:
                    return None
                reply.flags |= dns.flags.TC
            case None:
                if self.authentic:
                    reply.flags |= dns.flags.AD
        answer = reply.to_wire(max_size=65535)
        limit = max(query.payload, UDP_LIMIT)
        if not over_tcp and len(answer) > limit:
            reply.answer.clear()
            reply.flags |= dns.flags.TC
            answer = reply.to_wire()
        return answer

    def _fill(self, reply: dns.message.Message, name: str, kind: str) -> Fault | None:
        """Put in what the zone has, following aliases; the fault that stands in its place."""
        for _ in range(MAX_ALIASES):
            records = self.zone.get(name)
            if isinstance(records, Fault):
                return records
            if records is None:
                reply.set_rcode(dns.rcode.NXDOMAIN)
                break
            found = records.get(kind)
            if isinstance(found, Fault):
                return found
            if found:
                self._add(reply, name, kind, found)
                return None
            aliases = records.get("CNAME")
            if not aliases or isinstance(aliases, Fault):
                break
            self._add(reply, name, "CNAME", aliases)
            name = aliases[0].removesuffix(".")
        soa = f"ns.test. hostmaster.test. 1 3600 600 86400 {self.negative_ttl}"
        reply.authority.append(
            dns.rrset.from_text(dns.name.from_text("."), self.negative_ttl, "IN", "SOA", soa)
        )
        return None

    def _add(self, reply: dns.message.Message, name: str, kind: str, texts: list[str]) -> None:
        if kind == "TXT":
            texts = [_quoted(text) for text in texts]
        owner = dns.name.Name([*name.encode("latin-1").split(b"."), b""])
        origin: Any = dns.name.root
        reply.answer.append(
            dns.rrset.from_rdata_list(
                owner,
                self.ttl,
                [
                    dns.rdata.from_text("IN", kind, text, origin=origin, relativize=False)
                    for text in texts
                ],
            )
        )


class _Resolver(StubResolver):
    def __init__(self, server: DnsServer, ticks: Callable[[], float]) -> None:
        super().__init__([server.address], timeout=20, lifetime=40, ticks=ticks)
        self._server = server
        self._hasty = StubResolver([server.address], timeout=0.1, lifetime=0.1)

    async def _question(self, name: str, kind: Any) -> Any:
        hopeless = self._server.is_silent(name, kind.name)
        return await StubResolver._question(self._hasty if hopeless else self, name, kind)


def resolver(server: DnsServer, ticks: Callable[[], float] = time.monotonic) -> StubResolver:
    """One that waits as long as it takes on a slow machine, but not for what cannot come."""
    return _Resolver(server, ticks)


def plain_text(name: dns.name.Name) -> str:
    """In lower case, without the last dot, and nothing escaped: labels hold what they hold."""
    return b".".join(name.labels[:-1]).decode("latin-1").lower()


def _quoted(text: str) -> str:
    """A TXT record's text as character-strings of at most 255 octets; a character is an octet."""
    pieces = [text[at : at + 255] for at in range(0, len(text), 255)] or [""]
    return " ".join('"' + "".join(map(_escaped, piece)) + '"' for piece in pieces)


def _escaped(character: str) -> str:
    plain = character.isascii() and character.isprintable() and character not in '"\\'
    return character if plain else f"\\{ord(character):03}"


class _UdpHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        wire, sock = self.request
        answer = self.server.alphorn.reply(wire, over_tcp=False)  # type: ignore[attr-defined]
        if answer is not None:
            sock.sendto(answer, self.client_address)


class _TcpHandler(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self) -> None:
        while len(length := self.rfile.read(2)) == 2:
            wire = self.rfile.read(struct.unpack("!H", length)[0])
            answer = self.server.alphorn.reply(wire, over_tcp=True)  # type: ignore[attr-defined]
            if answer is None:
                return
            self.wfile.write(struct.pack("!H", len(answer)) + answer)


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True
    max_packet_size = 65535


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def _bound(port: int) -> tuple[_Udp, _Tcp]:
    """Both servers on one port; another is tried where only one of the two can have it."""
    for _ in range(20):
        udp = _Udp((LOOPBACK, port), _UdpHandler)
        try:
            return udp, _Tcp((LOOPBACK, udp.server_address[1]), _TcpHandler)
        except OSError:
            udp.server_close()
            if port:
                raise
            time.sleep(0.01)
    raise OSError("no port is free for both UDP and TCP")


def silent_address() -> tuple[str, int]:
    """A UDP port that takes questions and never answers; freed when the test process ends."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((LOOPBACK, 0))
    _kept.append(sock)
    host, port = sock.getsockname()[:2]
    return str(host), int(port)


_kept: list[socket.socket] = []
