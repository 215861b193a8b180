"""The tables of the control plane.

Only `operations` writes them, inside `directory.change.change`, and only `operations` and `web`
read them through the ORM; the hot path reads them through `directory.view`. Rows never leave those
rooms: `directory.values` does. Times are whole seconds UTC. Names of accounts' files are account
ids, which are never given twice (AUTOINCREMENT).
"""

from dataclasses import fields

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact

from alphorn.base.address import MAX_LABEL
from alphorn.base.senders import MAX_PATTERN, SenderAction
from alphorn.directory import constraints as c
from alphorn.directory.values import AddressKind, ConfidentialState, Role, TemplateKind
from alphorn.directory.values import Protection as ProtectionValue
from alphorn.mailauth.dkim.keys import Algorithm

MAX_NAME = 100
MAX_REASON = 500
MAX_TARGET = 320
MAX_ZONE = 64
MAX_PHONE = 50
MAX_POSTAL = 500
MAX_SUBJECT = 200
MAX_TEMPLATE = 20_000
"""Characters of a template's text, and of its HTML."""
PROTECTION_FIELDS = tuple(field.name for field in fields(ProtectionValue))


class Plan(models.Model):
    """What an organization may do; see `values.PlanLimits`, whose fields these are."""

    name = models.CharField(max_length=MAX_NAME)
    address_quota = models.BigIntegerField()
    storage_octets = models.BigIntegerField()
    catch_all = models.BooleanField()
    recipients_per_message = models.BigIntegerField()
    messages_per_hour = models.BigIntegerField()
    messages_per_day = models.BigIntegerField()
    bulk_creations_per_day = models.BigIntegerField()

    class Meta:
        constraints = [
            c.unique_folded("name_unique", "name"),
            c.rule("name_length", c.length("name", 1, MAX_NAME)),
            c.rule(
                "limits_positive",
                Q(
                    address_quota__gte=0,
                    storage_octets__gte=0,
                    recipients_per_message__gte=1,
                    messages_per_hour__gte=0,
                    messages_per_day__gte=0,
                    bulk_creations_per_day__gte=0,
                ),
            ),
        ]


class Organization(models.Model):
    name = models.CharField(max_length=MAX_NAME)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="organizations")
    enabled = models.BooleanField(default=True)
    created = models.BigIntegerField()

    class Meta:
        constraints = [
            c.unique_folded("name_unique", "name"),
            c.rule("name_length", c.length("name", 1, MAX_NAME)),
        ]


