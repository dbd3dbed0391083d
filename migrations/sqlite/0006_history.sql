-- To whom we wrote before: counters that fade (recipients::history). Days are whole days since 1970 UTC; seq grows with
-- every change, so that each process finds what another one has counted.
CREATE TABLE history (
    relation TEXT NOT NULL,
    origin   TEXT NOT NULL,
    target   TEXT NOT NULL,
    weight   REAL NOT NULL,
    day      INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (relation, origin, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX history_changed ON history (seq);

-- What a held mail teaches once it is released: its sender, recipients and thread. A mail that comes to nothing teaches
-- nothing.
CREATE TABLE lesson (
    held_id     TEXT PRIMARY KEY REFERENCES held (id) ON DELETE CASCADE,
    lesson      TEXT NOT NULL,
    released_at INTEGER
) STRICT;
CREATE INDEX lesson_released ON lesson (released_at) WHERE released_at IS NOT NULL;
CREATE TRIGGER lesson_is_learned AFTER UPDATE OF state ON held WHEN NEW.state = 'released'
BEGIN
    UPDATE lesson SET released_at = NEW.changed_at WHERE held_id = NEW.id;
END;
CREATE TRIGGER lesson_is_dropped AFTER UPDATE OF state ON held WHEN NEW.state IN ('rejected', 'withdrawn', 'expired')
BEGIN
    DELETE FROM lesson WHERE held_id = NEW.id;
END;
