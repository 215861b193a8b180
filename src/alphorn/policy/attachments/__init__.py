"""Which attachments are taken: files by their names, their content, and all that lies within them.

`check` is the stage, `AttachmentRules` the operator's choice. Everything here is pure and bounded:
no octet of a hostile file costs more than the budget of its message gives (`budget`).
"""

from alphorn.policy.attachments.check import check
from alphorn.policy.attachments.rules import AttachmentRules, Macros

__all__ = ["AttachmentRules", "Macros", "check"]