class Domain(models.Model):
    """`name` as A-labels in lower case; unique in the installation."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="domains")
    name = models.CharField(max_length=253, unique=True)
    enabled = models.BooleanField(default=True)
    created = models.BigIntegerField()

    class Meta:
        constraints = [c.rule("name_rules", c.domain_rules("name"))]


class Verifier(models.Model):
    """What is kept of a password (`base.scram`); the keys are null where none is set."""

    salt = models.BinaryField(max_length=64)
    iterations = models.IntegerField()
    stored_key = models.BinaryField(max_length=32, null=True)
    server_key = models.BinaryField(max_length=32, null=True)

    class Meta:
        abstract = True


class Account(Verifier):
    """What a person logs in to. Its own address is the `Address` of kind OWN that leads to it.

    Salt and iterations hold for the password (which need not be set) and all device passwords.
    `sending_locked` is since when it may not send, null where it may; `password_changed` is when it
    got its present password, null for the first one. `zone` is the name of the time zone that its
    rules live in, "" for the server's. Templates say `function`, `phone` and
    `postal_address`, which may have lines, of a person beside the name.
    """

    name = models.CharField(max_length=MAX_NAME, blank=True)
    function = models.CharField(max_length=MAX_NAME, blank=True)
    phone = models.CharField(max_length=MAX_PHONE, blank=True)
    postal_address = models.CharField(max_length=MAX_POSTAL, blank=True)
    language = models.CharField(max_length=20)
    zone = models.CharField(max_length=MAX_ZONE, blank=True)
    enabled = models.BooleanField(default=True)
    quota_octets = models.BigIntegerField(null=True)
    version = models.BigIntegerField(default=1)
    created = models.BigIntegerField()
    password_changed = models.BigIntegerField(null=True)
    sending_locked = models.BigIntegerField(null=True)
    sending_lock_reason = models.CharField(max_length=MAX_REASON, blank=True)
    sending_lock_operator = models.BooleanField(default=False)

    class Meta:
        constraints = [
            c.rule("verifier", c.verifier_rules()),
            c.rule("name_length", c.length("name", 0, MAX_NAME)),
            c.rule(
                "profile_length",
                c.length("function", 0, MAX_NAME)
                & c.length("phone", 0, MAX_PHONE)
                & c.length("postal_address", 0, MAX_POSTAL),
            ),
            c.rule("zone_length", c.length("zone", 0, MAX_ZONE)),
            c.rule("quota_positive", Q(quota_octets__isnull=True) | Q(quota_octets__gte=0)),
            c.rule(
                "lock_whole",
                Q(sending_locked__isnull=False)
                | Q(
                    sending_locked__isnull=True,
                    sending_lock_reason="",
                    sending_lock_operator=False,
                ),
            ),
        ]


_LEADS_TO_ACCOUNT = (AddressKind.OWN.value, AddressKind.ALIAS.value, AddressKind.TEMPORARY.value)
_LEADS_TO_NONE = (AddressKind.LIST.value, AddressKind.REFUSED.value)


class Address(models.Model):
    """Any address that leads somewhere, or is refused. A catch-all has an empty `local`, hence one
    per domain.

    `redirect_to` has one address a line; without `keep` no copy stays in the account. Members of a
    list are in `ListMember`. What switches an account's own address off is the account's `enabled`.
    `messages` is how many a temporary address takes in all.
    """

    domain = models.ForeignKey(
        Domain, on_delete=models.PROTECT, related_name="addresses", db_index=False
    )
    local = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=20)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, related_name="addresses"
    )
    redirect_to = models.TextField(blank=True)
    keep = models.BooleanField(default=True)
    enabled = models.BooleanField(default=True)
    expires = models.BigIntegerField(null=True)
    messages = models.BigIntegerField(null=True)
    label = models.CharField(max_length=MAX_NAME, blank=True)
    in_bulk = models.BooleanField(default=False)
    created = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "local"], name="address_unique"),
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(kind=AddressKind.OWN.value),
                name="address_one_own",
            ),
            c.rule("kind_known", c.one_of("kind", [kind.value for kind in AddressKind])),
            c.rule(
                "local_rules",
                (Q(kind=AddressKind.CATCH_ALL.value) & Q(Exact(Length("local"), 0)))
                | (~Q(kind=AddressKind.CATCH_ALL.value) & c.address_rules("local")),
            ),
            c.rule(
                "leads_somewhere",
                Q(kind__in=_LEADS_TO_ACCOUNT, account__isnull=False)
                | (Q(kind=AddressKind.REDIRECT.value, account__isnull=True) & ~Q(redirect_to=""))
                | Q(kind__in=_LEADS_TO_NONE, account__isnull=True, redirect_to="")
                | (
                    Q(kind=AddressKind.CATCH_ALL.value)
                    & (Q(account__isnull=False) | ~Q(redirect_to=""))
                ),
            ),
            c.rule("keeps", Q(keep=True) | (Q(account__isnull=False) & ~Q(redirect_to=""))),
            c.rule("own_enabled", ~Q(kind=AddressKind.OWN.value, enabled=False)),
            c.rule(
                "temporary_expires",
                (
                    Q(kind=AddressKind.TEMPORARY.value)
                    & (Q(expires__isnull=False) | Q(messages__isnull=False))
                )
                | (
                    ~Q(kind=AddressKind.TEMPORARY.value)
                    & Q(expires__isnull=True, messages__isnull=True)
                ),
            ),
            c.rule("messages_some", Q(messages__isnull=True) | Q(messages__gte=1)),
            c.rule("label_length", c.length("label", 0, MAX_NAME)),
        ]
        indexes = [models.Index(fields=["created"], name="address_created")]


class ListMember(models.Model):
    """An account to which an address of kind LIST leads."""

    address = models.ForeignKey(
        Address, on_delete=models.CASCADE, related_name="members", db_index=False
    )
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="lists")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["address", "account"], name="listmember_unique")
        ]


class PausedTarget(models.Model):
    """Mail of a domain is not sent on to this address (in lower case), which kept refusing it."""

    domain = models.ForeignKey(
        Domain, on_delete=models.CASCADE, related_name="paused_targets", db_index=False
    )
    target = models.CharField(max_length=MAX_TARGET)
    since = models.BigIntegerField()
    reason = models.CharField(max_length=MAX_REASON, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "target"], name="pausedtarget_unique"),
            c.rule("target_folded", c.in_lower_case("target")),
        ]


class SendGrant(models.Model):
    """The account may write in the name of an address that does not lead to it."""

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="grants", db_index=False
    )
    address = models.ForeignKey(Address, on_delete=models.CASCADE, related_name="grants")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "address"], name="sendgrant_unique")
        ]


class DevicePassword(models.Model):
    """A generated password for one mail program; `protocols` are words between spaces."""

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="devices", db_index=False
    )
    name = models.CharField(max_length=MAX_NAME)
    keyed_hash = models.BinaryField(max_length=32, unique=True)
    stored_key = models.BinaryField(max_length=32)
    server_key = models.BinaryField(max_length=32)
    protocols = models.CharField(max_length=100)
    created = models.BigIntegerField()
    last_used = models.BigIntegerField(null=True)
    expires = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            c.unique_folded("name_unique", "name", "account"),
            c.rule("name_length", c.length("name", 1, MAX_NAME)),
            c.rule("protocols_some", ~Q(protocols="")),
            c.rule(
                "key_lengths",
                c.length("keyed_hash", 32, 32)
                & c.length("stored_key", 32, 32)
                & c.length("server_key", 32, 32),
            ),
        ]


class User(Verifier):
    """A person who signs in to the Manager. `email` in lower case."""

    email = models.CharField(max_length=320, unique=True)
    name = models.CharField(max_length=MAX_NAME, blank=True)
    enabled = models.BooleanField(default=True)
    operator = models.BooleanField(default=False)
    created = models.BigIntegerField()

    class Meta:
        constraints = [
            c.rule("verifier", c.verifier_rules()),
            c.rule("email_rules", Q(email__contains="@") & c.in_lower_case("email")),
        ]


class Membership(models.Model):
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="memberships", db_index=False
    )
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "organization"], name="membership_unique"),
            c.rule("role_known", c.one_of("role", [role.value for role in Role])),
        ]


class SigningKey(models.Model):
    """A DKIM key pair; `private_key` is encrypted (`directory.keys`). A retired key signs nothing
    and stays published until what it signed has arrived."""

    domain = models.ForeignKey(
        Domain, on_delete=models.CASCADE, related_name="signing_keys", db_index=False
    )
    selector = models.CharField(max_length=63)
    algorithm = models.CharField(max_length=20)
    private_key = models.BinaryField()
    created = models.BigIntegerField()
    retired = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["domain", "selector"], name="signingkey_unique"),
            c.rule(
                "algorithm_known",
                c.one_of("algorithm", [algorithm.value for algorithm in Algorithm]),
            ),
            c.rule("selector_rules", c.label_rules("selector")),
        ]


class Protection(models.Model):
    """What a domain, an account or an address says of its own protection; null: nothing, so that
    what surrounds it holds. The fields are those of `values.Protection`. An address has a word
    about greylisting only."""

    domain = models.OneToOneField(Domain, on_delete=models.CASCADE, null=True)
    account = models.OneToOneField(Account, on_delete=models.CASCADE, null=True)
    address = models.OneToOneField(Address, on_delete=models.CASCADE, null=True)
    greylisting = models.BooleanField(null=True)
    helo = models.BooleanField(null=True)
    dns_lists = models.BooleanField(null=True)
    attachments = models.BooleanField(null=True)
    headers = models.BooleanField(null=True)
    spam = models.BooleanField(null=True)
    spam_threshold = models.FloatField(null=True)
    refuse_threshold = models.FloatField(null=True)
    promotions = models.BooleanField(null=True)
    social = models.BooleanField(null=True)
    dmarc = models.BooleanField(null=True)
    engines = models.BooleanField(null=True)

    class Meta:
        constraints = [
            c.rule(
                "one_scope",
                Q(domain__isnull=False, account__isnull=True, address__isnull=True)
                | Q(domain__isnull=True, account__isnull=False, address__isnull=True)
                | Q(
                    domain__isnull=True,
                    account__isnull=True,
                    address__isnull=False,
                    **{
                        f"{name}__isnull": True
                        for name in PROTECTION_FIELDS
                        if name != "greylisting"
                    },
                ),
            ),
            c.rule(
                "thresholds",
                (Q(spam_threshold__isnull=True) | Q(spam_threshold__gte=0))
                & (Q(refuse_threshold__isnull=True) | Q(refuse_threshold__gte=0)),
            ),
        ]


class SenderRule(models.Model):
    """Mail from some senders, to an account, to a domain (all its addresses) or, without either,
    to anybody here. `pattern` and `action` are as `base.senders` has them."""

    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, null=True, related_name="sender_rules", db_index=False
    )
    domain = models.ForeignKey(
        Domain, on_delete=models.CASCADE, null=True, related_name="sender_rules", db_index=False
    )
    pattern = models.CharField(max_length=MAX_PATTERN)
    action = models.CharField(max_length=20)
    created = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "pattern"],
                condition=Q(account__isnull=False),
                name="senderrule_account_pattern",
            ),
            models.UniqueConstraint(
                fields=["domain", "pattern"],
                condition=Q(domain__isnull=False),
                name="senderrule_domain_pattern",
            ),
            models.UniqueConstraint(
                fields=["pattern"],
                condition=Q(account__isnull=True, domain__isnull=True),
                name="senderrule_installation_pattern",
            ),
            c.rule("one_scope", Q(account__isnull=True) | Q(domain__isnull=True)),
            c.rule("pattern_length", c.length("pattern", 2, MAX_PATTERN)),
            c.rule("pattern_folded", c.in_lower_case("pattern")),
            c.rule("action_known", c.one_of("action", [action.value for action in SenderAction])),
        ]


class Template(models.Model):
    """A signature or an auto-reply with fields in it, of an organization or of one domain of it.

    `subject` is an auto-reply's. `automatic`: new accounts get it when they are made.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, null=True, related_name="templates", db_index=False
    )
    domain = models.ForeignKey(
        Domain, on_delete=models.CASCADE, null=True, related_name="templates", db_index=False
    )
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=MAX_NAME)
    subject = models.CharField(max_length=MAX_SUBJECT, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    automatic = models.BooleanField(default=False)
    created = models.BigIntegerField()

    class Meta:
        constraints = [
            c.unique_folded("organization_name", "name", "organization", "kind"),
            c.unique_folded("domain_name", "name", "domain", "kind"),
            c.rule(
                "one_scope",
                Q(organization__isnull=False, domain__isnull=True)
                | Q(organization__isnull=True, domain__isnull=False),
            ),
            c.rule("kind_known", c.one_of("kind", [kind.value for kind in TemplateKind])),
            c.rule("name_length", c.length("name", 1, MAX_NAME)),
            c.rule(
                "subject_of_responder",
                Q(kind=TemplateKind.RESPONDER.value) & c.length("subject", 0, MAX_SUBJECT)
                | Q(kind=TemplateKind.SIGNATURE.value, subject=""),
            ),
            c.rule("says_something", ~Q(text="", html="")),
            c.rule(
                "template_length",
                c.length("text", 0, MAX_TEMPLATE) & c.length("html", 0, MAX_TEMPLATE),
            ),
        ]


class TemplateUse(models.Model):
    """What a template made in an account: the name it has there, and a digest of what was written,
    by which one sees whether the owner has changed it since."""

    template = models.ForeignKey(
        Template, on_delete=models.CASCADE, related_name="uses", db_index=False
    )
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="template_uses")
    item = models.CharField(max_length=MAX_NAME)
    digest = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["template", "account"], name="templateuse_unique"),
            c.rule("item_length", c.length("item", 1, MAX_NAME)),
            c.rule("digest_length", c.length("digest", 32, 32)),
        ]


