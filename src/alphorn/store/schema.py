"""The tables of an account, and the steps from each version to the next.

Facts are stored once. Among them:

* The account's highest mod-sequence and its usage are sums over its few mailboxes; `account.modseq`
  only remembers what mailboxes that are gone had reached.
* `content` is what copies of a message share. Its id is the mod-sequence at which it came: never
  given twice, and growing. `message` is one copy in one mailbox; the order of its primary key is
  the order in which clients read.
* A message stands in `body` while it is young, as compressed pieces (see `bodies`). Later it moves
  into a `pack` with its neighbours, together with their searchable text (see `packs`). What follows
  the header of a large message stands in `large` from the beginning, and stays. Contents up to
  `account.packed` are in packs; a pack holds those with ids above the pack before it and up to its
  own. `dropped` lists what has gone since and is still to be cut out of its pack.
* `expunged` has runs of UIDs. The oldest are forgotten in time; `mailbox.forgotten` is the
  mod-sequence up to which they are.
* `mailbox.first_unseen` is the lowest UID without \\Seen, 0 for none; `mailbox.flagged` the
  mod-sequence of the last change that was no new message, so that a session that only missed new
  ones finds them at the end.
* `thread_key` leads from the hash of a Message-ID to a thread (the id of its first content), by way
  of `thread_merge` where threads have become one.
* `rules` has one row once the owner had a rule of any kind: `version` is the last number that was
  given to them, `current` the same or, where none of them would do anything, 0. Deliveries read
  only that. At most one `script` is active.
* `annotation` has those of mailboxes, and of the account itself with 0 for a mailbox; names of
  entries are folded.
* `learned` has one row once anything was learned, else none: how many messages of each kind the
  counts in `token` are of, and how many tokens and names there are. `judged` is what single
  messages were learned as, `noted` names in books (see `api.Book`); days count from 1970.
"""

VERSION = 4

LEARNING = (
    """CREATE TABLE learned (
        id INTEGER NOT NULL PRIMARY KEY,
        spam INTEGER NOT NULL,
        ham INTEGER NOT NULL,
        tokens INTEGER NOT NULL,
        judged INTEGER NOT NULL,
        names INTEGER NOT NULL
    )""",
    """CREATE TABLE token (
        key INTEGER NOT NULL PRIMARY KEY,
        spam INTEGER NOT NULL,
        ham INTEGER NOT NULL,
        day INTEGER NOT NULL
    )""",
    """CREATE TABLE judged (
        message INTEGER NOT NULL PRIMARY KEY,
        spam INTEGER NOT NULL,
        person INTEGER NOT NULL,
        day INTEGER NOT NULL
    )""",
    """CREATE TABLE noted (
        book TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        last INTEGER NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (book, name)
    ) WITHOUT ROWID""",
)
"""What version 2 added."""

