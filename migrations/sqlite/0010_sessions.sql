-- Who is logged in to the console: a restart, and another node, know it too. Of the cookie only its SHA-256 is kept.
CREATE TABLE session (
    key      BLOB PRIMARY KEY,
    mailbox  TEXT NOT NULL,
    address  TEXT NOT NULL,
    stage    TEXT NOT NULL CHECK (stage IN ('code', 'open', 'strong')),
    password BLOB,
    place    TEXT NOT NULL,
    browser  TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    used_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX session_of ON session (mailbox);
CREATE INDEX session_used ON session (used_at);

-- Second factors (RFC 6238). The secret is sealed in `sealed` under 'factor ' and the mailbox. `last_step` is the last
-- step of 30 seconds whose code was accepted: each code works once.
CREATE TABLE second_factor (
    mailbox   TEXT PRIMARY KEY,
    confirmed INTEGER NOT NULL DEFAULT 0,
    last_step INTEGER NOT NULL DEFAULT 0,
    made_at   INTEGER NOT NULL
) STRICT;

-- Codes for whoever has lost the second factor; each works once. Of a code only its SHA-256 is kept.
CREATE TABLE recovery_code (
    mailbox TEXT NOT NULL REFERENCES second_factor (mailbox) ON DELETE CASCADE,
    hash    BLOB NOT NULL,
    PRIMARY KEY (mailbox, hash)
) STRICT, WITHOUT ROWID;
