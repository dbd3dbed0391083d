-- Which decider opened the page of which held mail, and when first: who approves without looking is to be seen.
CREATE TABLE seen (
    held_id TEXT NOT NULL REFERENCES held (id) ON DELETE CASCADE,
    person  TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (held_id, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX approval_at ON approval (at);
