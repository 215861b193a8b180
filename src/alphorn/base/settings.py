"""The settings of an installation: one table that documents, types and validates each of them.

`alphorn.toml` is read once at start (and again on SIGHUP) into a read-only `Settings`; a value is
got by its row, typed: `settings[SMTP_MAX_MESSAGE_OCTETS]`. Every error in the file is reported at
once. The reference `docs/settings.md` is generated from the table. Rooms below `servers` are given
plain values, never a `Settings`.

To add a setting, add its row in the part of the table that it belongs to, and to `TABLE`.
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

from alphorn.base import kinds
from alphorn.base.errors import Refused
from alphorn.base.extensions import FORBIDDEN
from alphorn.base.kinds import Endpoint, Kind, Place
from alphorn.base.secret import Secret

T = TypeVar("T")

FILE_NAME = "alphorn.toml"
MAX_FILE_OCTETS = 1 << 20
ROLES = ("mx", "submission", "imap", "sieve", "queue", "web")
YEAR = 365 * 86400


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """One row: `doc` is plain sentences for the reference; `required` has no useful default."""

    key: str
    kind: Kind[T]
    default: T
    doc: str
    required: bool = False


class SettingsError(Refused):
    """The settings cannot be used; `errors` has one sentence for each thing that is wrong."""

    code = "settings"

    def __init__(self, errors: tuple[str, ...]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Settings:
    """Read-only; a setting that the file leaves out has its default."""

    _given: Mapping[str, object]

    def __getitem__(self, setting: Setting[T]) -> T:
        return cast(T, self._given.get(setting.key, setting.default))

    def given(self, setting: Setting[Any]) -> bool:
        """Whether the file says something about it, be it the default."""
        return setting.key in self._given

    @staticmethod
    def of(given: Mapping[Setting[Any], object] | None = None) -> "Settings":
        """Settings from values as TOML would give them, checked likewise; for tests and tools."""
        return _checked({setting.key: value for setting, value in (given or {}).items()}, False)


# -- the installation ------------------------------------------------------------------------------

HOSTNAME = Setting(
    "hostname",
    kinds.HOST,
    "localhost",
    "The name of this server: in the greeting, in Received fields, and where MX records point.",
    required=True,
)
POSTMASTER = Setting(
    "postmaster",
    kinds.MAIL_ADDRESS,
    "",
    "The operator's address. Mail to postmaster@ goes there in each domain that has no address of "
    "that name (RFC 5321 §4.5.1). Empty: it is refused.",
)
USER = Setting(
    "user",
    kinds.TEXT,
    "",
    "The system user to become after the ports are bound, when started as root. Empty: whoever "
    "owns the data folder.",
)
WORKERS = Setting(
    "workers", kinds.whole(0, 256), 0, "How many worker processes; 0 means one for each core."
)
THREADS = Setting(
    "threads",
    kinds.whole(1, 256),
    3,
    "Threads in each worker for what waits for the disk: commits run in parallel in them. More of "
    "them only pay on a disk that is slow to confirm writes.",
)
THREADS_LONG = Setting(
    "threads_long",
    kinds.whole(1, 256),
    4,
    "Threads in each worker for what takes long: searches, and passwords that are hashed.",
)
SERVE_ROLES = Setting(
    "roles",
    kinds.list_of(kinds.one_of(*ROLES)),
    ROLES,
    "What this instance does; several machines can share the work.",
)
DRAIN_SECONDS = Setting(
    "drain",
    kinds.seconds(0, 3600),
    30,
    "How long old workers let their sessions go on after a graceful restart before they say "
    "goodbye to them.",
)

# -- listeners -------------------------------------------------------------------------------------

LISTEN_ADDRESSES = Setting(
    "listen.addresses",
    kinds.ADDRESSES,
    ("0.0.0.0", "::"),  # noqa: S104 - a mail server is there for everybody
    "The addresses that listeners bind which name none themselves. With --local only loopback "
    "addresses among them count, and 127.0.0.1 where there are none.",
)
LISTEN_SMTP = Setting(
    "listen.smtp", kinds.PLACES, (Place(None, 25),), "Mail from other servers (RFC 5321)."
)
LISTEN_SUBMISSION = Setting(
    "listen.submission",
    kinds.PLACES,
    (Place(None, 587),),
    "Mail from our users' programs, STARTTLS before login (RFC 6409).",
)
LISTEN_SUBMISSIONS = Setting(
    "listen.submissions",
    kinds.PLACES,
    (Place(None, 465),),
    "Mail from our users' programs, TLS from the start (RFC 8314).",
)
LISTEN_IMAP = Setting(
    "listen.imap",
    kinds.PLACES,
    (Place(None, 143),),
    "Reading mail, STARTTLS before login (RFC 9051).",
)
LISTEN_IMAPS = Setting(
    "listen.imaps",
    kinds.PLACES,
    (Place(None, 993),),
    "Reading mail, TLS from the start (RFC 8314).",
)
LISTEN_SIEVE = Setting(
    "listen.sieve",
    kinds.PLACES,
    (Place(None, 4190),),
    "Writing Sieve scripts with a program, STARTTLS before login (ManageSieve, RFC 5804).",
)
LISTEN_HTTP = Setting(
    "listen.http",
    kinds.PLACES,
    (Place(None, 80),),
    "Where browsers are told to come over TLS instead.",
)
LISTEN_HTTPS = Setting(
    "listen.https", kinds.PLACES, (Place(None, 443),), "The web pages (RFC 9110), over TLS."
)
METRICS_LISTEN = Setting(
    "metrics.listen",
    kinds.PLACES,
    (Place("127.0.0.1", 9090),),
    "Figures for Prometheus under /metrics. Keep it on a local address: it asks for no password.",
)

# -- TLS -------------------------------------------------------------------------------------------

TLS_CERTIFICATE = Setting(
    "tls.certificate",
    kinds.PATH,
    cast("PurePath | None", PurePath("tls/certificate.pem")),
    "The certificate with its chain, in PEM. `alphorn init` makes one itself to begin with. "
    "Read again when the file changes.",
)
TLS_KEY = Setting(
    "tls.key",
    kinds.PATH,
    cast("PurePath | None", PurePath("tls/key.pem")),
    "The private key that belongs to the certificate, in PEM, readable by the service's user only.",
)
TLS_MINIMUM = Setting(
    "tls.minimum", kinds.one_of("1.2", "1.3"), "1.2", "The oldest version of TLS that is spoken."
)
TLS_HANDSHAKE = Setting(
    "tls.handshake", kinds.seconds(1, 600), 30, "How long a TLS handshake may take."
)

# -- connections -----------------------------------------------------------------------------------

MX_CONNECTIONS = Setting(
    "mx.connections",
    kinds.whole(1, 1_000_000),
    1000,
    "How many connections from other servers are served at a time, over all workers.",
)
MX_CONNECTIONS_PER_NETWORK = Setting(
    "mx.connections_per_network",
    kinds.whole(1, 1_000_000),
    50,
    "The same from one client network (an IPv4 address, or an IPv6 /64).",
)
SUBMISSION_CONNECTIONS = Setting(
    "submission.connections",
    kinds.whole(1, 1_000_000),
    1000,
    "How many connections from users' programs that send are served at a time.",
)
SUBMISSION_CONNECTIONS_PER_NETWORK = Setting(
    "submission.connections_per_network",
    kinds.whole(1, 1_000_000),
    100,
    "The same from one client network.",
)
IMAP_CONNECTIONS = Setting(
    "imap.connections",
    kinds.whole(1, 1_000_000),
    20_000,
    "How many IMAP connections are served at a time, over all workers.",
)
IMAP_CONNECTIONS_PER_NETWORK = Setting(
    "imap.connections_per_network",
    kinds.whole(1, 1_000_000),
    1000,
    "The same from one client network; an office behind one address may need many.",
)

SIEVE_CONNECTIONS = Setting(
    "sieve.connections",
    kinds.whole(1, 1_000_000),
    1000,
    "How many ManageSieve connections are served at a time, over all workers.",
)
SIEVE_CONNECTIONS_PER_NETWORK = Setting(
    "sieve.connections_per_network",
    kinds.whole(1, 1_000_000),
    100,
    "The same from one client network.",
)
WEB_CONNECTIONS = Setting(
    "web.connections",
    kinds.whole(1, 1_000_000),
    1000,
    "How many connections of browsers are served at a time.",
)
WEB_CONNECTIONS_PER_NETWORK = Setting(
    "web.connections_per_network",
    kinds.whole(1, 1_000_000),
    100,
    "The same from one client network.",
)
WEB_CHECKS = Setting(
    "web.checks",
    kinds.whole(1, 10_000),
    20,
    "How often one client network may ask the web page within ten minutes whether an address is "
    "blocked.",
)

# -- SMTP ------------------------------------------------------------------------------------------

SMTP_MAX_MESSAGE_OCTETS = Setting(
    "smtp.max_message",
    kinds.octets(65_536, 1 << 30),
    50 << 20,
    "The largest message that is accepted (RFC 1870).",
)
SMTP_TIMEOUT = Setting(
    "smtp.timeout",
    kinds.seconds(1, 3600),
    300,
    "How long a client may be silent (RFC 5321 §4.5.3.2.7 asks for 5 minutes at least), and how "
    "long one command may take to arrive.",
)
SMTP_MESSAGE_TIMEOUT = Setting(
    "smtp.message_timeout",
    kinds.seconds(60, 86400),
    3600,
    "How long one message may take to arrive.",
)
SMTP_MEMORY = Setting(
    "smtp.memory",
    kinds.octets(1 << 20, 1 << 40),
    512 << 20,
    "How much memory all messages that are coming in at a time may take in each worker. Larger "
    "messages are asked to come again later when there are too many.",
)
SMTP_RECIPIENTS = Setting(
    "smtp.recipients",
    kinds.whole(100, 100_000),
    1000,
    "How many recipients are taken in one transaction (RFC 9422 RCPTMAX); a plan's limit for its "
    "users may be lower.",
)
SMTP_MESSAGES = Setting(
    "smtp.messages",
    kinds.whole(1, 1_000_000),
    10_000,
    "How many messages are taken in one connection (RFC 9422 MAILMAX).",
)
SMTP_ERRORS = Setting(
    "smtp.errors",
    kinds.whole(1, 1000),
    10,
    "After how many wrong commands a connection is ended.",
)
SMTP_REFUSALS = Setting(
    "smtp.refusals",
    kinds.whole(1, 100_000),
    100,
    "After how many refused recipients a connection is ended: that is how addresses are guessed.",
)
SMTP_HOPS = Setting(
    "smtp.hops",
    kinds.whole(30, 1000),
    100,
    "Through how many servers a message may have come before it is taken for a loop (RFC 5321 "
    "§6.3 asks for 100).",
)

# -- IMAP ------------------------------------------------------------------------------------------

IMAP_TIMEOUT = Setting(
    "imap.timeout",
    kinds.seconds(1, 86400),
    1800,
    "How long a logged-in client may be silent (RFC 9051 §5.4 asks for 30 minutes at least).",
)
IMAP_LOGIN_TIMEOUT = Setting(
    "imap.login_timeout",
    kinds.seconds(1, 3600),
    60,
    "How long a client may take to log in.",
)

# -- logins ----------------------------------------------------------------------------------------

LOGIN_ITERATIONS = Setting(
    "login.iterations",
    kinds.whole(100_000, 10_000_000),
    200_000,
    "How often a new password is hashed (PBKDF2 with SHA-256). Half a million cost some 150 ms for "
    "each first login; passwords that were set before stay as they are.",
)
LOGIN_ACCOUNT_FAILURES = Setting(
    "login.account_failures",
    kinds.whole(1, 1_000_000),
    10,
    "How many failed logins an account bears within `login.window`, from networks that are new to "
    "it together, and from each that it knows.",
)
LOGIN_NETWORK_FAILURES = Setting(
    "login.network_failures",
    kinds.whole(1, 1_000_000),
    50,
    "How many failed logins are borne from one client network, over all accounts.",
)
LOGIN_WINDOW = Setting(
    "login.window",
    kinds.seconds(60, 86400),
    900,
    "In how much time failed logins are counted together.",
)

# -- the door: who comes, and how he behaves -------------------------------------------------------

GREYLIST_WAIT = Setting(
    "greylist.wait",
    kinds.seconds(10, 3600),
    180,
    "After how long a greylisted sender's retry is let through. Most servers try again after five "
    "to thirty minutes.",
)
GREYLIST_RETRY_WITHIN = Setting(
    "greylist.retry_within",
    kinds.seconds(3600, 30 * 86400),
    36 * 3600,
    "Within how long the retry has to come; one that comes later counts as a first try.",
)
GREYLIST_KEEP = Setting(
    "greylist.keep",
    kinds.seconds(86400, YEAR),
    40 * 86400,
    "For how long a sender that got through is remembered without sending anything.",
)
GREYLIST_PASSES = Setting(
    "greylist.passes",
    kinds.whole(1, 1000),
    2,
    "After how many retries that came as they should no mail of that domain from that server is "
    "delayed any more.",
)
GREYLIST_RECORDS = Setting(
    "greylist.records",
    kinds.whole(1000, 100_000_000),
    1_000_000,
    "How many senders are remembered at most, at some 50 octets each. When it is full, new ones "
    "are let through.",
)
DOOR_EXEMPT = Setting(
    "door.exempt",
    kinds.NETWORKS,
    (),
    "Client networks that are never greylisted, slowed down, limited in their rate or banned: "
    "backup servers, forwarders, monitoring.",
)
DOOR_CONNECTIONS = Setting(
    "door.connections",
    kinds.whole(1, 1_000_000),
    600,
    "How many connections to port 25 one client network may make within "
    "`door.connections_window`; more are told to come again.",
)
DOOR_CONNECTIONS_WINDOW = Setting(
    "door.connections_window",
    kinds.seconds(1, 86400),
    60,
    "In how much time these connections are counted together.",
)
DOOR_GREETING_DELAY = Setting(
    "door.greeting_delay",
    kinds.whole(0, 10_000),
    400,
    "For how many milliseconds a client of which nothing good is known is left waiting for the "
    "greeting; programs that only spread mail speak before it. 0: nobody waits.",
)
DOOR_EARLY_TALKERS = Setting(
    "door.early_talkers",
    kinds.one_of("refuse", "note"),
    "refuse",
    "What becomes of clients that speak before they are greeted (RFC 5321 §4.3.1 has them wait): "
    "refused, or only counted against them.",
)
DOOR_SENDING_AHEAD = Setting(
    "door.sending_ahead",
    kinds.one_of("refuse", "note"),
    "refuse",
    "What becomes of clients that send on where they have to wait for a reply (RFC 2920 §3.1): "
    "refused, or only counted against them.",
)
DOOR_TARPIT_AFTER = Setting(
    "door.tarpit_after",
    kinds.whole(1, 100_000),
    5,
    "After how many recipients that do not exist replies come ever slower, within a connection.",
)
DOOR_TARPIT_LIMIT = Setting(
    "door.tarpit_limit",
    kinds.seconds(0, 120),
    20,
    "How long such a reply is delayed at most. 0: not at all.",
)
DOOR_GOOD_MESSAGES = Setting(
    "door.good_messages",
    kinds.whole(1, 1_000_000),
    20,
    "How many messages, hardly any of them spam, make the good name of a client network or of a "
    "domain that authenticates; such mail is not delayed.",
)
DOOR_HALF_LIFE = Setting(
    "door.half_life",
    kinds.seconds(3600, YEAR),
    14 * 86400,
    "After how long what has come from a network counts half.",
)
BAN_ENABLED = Setting(
    "ban.enabled",
    kinds.BOOLEAN,
    True,
    "Whether client networks are banned for a while by themselves. Bans that an operator made "
    "(`alphorn ban add`) are in force in any case.",
)
BAN_WINDOW = Setting(
    "ban.window",
    kinds.seconds(60, 86400),
    3600,
    "In how much time offences of one network are counted together.",
)
BAN_UNKNOWN_RECIPIENTS = Setting(
    "ban.unknown_recipients",
    kinds.whole(1, 1_000_000),
    50,
    "After how many recipients that do not exist a network is banned from sending here; never one "
    "from which mostly good mail comes.",
)
BAN_EARLY_TALKING = Setting(
    "ban.early_talking",
    kinds.whole(1, 1_000_000),
    5,
    "After how many connections in which it spoke before the greeting.",
)
BAN_SENDING_AHEAD = Setting(
    "ban.sending_ahead",
    kinds.whole(1, 1_000_000),
    5,
    "After how many connections in which it did not wait for a reply.",
)
BAN_FAILED_LOGINS = Setting(
    "ban.failed_logins",
    kinds.whole(1, 1_000_000),
    100,
    "After how many failed logins a network may not even connect to the ports for users' programs. "
    "The same wrong password over and over counts once; see also `login.network_failures`.",
)
BAN_SPAM = Setting(
    "ban.spam",
    kinds.whole(1, 1_000_000),
    30,
    "After how many messages that were spam a network is banned; never one from which mostly good "
    "mail comes.",
)
BAN_FIRST = Setting(
    "ban.first",
    kinds.seconds(60, 30 * 86400),
    3600,
    "How long the first ban is; each further one is twice as long as the one before.",
)
BAN_LONGEST = Setting(
    "ban.longest", kinds.seconds(60, YEAR), 7 * 86400, "How long a ban is at most."
)
BAN_MEMORY = Setting(
    "ban.memory",
    kinds.seconds(3600, YEAR),
    30 * 86400,
    "For how long after its end a ban makes the next one longer.",
)

# -- the DNS ---------------------------------------------------------------------------------------

DNS_SERVERS = Setting(
    "dns.servers",
    kinds.SERVERS,
    (),
    "The resolvers that are asked, in this order. None: those of the system.",
)
DNS_TIMEOUT = Setting(
    "dns.timeout",
    kinds.seconds(1, 60),
    3,
    "How long one resolver may take for a reply; then the next one is asked.",
)

# -- mail that leaves ------------------------------------------------------------------------------

QUEUE_LIFETIME = Setting(
    "queue.lifetime",
    kinds.seconds(60, 30 * 86400),
    5 * 86400,
    "How long delivery is tried before the sender is told that it failed "
    "(RFC 5321 §4.5.4.1 asks for 4 to 5 days).",
)
QUEUE_DELAY_NOTICE = Setting(
    "queue.delay_notice",
    kinds.seconds(60, 30 * 86400),
    4 * 3600,
    "After how long the sender is told that delivery is still being tried.",
)
QUEUE_CONNECTIONS = Setting(
    "queue.connections",
    kinds.whole(1, 10_000),
    100,
    "How many messages each worker sends at a time.",
)
QUEUE_CONNECTIONS_PER_DESTINATION = Setting(
    "queue.connections_per_destination",
    kinds.whole(1, 1000),
    10,
    "How many of them may be to one domain, and how many connections to one server.",
)
QUEUE_MEMORY = Setting(
    "queue.memory",
    kinds.octets(1 << 20, 1 << 40),
    256 << 20,
    "How much memory messages on their way out may take in each worker. A larger one goes alone.",
)
QUEUE_TLS = Setting(
    "queue.tls",
    kinds.one_of("opportunistic", "encrypted", "verified"),
    "opportunistic",
    "How other servers are spoken to: with TLS where they can and plainly where not; only with "
    "TLS; only with TLS and a valid certificate for their name.",
)
QUEUE_SMTP_PORT = Setting(
    "queue.smtp_port", kinds.whole(1, 65535), 25, "The port of other servers; for trying things."
)
QUEUE_BIND_ADDRESS = Setting(
    "queue.bind_address",
    kinds.ADDRESSES,
    (),
    "The address that mail is sent from, one of each IP family at most. None: the system chooses.",
)
QUEUE_PRIVATE_DESTINATIONS = Setting(
    "queue.private_destinations",
    kinds.BOOLEAN,
    False,
    "Whether mail may be sent to servers with private or loopback addresses. Off, nobody can aim "
    "this server at machines inside your network by what he writes into his DNS.",
)

IMAP_CONNECTIONS_PER_ACCOUNT = Setting(
    "imap.connections_per_account",
    kinds.whole(1, 1_000_000),
    100,
    "How many IMAP sessions one account may have at a time in each worker; a mail program opens "
    "a handful.",
)
IMAP_PLAIN_LOGIN = Setting(
    "imap.plain_login",
    kinds.one_of("never", "loopback", "always"),
    "loopback",
    "Who may log in without TLS: nobody, clients on this machine, or everybody (who then sends "
    "passwords for all to read on the way).",
)

# -- ManageSieve -----------------------------------------------------------------------------------

SIEVE_TIMEOUT = Setting(
    "sieve.timeout",
    kinds.seconds(1, 86400),
    1800,
    "How long a logged-in client may be silent (RFC 5804 asks for 30 minutes at least).",
)
SIEVE_LOGIN_TIMEOUT = Setting(
    "sieve.login_timeout",
    kinds.seconds(1, 3600),
    60,
    "How long a client may take to log in.",
)
SIEVE_CONNECTIONS_PER_ACCOUNT = Setting(
    "sieve.connections_per_account",
    kinds.whole(1, 1_000_000),
    20,
    "How many ManageSieve sessions one account may have at a time in each worker.",
)
SIEVE_PLAIN_LOGIN = Setting(
    "sieve.plain_login",
    kinds.one_of("never", "loopback", "always"),
    "loopback",
    "Who may log in without TLS, as `imap.plain_login`.",
)

# -- the store -------------------------------------------------------------------------------------

STORE_IDLE = Setting(
    "store.idle",
    kinds.seconds(1, 86400),
    60,
    "An account that nobody used for so long is closed: it then costs no memory.",
)

# -- protection ------------------------------------------------------------------------------------
# What holds where an account and its domain say nothing (`directory.values.Protection`).

PROTECTION_GREYLISTING = Setting(
    "protection.greylisting",
    kinds.BOOLEAN,
    True,
    "Whether mail from a server not seen before is asked to come again some minutes later. This "
    "and all that follows holds where an account or its domain does not say otherwise (`alphorn "
    "protection set`).",
)
PROTECTION_HELO = Setting(
    "protection.helo",
    kinds.BOOLEAN,
    True,
    "Whether mail from servers that do not give a right name for themselves is refused.",
)
PROTECTION_DNS_LISTS = Setting(
    "protection.dns_lists",
    kinds.BOOLEAN,
    True,
    "Whether lists in the DNS of servers that send spam are asked, and believed.",
)
PROTECTION_ATTACHMENTS = Setting(
    "protection.attachments",
    kinds.BOOLEAN,
    True,
    "Whether attachments of dangerous kinds are refused.",
)
PROTECTION_HEADERS = Setting(
    "protection.headers",
    kinds.BOOLEAN,
    True,
    "Whether mail with a header as only abuse has it is refused.",
)
PROTECTION_SPAM = Setting(
    "protection.spam", kinds.BOOLEAN, True, "Whether mail is scored, and spam filed or refused."
)
PROTECTION_SPAM_THRESHOLD = Setting(
    "protection.spam_threshold",
    kinds.decimal(1, 100),
    5.0,
    "From which score on mail is filed in the Spam folder.",
)
PROTECTION_REFUSE_THRESHOLD = Setting(
    "protection.refuse_threshold",
    kinds.decimal(0, 100),
    12.0,
    "From which score on mail is refused; 0 for never.",
)
PROTECTION_PROMOTIONS = Setting(
    "protection.promotions",
    kinds.BOOLEAN,
    False,
    "Whether newsletters and offers are filed in a folder of their own.",
)
PROTECTION_SOCIAL = Setting(
    "protection.social",
    kinds.BOOLEAN,
    False,
    "Whether what social networks notify of is filed in a folder of its own.",
)
PROTECTION_DMARC = Setting(
    "protection.dmarc",
    kinds.BOOLEAN,
    True,
    "Whether forged mail is refused or filed in Spam where the owner of the sender's domain asks "
    "for it (RFC 9989).",
)
PROTECTION_ENGINES = Setting(
    "protection.engines",
    kinds.BOOLEAN,
    True,
    "Whether other engines (for spam, for viruses) are asked too, where some are set up.",
)

# -- what guards the MX port -----------------------------------------------------------------------

HELP_URL = Setting(
    "help.url",
    kinds.TEXT,
    "",
    "Where senders who are refused find help, such as `https://mail.example.org/help/`; the name "
    "of a page and a slash are put after it. Empty: with the role `web` the pages of this server "
    "itself, else they are asked to write to the postmaster.",
)
MX_DNS_SECONDS = Setting(
    "mx.dns_seconds",
    kinds.seconds(1, 120),
    15,
    "How long all that is asked of the DNS about a client and his message may take together; SPF "
    "and the message itself have a third of it each in any case, whatever was asked before. What "
    "is not known by then counts as unanswered.",
)
MX_BLOCK_LISTS = Setting(
    "mx.block_lists",
    kinds.list_of(kinds.TEXT),
    (),
    "DNS lists of servers that send spam (RFC 5782). Each is the name of the list's zone and then, "
    "if wanted, `refuse` to refuse those who are on it, or a number, what being on it adds to the "
    "score (2.5 unless you say otherwise), and the answers that count, such as `127.0.0.2` or "
    "`127.0.0.2-127.0.0.11`. Mind the terms of who runs the list.",
)
MX_ALLOW_LISTS = Setting(
    "mx.allow_lists",
    kinds.list_of(kinds.TEXT),
    (),
    "DNS lists of servers that are known to send no spam, written likewise; the number is what "
    "being on it takes from the score. Who is on one is not greylisted.",
)
MX_LINK_LISTS = Setting(
    "mx.link_lists",
    kinds.list_of(kinds.TEXT),
    (),
    "DNS lists of domains that spam leads to. Each is the name of the list's zone and then, if "
    "wanted, the answers that count. The domains of a message's links are looked up, at most 20, "
    "where spam is judged and DNS lists are asked. Mind the terms of who runs the list.",
)
MX_FAKE_NAMES = Setting(
    "mx.fake_names",
    kinds.list_of(kinds.TEXT),
    (),
    "Names that nobody may greet this server with, beside those that are known for it; one that "
    "begins with a dot stands for all below it.",
)
MX_TRUSTED_FORWARDERS = Setting(
    "mx.trusted_forwarders",
    kinds.list_of(kinds.HOST),
    (),
    "Domains whose seal (ARC, RFC 8617) is believed when they send on mail that then fails DMARC, "
    "such as that of a mailing list's server.",
)

# -- attachments -----------------------------------------------------------------------------------

ATTACHMENTS_FORBIDDEN = Setting(
    "attachments.forbidden",
    kinds.list_of(kinds.EXTENSION),
    FORBIDDEN,
    "The kinds of files that are refused in both directions, by the extension that their name acts "
    "under, also within archives and messages. A list here replaces ours and its later versions.",
)
ATTACHMENTS_FORBID = Setting(
    "attachments.forbid",
    kinds.list_of(kinds.EXTENSION),
    (),
    "Extensions that are refused beside those of `attachments.forbidden`.",
)
ATTACHMENTS_ALLOW = Setting(
    "attachments.allow",
    kinds.list_of(kinds.EXTENSION),
    (),
    "Extensions that are taken all the same. What is a program by its content stays refused.",
)
ATTACHMENTS_MACROS = Setting(
    "attachments.macros",
    kinds.one_of("none", "automatic", "all"),
    "automatic",
    "Which office files with macros are refused: none; those whose macros run by themselves when "
    "the file is opened or closed; or all that have any. Those that are taken score.",
)
ATTACHMENTS_ENCRYPTED = Setting(
    "attachments.encrypted",
    kinds.one_of("take", "refuse"),
    "take",
    "What becomes of archives and documents that are encrypted. The names that an archive tells "
    "are judged in any case.",
)
ATTACHMENTS_DEPTH = Setting(
    "attachments.depth",
    kinds.whole(1, 20),
    6,
    "How deep files may lie within each other; deeper ones are refused.",
)
ATTACHMENTS_FILES = Setting(
    "attachments.files",
    kinds.whole(100, 100_000),
    1000,
    "How many files within the attachments of a message are looked at. A message with more is "
    "taken, and scores; the names in large archives are judged all the same.",
)
ATTACHMENTS_WORK = Setting(
    "attachments.work",
    kinds.octets(1 << 20, 1 << 30),
    5 << 20,
    "How much is expanded to look into attachments, for each message, and as much again as it is "
    "long. A file that could not be looked into for that is taken, and scores.",
)

# -- engines ---------------------------------------------------------------------------------------

ENGINES_CONNECTIONS = Setting(
    "engines.connections",
    kinds.whole(1, 1000),
    16,
    "How many messages each worker has examined by an engine at a time; others wait, within the "
    "engine's time.",
)
ENGINES_RSPAMD = Setting(
    "engines.rspamd",
    kinds.ENDPOINT,
    cast("Endpoint | None", None),
    "Where Rspamd examines messages: its normal worker, such as `127.0.0.1:11333`.",
)
ENGINES_RSPAMD_CONTROLLER = Setting(
    "engines.rspamd_controller",
    kinds.ENDPOINT,
    cast("Endpoint | None", None),
    "Rspamd's controller, such as `127.0.0.1:11334`: it is told what people mark as spam or as "
    "wanted. It believes each of them; leave this empty where you do not.",
)
ENGINES_RSPAMD_PASSWORD = Setting(
    "engines.rspamd_password",
    kinds.SECRET,
    cast("Secret | None", None),
    "The password that Rspamd's controller asks for (its `enable_password`).",
)
ENGINES_RSPAMD_SETTINGS = Setting(
    "engines.rspamd_settings",
    kinds.TEXT,
    "",
    "The name of the settings in Rspamd (Settings-ID) that our messages are examined by.",
)
ENGINES_RSPAMD_TIMEOUT = Setting(
    "engines.rspamd_timeout",
    kinds.seconds(1, 300),
    10,
    "How long Rspamd may take for a message.",
)
ENGINES_RSPAMD_MAX_MESSAGE = Setting(
    "engines.rspamd_max_message",
    kinds.octets(65_536, 1 << 30),
    10 << 20,
    "The largest message that Rspamd is asked about; larger ones go on without it.",
)
ENGINES_RSPAMD_ON_FAILURE = Setting(
    "engines.rspamd_on_failure",
    kinds.one_of("continue", "defer"),
    "continue",
    "When Rspamd does not answer: mail goes on without it, or its sender is asked to try later.",
)
ENGINES_RSPAMD_SCORE = Setting(
    "engines.rspamd_score",
    kinds.one_of("add", "replace"),
    "add",
    "Whether Rspamd's score is added to ours or stands in its place.",
)
ENGINES_RSPAMD_WEIGHT = Setting(
    "engines.rspamd_weight",
    kinds.decimal(0, 10),
    0.85,
    "What a point of Rspamd's counts here. Rspamd takes mail for spam from 6 on, and refuses it "
    "from 15 on, where `protection.spam_threshold` is 5 and `protection.refuse_threshold` 12.",
)
ENGINES_RSPAMD_ACTIONS = Setting(
    "engines.rspamd_actions",
    kinds.BOOLEAN,
    True,
    "Whether mail is refused or deferred when Rspamd orders that whatever the score is: by its own "
    "limits, greylisting or forced actions.",
)
ENGINES_CLAMAV = Setting(
    "engines.clamav",
    kinds.ENDPOINT,
    cast("Endpoint | None", None),
    "Where ClamAV's clamd looks for viruses, such as `/run/clamav/clamd.ctl` or `127.0.0.1:3310`.",
)
ENGINES_CLAMAV_TIMEOUT = Setting(
    "engines.clamav_timeout",
    kinds.seconds(1, 300),
    30,
    "How long clamd may take for a message.",
)
ENGINES_CLAMAV_MAX_MESSAGE = Setting(
    "engines.clamav_max_message",
    kinds.octets(65_536, 1 << 30),
    25 << 20,
    "The largest message that clamd is given, no more than its StreamMaxLength; larger ones go on "
    "without it.",
)
ENGINES_CLAMAV_ON_FAILURE = Setting(
    "engines.clamav_on_failure",
    kinds.one_of("continue", "defer"),
    "defer",
    "When clamd does not answer: mail goes on without it, or its sender is asked to try later.",
)

# -- sending ---------------------------------------------------------------------------------------

SUBMISSION_SPAM_THRESHOLD = Setting(
    "submission.spam_threshold",
    kinds.decimal(1, 100),
    5.0,
    "From which score on a message that one of our users sends counts as spam for how his account "
    "behaves; it is sent all the same.",
)
SUBMISSION_REFUSE_THRESHOLD = Setting(
    "submission.refuse_threshold",
    kinds.decimal(0, 100),
    12.0,
    "From which score on a message of one of our users is refused; 0 for never.",
)
SUBMISSION_RECORDS_CHECK = Setting(
    "submission.records_check",
    kinds.seconds(0, 30 * 86400),
    6 * 3600,
    "How often the SPF, DKIM and DMARC records of our domains are looked at. Those who manage a "
    "domain are told of what is wrong, at most once a week. 0 for never.",
)
SUBMISSION_REQUIRE_RECORDS = Setting(
    "submission.require_records",
    kinds.BOOLEAN,
    False,
    "Whether mail is refused that our users send from a domain whose records were wrong when they "
    "were last looked at.",
)
BEHAVIOUR_ENABLED = Setting(
    "behaviour.enabled",
    kinds.BOOLEAN,
    True,
    "Whether an account whose behaviour changes suddenly is slowed down, as one is whose password "
    "was stolen.",
)
BEHAVIOUR_LOCK = Setting(
    "behaviour.lock",
    kinds.BOOLEAN,
    True,
    "Whether sending is locked where that goes on. The owner, those who manage his organization "
    "and the postmaster are told; `alphorn account unlock` lets the account send again.",
)
BEHAVIOUR_NEW_RECIPIENTS = Setting(
    "behaviour.new_recipients",
    kinds.whole(0, 1600),
    250,
    "To how many addresses elsewhere an account may write in an hour for the first time before it "
    "is slowed down; 0 does not look at it, here and in those that follow.",
)
BEHAVIOUR_TIMES_USUAL = Setting(
    "behaviour.times_usual",
    kinds.decimal(1, 100),
    3.0,
    "So many times what it had at most in an hour of earlier weeks is always allowed, of new "
    "recipients and of messages that look like spam.",
)
BEHAVIOUR_NETWORKS = Setting(
    "behaviour.networks",
    kinds.whole(0, 100),
    6,
    "From how many networks an account may be logged in to in an hour for the first time. Networks "
    "are an IPv4 /16 or an IPv6 /32.",
)
BEHAVIOUR_COUNTRIES = Setting(
    "behaviour.countries",
    kinds.whole(0, 80),
    4,
    "From how many countries an account may be logged in to in an hour for the first time. Needs "
    "`geo.database`.",
)
GEO_DATABASE = Setting(
    "geo.database",
    kinds.PATH,
    None,
    "A database of the countries of IP addresses in MaxMind DB format (`.mmdb`), such as GeoLite2 "
    "Country or DB-IP Country Lite. It is taken into use within a minute when it is replaced. "
    "Without one, logins are told apart by network only.",
)
BEHAVIOUR_SPAM = Setting(
    "behaviour.spam",
    kinds.whole(0, 300),
    10,
    "How many messages that look like spam an account may send in an hour.",
)
BEHAVIOUR_UNKNOWN_RECIPIENTS = Setting(
    "behaviour.unknown_recipients",
    kinds.whole(0, 300),
    30,
    "To how many addresses of ours that do not exist an account may write in an hour.",
)
BEHAVIOUR_BOUNCES = Setting(
    "behaviour.bounces",
    kinds.decimal(0, 1),
    0.3,
    "Which share of an account's last recipients may bounce, of about a hundred.",
)
BEHAVIOUR_LEAST_BOUNCES = Setting(
    "behaviour.least_bounces",
    kinds.whole(1, 100),
    20,
    "Fewer bounces than these say nothing.",
)
BEHAVIOUR_LOCK_FACTOR = Setting(
    "behaviour.lock_factor",
    kinds.decimal(1, 3),
    3.0,
    "Sending is locked at so many times what slows an account down.",
)
BEHAVIOUR_SLOW_HOURS = Setting(
    "behaviour.slow_hours",
    kinds.whole(0, 24),
    4,
    "Sending is also locked once an account was slowed down in so many hours of a day.",
)
BEHAVIOUR_FRACTION = Setting(
    "behaviour.fraction",
    kinds.decimal(0.01, 1),
    0.1,
    "What an account that is slowed down has of its plan's recipients a message and messages an "
    "hour and a day.",
)

# -- what is remembered ----------------------------------------------------------------------------

TRACE_KEEP = Setting(
    "trace.keep", kinds.seconds(3600, YEAR), 30 * 86400, "How long the trace of a message is kept."
)
LOG_FORMAT = Setting(
    "log.format",
    kinds.one_of("auto", "human", "json"),
    "auto",
    "How the log is written to standard error; auto is human on a terminal and JSON otherwise.",
)
LOG_LEVEL = Setting(
    "log.level",
    kinds.one_of("debug", "info", "warning", "error"),
    "info",
    "The least severity that is logged.",
)

TABLE: tuple[Setting[Any], ...] = (
    HOSTNAME,
    POSTMASTER,
    USER,
    WORKERS,
    THREADS,
    THREADS_LONG,
    SERVE_ROLES,
    DRAIN_SECONDS,
    LISTEN_ADDRESSES,
    LISTEN_SMTP,
    LISTEN_SUBMISSION,
    LISTEN_SUBMISSIONS,
    LISTEN_IMAP,
    LISTEN_IMAPS,
    LISTEN_SIEVE,
    LISTEN_HTTP,
    LISTEN_HTTPS,
    METRICS_LISTEN,
    TLS_CERTIFICATE,
    TLS_KEY,
    TLS_MINIMUM,
    TLS_HANDSHAKE,
    MX_CONNECTIONS,
    MX_CONNECTIONS_PER_NETWORK,
    SUBMISSION_CONNECTIONS,
    SUBMISSION_CONNECTIONS_PER_NETWORK,
    IMAP_CONNECTIONS,
    IMAP_CONNECTIONS_PER_NETWORK,
    SIEVE_CONNECTIONS,
    SIEVE_CONNECTIONS_PER_NETWORK,
    WEB_CONNECTIONS,
    WEB_CONNECTIONS_PER_NETWORK,
    WEB_CHECKS,
    SMTP_MAX_MESSAGE_OCTETS,
    SMTP_TIMEOUT,
    SMTP_MESSAGE_TIMEOUT,
    SMTP_MEMORY,
    SMTP_RECIPIENTS,
    SMTP_MESSAGES,
    SMTP_ERRORS,
    SMTP_REFUSALS,
    SMTP_HOPS,
    IMAP_TIMEOUT,
    IMAP_LOGIN_TIMEOUT,
    IMAP_CONNECTIONS_PER_ACCOUNT,
    IMAP_PLAIN_LOGIN,
    SIEVE_TIMEOUT,
    SIEVE_LOGIN_TIMEOUT,
    SIEVE_CONNECTIONS_PER_ACCOUNT,
    SIEVE_PLAIN_LOGIN,
    LOGIN_ITERATIONS,
    LOGIN_ACCOUNT_FAILURES,
    LOGIN_NETWORK_FAILURES,
    LOGIN_WINDOW,
    GREYLIST_WAIT,
    GREYLIST_RETRY_WITHIN,
    GREYLIST_KEEP,
    GREYLIST_PASSES,
    GREYLIST_RECORDS,
    DOOR_EXEMPT,
    DOOR_CONNECTIONS,
    DOOR_CONNECTIONS_WINDOW,
    DOOR_GREETING_DELAY,
    DOOR_EARLY_TALKERS,
    DOOR_SENDING_AHEAD,
    DOOR_TARPIT_AFTER,
    DOOR_TARPIT_LIMIT,
    DOOR_GOOD_MESSAGES,
    DOOR_HALF_LIFE,
    BAN_ENABLED,
    BAN_WINDOW,
    BAN_UNKNOWN_RECIPIENTS,
    BAN_EARLY_TALKING,
    BAN_SENDING_AHEAD,
    BAN_FAILED_LOGINS,
    BAN_SPAM,
    BAN_FIRST,
    BAN_LONGEST,
    BAN_MEMORY,
    DNS_SERVERS,
    DNS_TIMEOUT,
    QUEUE_LIFETIME,
    QUEUE_DELAY_NOTICE,
    QUEUE_CONNECTIONS,
    QUEUE_CONNECTIONS_PER_DESTINATION,
    QUEUE_MEMORY,
    QUEUE_TLS,
    QUEUE_SMTP_PORT,
    QUEUE_BIND_ADDRESS,
    QUEUE_PRIVATE_DESTINATIONS,
    STORE_IDLE,
    PROTECTION_GREYLISTING,
    PROTECTION_HELO,
    PROTECTION_DNS_LISTS,
    PROTECTION_ATTACHMENTS,
    PROTECTION_HEADERS,
    PROTECTION_SPAM,
    PROTECTION_SPAM_THRESHOLD,
    PROTECTION_REFUSE_THRESHOLD,
    PROTECTION_PROMOTIONS,
    PROTECTION_SOCIAL,
    PROTECTION_DMARC,
    PROTECTION_ENGINES,
    HELP_URL,
    MX_DNS_SECONDS,
    MX_BLOCK_LISTS,
    MX_ALLOW_LISTS,
    MX_LINK_LISTS,
    MX_FAKE_NAMES,
    MX_TRUSTED_FORWARDERS,
    ATTACHMENTS_FORBIDDEN,
    ATTACHMENTS_FORBID,
    ATTACHMENTS_ALLOW,
    ATTACHMENTS_MACROS,
    ATTACHMENTS_ENCRYPTED,
    ATTACHMENTS_DEPTH,
    ATTACHMENTS_FILES,
    ATTACHMENTS_WORK,
    ENGINES_CONNECTIONS,
    ENGINES_RSPAMD,
    ENGINES_RSPAMD_CONTROLLER,
    ENGINES_RSPAMD_PASSWORD,
    ENGINES_RSPAMD_SETTINGS,
    ENGINES_RSPAMD_TIMEOUT,
    ENGINES_RSPAMD_MAX_MESSAGE,
    ENGINES_RSPAMD_ON_FAILURE,
    ENGINES_RSPAMD_SCORE,
    ENGINES_RSPAMD_WEIGHT,
    ENGINES_RSPAMD_ACTIONS,
    ENGINES_CLAMAV,
    ENGINES_CLAMAV_TIMEOUT,
    ENGINES_CLAMAV_MAX_MESSAGE,
    ENGINES_CLAMAV_ON_FAILURE,
    SUBMISSION_SPAM_THRESHOLD,
    SUBMISSION_REFUSE_THRESHOLD,
    SUBMISSION_RECORDS_CHECK,
    SUBMISSION_REQUIRE_RECORDS,
    BEHAVIOUR_ENABLED,
    BEHAVIOUR_LOCK,
    BEHAVIOUR_NEW_RECIPIENTS,
    BEHAVIOUR_TIMES_USUAL,
    BEHAVIOUR_NETWORKS,
    BEHAVIOUR_COUNTRIES,
    BEHAVIOUR_SPAM,
    BEHAVIOUR_UNKNOWN_RECIPIENTS,
    BEHAVIOUR_BOUNCES,
    BEHAVIOUR_LEAST_BOUNCES,
    BEHAVIOUR_LOCK_FACTOR,
    BEHAVIOUR_SLOW_HOURS,
    BEHAVIOUR_FRACTION,
    GEO_DATABASE,
    TRACE_KEEP,
    LOG_FORMAT,
    LOG_LEVEL,
)

_BY_KEY = {setting.key: setting for setting in TABLE}


def parse(text: str) -> Settings:
    """The settings in the text of `alphorn.toml`. Raises `SettingsError` with all that is wrong."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError((f"{FILE_NAME} is not TOML: {error}",)) from error
    return _checked(_flat(document), True)


def _flat(document: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in document.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[prefix + name] = value
    return flat


def _checked(values: Mapping[str, object], whole_file: bool) -> Settings:
    errors = []
    given: dict[str, object] = {}
    for key, value in values.items():
        setting = _BY_KEY.get(key)
        if setting is None:
            errors.append(_unknown(key))
            continue
        try:
            given[key] = setting.kind.read(value)
        except ValueError as error:
            errors.append(f"{key} {error}")
    if whole_file:
        errors += [
            f"{row.key} is missing: {row.doc}"
            for row in TABLE
            if row.required and row.key not in values
        ]
    if errors:
        raise SettingsError(tuple(errors))
    return Settings(MappingProxyType(given))


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key, _BY_KEY, n=1)
    return f"{key} is not a setting" + (f"; is {near[0]} meant?" if near else "")