RULES = (
    """CREATE TABLE rules (
        id INTEGER NOT NULL PRIMARY KEY,
        version INTEGER NOT NULL,
        current INTEGER NOT NULL
    )""",
    """CREATE TABLE script (
        name TEXT NOT NULL PRIMARY KEY,
        source TEXT NOT NULL,
        octets INTEGER NOT NULL,
        active INTEGER NOT NULL,
        changed INTEGER NOT NULL
    )""",
    """CREATE TABLE document (
        name TEXT NOT NULL PRIMARY KEY,
        text TEXT NOT NULL
    )""",
    """CREATE TABLE remembered (
        key TEXT NOT NULL PRIMARY KEY,
        expires INTEGER NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX remembered_expires ON remembered (expires)",
)
"""What version 3 added."""

ANNOTATIONS = (
    """CREATE TABLE annotation (
        mailbox INTEGER NOT NULL,
        entry TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (mailbox, entry)
    ) WITHOUT ROWID""",
)
"""What version 4 added."""

TABLES = (
    """CREATE TABLE account (
        id INTEGER NOT NULL PRIMARY KEY,
        modseq INTEGER NOT NULL,
        mailboxes INTEGER NOT NULL,
        uidvalidity INTEGER NOT NULL,
        packed INTEGER NOT NULL
    )""",
    """CREATE TABLE mailbox (
        id INTEGER NOT NULL PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        special TEXT,
        uidvalidity INTEGER NOT NULL,
        uidnext INTEGER NOT NULL,
        modseq INTEGER NOT NULL,
        flagged INTEGER NOT NULL,
        forgotten INTEGER NOT NULL,
        messages INTEGER NOT NULL,
        unseen INTEGER NOT NULL,
        deleted INTEGER NOT NULL,
        octets INTEGER NOT NULL,
        first_unseen INTEGER NOT NULL
    )""",
    """CREATE TABLE subscription (
        name TEXT NOT NULL PRIMARY KEY
    ) WITHOUT ROWID""",
    """CREATE TABLE keyword (
        folded TEXT NOT NULL,
        mailbox INTEGER NOT NULL,
        word TEXT NOT NULL,
        PRIMARY KEY (folded, mailbox)
    ) WITHOUT ROWID""",
    """CREATE TABLE message (
        mailbox INTEGER NOT NULL,
        uid INTEGER NOT NULL,
        flags INTEGER NOT NULL,
        keywords TEXT NOT NULL,
        modseq INTEGER NOT NULL,
        content INTEGER NOT NULL,
        size INTEGER NOT NULL,
        received INTEGER NOT NULL,
        saved INTEGER NOT NULL,
        PRIMARY KEY (mailbox, uid)
    ) WITHOUT ROWID""",
    "CREATE INDEX message_content ON message (content)",
    """CREATE TABLE expunged (
        mailbox INTEGER NOT NULL,
        modseq INTEGER NOT NULL,
        low INTEGER NOT NULL,
        high INTEGER NOT NULL,
        PRIMARY KEY (mailbox, modseq, low)
    ) WITHOUT ROWID""",
    """CREATE TABLE content (
        id INTEGER NOT NULL PRIMARY KEY,
        thread INTEGER NOT NULL,
        hash BLOB NOT NULL,
        header_size INTEGER NOT NULL,
        attachment INTEGER NOT NULL,
        sent INTEGER,
        sent_day INTEGER,
        envelope BLOB NOT NULL,
        subject TEXT NOT NULL,
        base_subject TEXT NOT NULL,
        sort_from TEXT NOT NULL,
        sort_to TEXT NOT NULL,
        sort_cc TEXT NOT NULL
    )""",
    "CREATE INDEX content_thread ON content (thread, hash)",
    """CREATE TABLE body (
        id INTEGER NOT NULL PRIMARY KEY,
        data BLOB NOT NULL
    )""",
    """CREATE TABLE large (
        id INTEGER NOT NULL PRIMARY KEY,
        data BLOB NOT NULL
    )""",
    """CREATE TABLE pack (
        id INTEGER NOT NULL PRIMARY KEY,
        entries BLOB NOT NULL,
        signature BLOB NOT NULL,
        details BLOB NOT NULL,
        headers BLOB NOT NULL,
        bodies BLOB NOT NULL
    )""",
    """CREATE TABLE dropped (
        content INTEGER NOT NULL PRIMARY KEY
    )""",
    """CREATE TABLE thread_key (
        key INTEGER NOT NULL PRIMARY KEY,
        thread INTEGER NOT NULL
    )""",
    """CREATE TABLE thread_merge (
        old INTEGER NOT NULL PRIMARY KEY,
        thread INTEGER NOT NULL
    )""",
    *LEARNING,
    *RULES,
    *ANNOTATIONS,
)

MIGRATIONS: dict[int, tuple[str, ...]] = {1: LEARNING, 2: RULES, 3: ANNOTATIONS}
"""The statements that lead from a version to the next one; each account is led on when opened."""
