"""Which attachments are taken, as the settings say."""

from alphorn.base import settings as table
from alphorn.base.settings import Settings
from alphorn.policy.attachments import AttachmentRules, Macros
from alphorn.policy.attachments.rules import extensions


def attachment_rules(settings: Settings) -> AttachmentRules:
    forbidden = settings[table.ATTACHMENTS_FORBIDDEN]
    added = settings[table.ATTACHMENTS_FORBID]
    allowed = settings[table.ATTACHMENTS_ALLOW]
    return AttachmentRules(
        extensions=extensions(forbidden, added, allowed),
        macros=Macros(settings[table.ATTACHMENTS_MACROS]),
        encrypted=settings[table.ATTACHMENTS_ENCRYPTED] == "refuse",
        depth=settings[table.ATTACHMENTS_DEPTH],
        files=settings[table.ATTACHMENTS_FILES],
        work=settings[table.ATTACHMENTS_WORK],
    )
