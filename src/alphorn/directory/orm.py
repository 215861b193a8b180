"""The tables, ready to use: importing this configures Django first, where nobody has yet.

`operations` imports the ORM from here and nowhere else. It costs 30 MB and a quarter of a second,
so what only reads on the hot path (`directory.view`) does without.
"""

from alphorn.directory.setup import prepare

prepare()

from alphorn.directory.change import change, reading  # noqa: E402
from alphorn.directory.models import (  # noqa: E402
    MAX_NAME,
    MAX_PHONE,
    MAX_POSTAL,
    MAX_REASON,
    MAX_SUBJECT,
    MAX_TEMPLATE,
    Account,
    Address,
    ConfidentialAddress,
    DevicePassword,
    Domain,
    Gateway,
    ListMember,
    Membership,
    Organization,
    PausedTarget,
    Plan,
    Protection,
    SenderRule,
    SendGrant,
    SigningKey,
    Template,
    TemplateUse,
    User,
)

__all__ = [
    "MAX_NAME",
    "MAX_PHONE",
    "MAX_POSTAL",
    "MAX_REASON",
    "MAX_SUBJECT",
    "MAX_TEMPLATE",
    "Account",
    "Address",
    "ConfidentialAddress",
    "DevicePassword",
    "Domain",
    "Gateway",
    "ListMember",
    "Membership",
    "Organization",
    "PausedTarget",
    "Plan",
    "Protection",
    "SendGrant",
    "SenderRule",
    "SigningKey",
    "Template",
    "TemplateUse",
    "User",
    "change",
    "reading",
]
