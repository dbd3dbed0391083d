-- A mail may be sent back for a change: one more thing that people say about it.
CREATE TABLE approval_new (
    held_id TEXT NOT NULL REFERENCES held (id),
    person  TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('approve', 'reject', 'return')),
    comment TEXT NOT NULL,
    via     TEXT NOT NULL,
    at      INTEGER NOT NULL,
    level   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (held_id, person)
) STRICT;
INSERT INTO approval_new SELECT held_id, person, verdict, comment, via, at, level FROM approval;
DROP TABLE approval;
ALTER TABLE approval_new RENAME TO approval;

-- Whom those who decide asked what they think, and what they said. Each colleague is asked once about a mail.
CREATE TABLE opinion (
    held_id  TEXT NOT NULL REFERENCES held (id),
    mailbox  TEXT NOT NULL,
    person   TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    question TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    opinion  TEXT,
    said_at  INTEGER,
    UNIQUE (held_id, mailbox),
    CHECK ((opinion IS NULL) = (said_at IS NULL))
) STRICT;