class Gateway(models.Model):
    """A way into a secured network; see `values.GatewayInfo`. Each of `hosts`, `clients` and
    `networks` has one entry a line. What it proves itself with and we to it lies in files."""

    name = models.CharField(max_length=MAX_LABEL, unique=True)
    hosts = models.TextField()
    port = models.IntegerField()
    clients = models.TextField(blank=True)
    networks = models.TextField()
    contact = models.CharField(max_length=MAX_TARGET, blank=True)
    created = models.BigIntegerField()

    class Meta:
        constraints = [
            c.rule("name_rules", c.label_rules("name")),
            c.rule("has_hosts", ~Q(hosts="") & ~Q(networks="")),
            c.rule("port_range", Q(port__gte=1, port__lte=65535)),
        ]


class ConfidentialAddress(models.Model):
    """What was asked for an address, and what became of that: the last request counts."""

    address = models.OneToOneField(Address, on_delete=models.CASCADE, related_name="confidential")
    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, related_name="addresses")
    state = models.CharField(max_length=20)
    asked_by = models.CharField(max_length=MAX_TARGET)
    asked = models.BigIntegerField()
    asked_note = models.CharField(max_length=MAX_REASON, blank=True)
    decided_by = models.CharField(max_length=MAX_TARGET, blank=True)
    decided = models.BigIntegerField(null=True)
    decided_note = models.CharField(max_length=MAX_REASON, blank=True)

    class Meta:
        constraints = [
            c.rule("state_known", c.one_of("state", [state.value for state in ConfidentialState])),
            c.rule(
                "decided_whole",
                Q(
                    state=ConfidentialState.REQUESTED.value,
                    decided_by="",
                    decided__isnull=True,
                    decided_note="",
                )
                | (
                    ~Q(state=ConfidentialState.REQUESTED.value)
                    & ~Q(decided_by="")
                    & Q(decided__isnull=False)
                ),
            ),
        ]


class DirectoryVersion(models.Model):
    """One row, whose number grows with each change that the hot path must see."""

    id = models.IntegerField(primary_key=True, default=1)
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = [c.rule("one_row", Q(id=1))]
