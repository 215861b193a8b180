"""The table of the language: each row comes from a file of its own here.

A new extension is a file that ends in an `Extension`, and a line in TABLE: `require`, the checks of
arguments and ManageSieve's list of capabilities follow from it.
"""

from alphorn.sieve.extensions.body import BODY
from alphorn.sieve.extensions.core import ASCII_CASEMAP_ROW, CORE, OCTET_ROW
from alphorn.sieve.extensions.date import DATE, INDEX
from alphorn.sieve.extensions.duplicate import DUPLICATE
from alphorn.sieve.extensions.editheader import EDITHEADER
from alphorn.sieve.extensions.enotify import ENOTIFY, METHODS
from alphorn.sieve.extensions.envelope import ENVELOPE
from alphorn.sieve.extensions.environment import ENVIRONMENT, IMAPSIEVE
from alphorn.sieve.extensions.everypart import ENCLOSE, EXTRACTTEXT, FOREVERYPART, REPLACE
from alphorn.sieve.extensions.extlists import EXTLISTS
from alphorn.sieve.extensions.fileinto import COPY, FILEINTO, MAILBOX
from alphorn.sieve.extensions.ihave import IHAVE
from alphorn.sieve.extensions.imap4flags import IMAP4FLAGS
from alphorn.sieve.extensions.include import INCLUDE
from alphorn.sieve.extensions.metadata import MBOXMETADATA, SERVERMETADATA, SPECIAL_USE
from alphorn.sieve.extensions.mime import MIME
from alphorn.sieve.extensions.regex import REGEX
from alphorn.sieve.extensions.reject import EREJECT, REJECT
from alphorn.sieve.extensions.relational import NUMERIC, RELATIONAL, UNICODE
from alphorn.sieve.extensions.spamtest import SPAMTEST, SPAMTESTPLUS, VIRUSTEST
from alphorn.sieve.extensions.subaddress import SUBADDRESS
from alphorn.sieve.extensions.vacation import FCC, VACATION, VACATION_SECONDS
from alphorn.sieve.extensions.variables import ENCODED_CHARACTER, VARIABLES
from alphorn.sieve.language import Language
from alphorn.sieve.table import Extension

__all__ = ("METHODS", "STANDARD", "TABLE")

TABLE: tuple[Extension, ...] = (
    CORE,
    OCTET_ROW,
    ASCII_CASEMAP_ROW,
    ENCODED_CHARACTER,
    FILEINTO,
    ENVELOPE,
    REJECT,
    EREJECT,
    COPY,
    BODY,
    VARIABLES,
    RELATIONAL,
    NUMERIC,
    UNICODE,
    REGEX,
    SUBADDRESS,
    DATE,
    INDEX,
    IMAP4FLAGS,
    VACATION,
    VACATION_SECONDS,
    EDITHEADER,
    MAILBOX,
    MBOXMETADATA,
    SERVERMETADATA,
    SPECIAL_USE,
    ENVIRONMENT,
    DUPLICATE,
    ENOTIFY,
    INCLUDE,
    IHAVE,
    MIME,
    FOREVERYPART,
    EXTRACTTEXT,
    REPLACE,
    ENCLOSE,
    EXTLISTS,
    SPAMTEST,
    SPAMTESTPLUS,
    VIRUSTEST,
    FCC,
    IMAPSIEVE,
)

STANDARD = Language(TABLE)
"""All of it."""
