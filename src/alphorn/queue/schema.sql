-- The outbound queue. Times are seconds UTC, but for runner.until (see claims.py).
-- Ids are never used again: a late word about a removed recipient must not reach another one.

CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,          -- what people call it
    created REAL NOT NULL,
    expires REAL NOT NULL,
    sender TEXT NOT NULL,
    body TEXT NOT NULL,                 -- the envelope: see message.envelope
    smtputf8 INTEGER NOT NULL,
    ret TEXT,
    envid TEXT,
    kind TEXT NOT NULL,                 -- the origin: see message.envelope
    trace TEXT NOT NULL,
    account INTEGER,
    domain TEXT NOT NULL,
    message_id TEXT NOT NULL,
    size INTEGER NOT NULL,
    eight_bit INTEGER NOT NULL,         -- has octets above 127
    utf8_header INTEGER NOT NULL,       -- has them in its header
    gateway TEXT NOT NULL DEFAULT ''    -- the only way it may go
);

CREATE TABLE content (
    message INTEGER PRIMARY KEY,
    zstd BLOB NOT NULL
);

CREATE TABLE recipient (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL,
    address TEXT NOT NULL,
    destination TEXT NOT NULL,          -- the domain, an address literal, or see values.Bound
    notify TEXT NOT NULL,               -- words separated by commas
    original TEXT,
    state INTEGER NOT NULL,             -- see values.State
    held INTEGER NOT NULL DEFAULT 0,
    urgent INTEGER NOT NULL DEFAULT 0,  -- a person asked to try now
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt REAL NOT NULL,
    notice_at REAL,                     -- when to tell the sender of the delay; NULL: not (again)
    attempted REAL,
    code INTEGER NOT NULL DEFAULT 0,    -- the last reply
    enhanced TEXT NOT NULL DEFAULT '',
    text TEXT NOT NULL DEFAULT '',
    host TEXT NOT NULL DEFAULT '',
    claimed_by TEXT                     -- runner.name
);

CREATE INDEX recipient_message ON recipient (message);
CREATE INDEX recipient_destination ON recipient (destination);
CREATE INDEX recipient_due ON recipient (next_attempt, destination, message)
    WHERE state = 0 AND held = 0 AND claimed_by IS NULL;
CREATE INDEX recipient_claimed ON recipient (claimed_by) WHERE claimed_by IS NOT NULL;
CREATE INDEX recipient_to_report ON recipient (message) WHERE state > 0;
CREATE INDEX recipient_notice ON recipient (notice_at) WHERE notice_at IS NOT NULL;

CREATE TABLE runner (
    name TEXT PRIMARY KEY,
    until REAL NOT NULL
);
