"""What the rest of Alphorn sees of the control plane: frozen values, never rows.

A value is a fact as it stood at one moment; ask the view again instead of keeping one. Times are
seconds UTC, sizes are octets, domain names are in lower case and A-labels, addresses are
`local@domain` in lower case.
"""

from dataclasses import dataclass, field
from enum import Enum, StrEnum


class AddressKind(Enum):
    """What an address is; each address has exactly one kind."""

    OWN = "own"  # the account's own address: the one it logs in with
    ALIAS = "alias"  # another name for an account
    CATCH_ALL = "catch-all"  # whatever is written to in the domain and is nobody's
    REDIRECT = "redirect"  # leads to other addresses only, without a mailbox
    TEMPORARY = "temporary"  # an alias that ends at a set time, or after so many messages
    LIST = "list"  # leads to several accounts of the organization
    REFUSED = "refused"  # takes nothing, though the domain may have a catch-all


class LoginProtocol(StrEnum):
    """What a password can be used for; a device password is scoped to some of these."""

    SMTP = "smtp"  # submission
    IMAP = "imap"
    POP3 = "pop3"
    SIEVE = "sieve"


class Role(Enum):
    """A user's role in an organization; `operations.rights` says what each may do."""

    OWNER = "owner"
    MANAGER = "manager"
    VIEWER = "viewer"


class TemplateKind(Enum):
    """What a template makes in an account."""

    SIGNATURE = "signature"
    RESPONDER = "responder"


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    """A signature or an auto-reply with fields in it (`message.template`).

    It is for all domains of an organization, or for one: `domain` is "" for all. `automatic`: new
    accounts get it when they are made. `uses`: in how many accounts it has made something.
    """

    id: int
    kind: TemplateKind
    name: str
    organization: str
    organization_id: int
    domain: str
    subject: str
    text: str
    html: str
    automatic: bool
    created: int
    uses: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """What templates say of a person beside the name; `postal_address` may have lines."""

    function: str = ""
    phone: str = ""
    postal_address: str = ""


LANGUAGES = ("en", "de", "fr", "it", "es")
"""What we speak to people (RFC 5646)."""

STANDARD_PLAN = "Standard"
"""The plan that every installation begins with."""


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """What a plan allows; 0 means without limit (`recipients_per_message` has always one).

    `address_quota` counts the addresses of an organization, of every kind; `storage_octets`, the
    recipients and the messages are for each account, the bulk creations for an organization.
    """

    address_quota: int = 1000
    storage_octets: int = 10 * 2**30
    catch_all: bool = True
    recipients_per_message: int = 100
    messages_per_hour: int = 500
    messages_per_day: int = 2000
    bulk_creations_per_day: int = 50


@dataclass(frozen=True, slots=True)
class PlanInfo:
    id: int
    name: str
    limits: PlanLimits
    organizations: int = 0


@dataclass(frozen=True, slots=True)
class OrganizationInfo:
    """`domains` and `addresses` are counts; addresses count against the plan's quota."""

    id: int
    name: str
    enabled: bool
    plan: str
    limits: PlanLimits
    created: int
    domains: int = 0
    addresses: int = 0


@dataclass(frozen=True, slots=True)
class DomainInfo:
    """`enabled` is False where the domain or its organization is switched off: mail for it is
    then not accepted. `unicode` is the name as people read it."""

    id: int
    name: str
    organization_id: int
    enabled: bool
    unicode: str = ""


@dataclass(frozen=True, slots=True)
class SendingLock:
    """Since when an account may not send, and why, in a sentence. `by_operator`: one of them did it
    by hand, and only they undo it."""

    since: int
    reason: str
    by_operator: bool = False


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """`quota_octets` is the account's own or the plan's; 0 means without limit. `version` changes
    with the account's credentials and state: a session begun under another one is stale.
    `sending_lock` is None where it may send. `zone` is the time zone that its rules live in, "" for
    the server's."""

    id: int
    address: str
    organization_id: int
    enabled: bool
    quota_octets: int
    limits: PlanLimits
    language: str = "en"
    version: int = 0
    name: str = ""
    sending_lock: SendingLock | None = None
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """Of a target that kept refusing: since when (seconds UTC) nothing is sent on to it, and its
    last words."""

    since: int
    reason: str


