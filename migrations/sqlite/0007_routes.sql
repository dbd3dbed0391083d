-- Routes: several approvals on several levels, reminders, others asked as well, and what the sender says.
ALTER TABLE held ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
ALTER TABLE held ADD COLUMN nudges TEXT NOT NULL DEFAULT '[]';
-- The time of the first of them.
ALTER TABLE held ADD COLUMN nudge_at INTEGER;
ALTER TABLE held ADD COLUMN escalated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE held ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE approval ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
CREATE INDEX held_nudged ON held (nudge_at) WHERE state = 'pending' AND nudge_at IS NOT NULL;

-- A person may have several secret addresses for one mail: in the request, in reminders, on a further level.
CREATE TABLE reply_token_new (
    hash    BLOB PRIMARY KEY,
    held_id TEXT NOT NULL REFERENCES held (id),
    person  TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('decide', 'withdraw'))
) STRICT;
INSERT INTO reply_token_new SELECT hash, held_id, person, purpose FROM reply_token;
DROP TABLE reply_token;
ALTER TABLE reply_token_new RENAME TO reply_token;
CREATE INDEX reply_token_held ON reply_token (held_id);

-- Levels are climbed one by one, and only while somebody must decide.
CREATE TRIGGER held_levels BEFORE UPDATE OF level ON held
WHEN OLD.state <> 'pending' OR NEW.level <> OLD.level + 1
BEGIN
    SELECT RAISE(ABORT, 'illegal change of a held mail''s level');
END;
