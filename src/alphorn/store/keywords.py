"""Keywords: words that clients set on messages (RFC 9051 §2.3.2), compared without case.

A message's keywords are kept as one text, sorted, with a space between them. A word is spelled in
the whole account as it was first, so that equal words are equal texts. Each mailbox knows the
words that were ever used in it.
"""

from collections.abc import Iterable

from alphorn.base.errors import Refused
from alphorn.base.flags import MAX_KEYWORD_LENGTH, MAX_KEYWORDS_PER_MESSAGE
from alphorn.store.database import Transaction
from alphorn.store.limits import MAX_KEYWORDS


def checked_words(words: frozenset[str]) -> frozenset[str]:
    """The words, if they can be keywords. Raises Refused."""
    for word in words:
        if not word or not word.isascii() or not word.isprintable() or " " in word:
            raise Refused("A keyword is one word of ASCII letters, digits and signs.", code="flag")
        if len(word) > MAX_KEYWORD_LENGTH:
            raise Refused(f"A keyword has at most {MAX_KEYWORD_LENGTH} characters.", code="limit")
    return words


def joined(words: Iterable[str]) -> str:
    """The form that a message keeps. Raises Refused("limit") for too many words."""
    ordered = sorted(words)
    if len(ordered) > MAX_KEYWORDS_PER_MESSAGE:
        raise Refused(f"A message has at most {MAX_KEYWORDS_PER_MESSAGE} keywords.", code="limit")
    return " ".join(ordered)


def known(tx: Transaction, words: frozenset[str]) -> set[str]:
    """The words as the account spells them; those it does not know are left out."""
    found = set()
    for word in words:
        row = tx.execute(
            "SELECT word FROM keyword WHERE folded = ? LIMIT 1", (word.lower(),)
        ).fetchone()
        if row is not None:
            found.add(row[0])
    return found


def learned(tx: Transaction, mailbox_id: int, words: Iterable[str]) -> set[str]:
    """The words as the account spells them, from now on known in the mailbox."""
    found = set()
    new = False
    for folded, given in {word.lower(): word for word in sorted(words)}.items():
        rows = tx.execute(
            "SELECT word, mailbox FROM keyword WHERE folded = ?", (folded,)
        ).fetchall()
        word = rows[0][0] if rows else given
        if all(mailbox != mailbox_id for _, mailbox in rows):
            tx.execute(
                "INSERT INTO keyword (folded, mailbox, word) VALUES (?, ?, ?)",
                (folded, mailbox_id, word),
            )
            new = True
        found.add(word)
    if new:
        (count,) = tx.execute(
            "SELECT COUNT(*) FROM keyword WHERE mailbox = ?", (mailbox_id,)
        ).fetchone()
        if count > MAX_KEYWORDS:
            raise Refused(
                f"There are already {MAX_KEYWORDS} keywords in this mailbox.", code="limit"
            )
    return found


def of_mailbox(tx: Transaction, mailbox_id: int) -> tuple[str, ...]:
    """The words ever used in the mailbox, sorted."""
    rows = tx.execute("SELECT word FROM keyword WHERE mailbox = ?", (mailbox_id,)).fetchall()
    return tuple(sorted(word for (word,) in rows))
