"""What new accounts get by itself: what automatic templates make.

After the account is there, and not in its transaction: it is not worse for lacking a signature, so
that nothing here fails its making; the log says what is missing.
"""

import logging
from collections.abc import Sequence

from alphorn.base.errors import AlphornError
from alphorn.directory.orm import Template, reading
from alphorn.operations.control import OPERATOR, Control

_log = logging.getLogger(__name__)


def welcome(control: Control, addresses: Sequence[str]) -> None:
    """Accounts by their own addresses, just made by somebody who might. Never raises."""
    try:
        with reading():
            if not Template.objects.filter(automatic=True).exists():
                return
        # Brings what rules and answers are made of, which making accounts does not need.
        from alphorn.operations.applying import Outcome, apply_automatic

        for applied in apply_automatic(control.acting_as(OPERATOR), addresses):
            if applied.outcome is Outcome.FAILED:
                _log.warning(
                    "a template could not be applied to a new account",
                    extra={"account": applied.account, "why": applied.text},
                )
    except AlphornError as error:
        _log.warning("templates could not be applied to new accounts: %s", error.text)