@dataclass(frozen=True, slots=True)
class Route:
    """Where mail for an address goes.

    `address` is the address that was written to, in lower case and without its detail; `detail`
    is what stood after the first `+`, as written, or None. `account` takes the mail where `keep`
    is true; copies go to each of `redirect_to`, which for a list are the accounts' own addresses.
    `paused` are those to which nothing is sent for now, since they kept refusing. `address_id` is
    0 where there is no row; `messages` is how many it takes in all, None for any number. `bounce`:
    it is no address of anybody but leads back to the sender of something that was sent on.
    `gateway` is the name of the only one that its mail may come and go over, "" for an ordinary
    address. `label` is what its owner calls it.
    """

    address: str
    kind: AddressKind
    account: AccountInfo | None
    detail: str | None = None
    redirect_to: tuple[str, ...] = ()
    keep: bool = True
    paused: tuple[str, ...] = ()
    address_id: int = field(default=0, compare=False)
    messages: int | None = None
    bounce: bool = False
    gateway: str = ""
    label: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class GatewayInfo:
    """A way into a secured network, and out of it to us.

    Mail for it goes to one of `hosts` (names, or IP addresses) at `port`. It calls from `networks`;
    what proves it then is its certificate for one of `clients`, as `policy.gateway` has them, or
    without any the network alone. `contact` is whom strangers are told to ask, "" for the
    postmaster.
    """

    name: str
    hosts: tuple[str, ...]
    port: int
    clients: tuple[str, ...]
    networks: tuple[str, ...]
    contact: str = ""
    created: int = 0


class ConfidentialState(Enum):
    """How far it is with a request that an address use a gateway only."""

    REQUESTED = "requested"  # by those who manage the organization
    ACTIVE = "active"  # approved by an operator: it holds
    REFUSED = "refused"  # by an operator
    WITHDRAWN = "withdrawn"  # by either, before or after it was active


@dataclass(frozen=True, slots=True)
class ConfidentialInfo:
    """A request as it stands. `asked_by` and `decided_by` are addresses of users or accounts, or
    "operator"; `decided` is None while nobody has."""

    address: str
    gateway: str
    state: ConfidentialState
    asked_by: str
    asked: int
    asked_note: str = ""
    decided_by: str = ""
    decided: int | None = None
    decided_note: str = ""


@dataclass(frozen=True, slots=True)
class Protection:
    """What guards an address: the settings in force, whoever made them.

    Each comes from the nearest of account, domain and installation that says something;
    `greylisting` also, and first of all, from the address. From `spam_threshold` on mail goes to
    Spam, from `refuse_threshold` on it is refused (0: never); both are scores. `promotions` and
    `social` file such mail in folders of its own; `dmarc` does as the sender's domain asks;
    `engines` asks those that the installation has.
    """

    greylisting: bool = True
    helo: bool = True
    dns_lists: bool = True
    attachments: bool = True
    headers: bool = True
    spam: bool = True
    spam_threshold: float = 5.0
    refuse_threshold: float = 12.0
    promotions: bool = False
    social: bool = False
    dmarc: bool = True
    engines: bool = True

    def files_as_spam(self, score: float) -> bool:
        return self.spam and score >= self.spam_threshold

    def refuses_as_spam(self, score: float) -> bool:
        return self.spam and 0 < self.refuse_threshold <= score


@dataclass(frozen=True, slots=True)
class AddressInfo:
    """One address as lists show it. `address` of a catch-all is `*@domain`; `account` is the own
    address of the account it leads to, where copies stay if `keep` is true.

    `redirect_to` are the members of a list too; `paused` those of them that kept refusing.
    `expires` and `messages` end a temporary address, whichever comes first; `label` is what its
    owner calls it. `warnings` is what whoever has just made or changed it is to know.
    """

    id: int
    address: str
    kind: AddressKind
    enabled: bool
    account_id: int | None
    account: str | None
    redirect_to: tuple[str, ...]
    expires: int | None
    created: int
    keep: bool = True
    label: str = ""
    messages: int | None = None
    paused: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A DKIM key pair; `private_key_der` is PKCS #8 without encryption. `algorithm` is the value of
    a `mailauth.dkim.keys.Algorithm`, which is not imported here for the memory that costs."""

    domain: str
    selector: str
    algorithm: str
    private_key_der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeviceCredential:
    """What is kept of a device password (see docs/adr/0020-passwords.md)."""

    id: int
    keyed_hash: bytes = field(repr=False)
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)
    protocols: frozenset[str]
    expires: int | None


@dataclass(frozen=True, slots=True)
class Credentials:
    """All that checks a login to one account. `salt` and `iterations` hold for the account
    password and every device password alike; the two keys are None where no password is set."""

    account: AccountInfo
    salt: bytes = field(repr=False)
    iterations: int
    stored_key: bytes | None = field(repr=False)
    server_key: bytes | None = field(repr=False)
    devices: tuple[DeviceCredential, ...] = ()


@dataclass(frozen=True, slots=True)
class DevicePasswordInfo:
    """A device password as lists show it: never the password, nor what is kept of it."""

    id: int
    name: str
    protocols: frozenset[str]
    created: int
    last_used: int | None
    expires: int | None


@dataclass(frozen=True, slots=True)
class UserInfo:
    """`operator` may do everything in this installation; others what their memberships allow."""

    id: int
    email: str
    name: str
    enabled: bool
    operator: bool
    memberships: tuple["MembershipInfo", ...] = ()


@dataclass(frozen=True, slots=True)
class MembershipInfo:
    organization_id: int
    organization: str
    role: Role
