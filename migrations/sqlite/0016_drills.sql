-- Drills: mails of our own making, to be decided like any other. They never leave, whatever anybody decides; the trigger
-- holds that, not a program that could forget it.
CREATE TABLE drill (
    mail_id TEXT PRIMARY KEY REFERENCES mail (id) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    ordered TEXT NOT NULL,
    person  TEXT,
    caught  INTEGER
) STRICT;
CREATE INDEX drill_at ON drill (at);

CREATE TRIGGER no_drill_leaves BEFORE INSERT ON outbox
WHEN NEW.kind = 'release' AND EXISTS (SELECT 1 FROM drill WHERE mail_id = NEW.mail_id)
BEGIN
    SELECT RAISE(ABORT, 'a drill never leaves');
END;
