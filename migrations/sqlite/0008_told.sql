-- Who was told of which held mail, alone or together with others: of more than a few in a short time people are told in one
-- notice. Those that are still to be told together have a time by which they are.
CREATE TABLE told (
    id      INTEGER PRIMARY KEY,
    mailbox TEXT NOT NULL,
    person  TEXT NOT NULL,
    topic   TEXT NOT NULL CHECK (topic IN ('held', 'request', 'outcome', 'unasked')),
    held_id TEXT NOT NULL REFERENCES held (id),
    detail  TEXT NOT NULL,
    at      INTEGER NOT NULL,
    due_at  INTEGER,
    -- In which notice, and when, it was told together with others.
    outbox_id TEXT,
    told_at   INTEGER
) STRICT;
CREATE INDEX told_person ON told (mailbox, topic, at);
CREATE INDEX told_waiting ON told (mailbox, topic, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX told_due ON told (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX told_together ON told (outbox_id) WHERE outbox_id IS NOT NULL;
CREATE INDEX told_last ON told (mailbox, topic, told_at) WHERE told_at IS NOT NULL;
CREATE INDEX told_at ON told (at);
