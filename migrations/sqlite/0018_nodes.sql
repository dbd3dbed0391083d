-- needs 17
-- The nodes that work on this database, and what each of them runs; in a file there is one.
CREATE TABLE node (
    -- Host name and address, which no two nodes share.
    name        TEXT PRIMARY KEY,
    -- Which process of that name.
    process     TEXT NOT NULL,
    version     TEXT NOT NULL,
    -- The last migration that it knows.
    schema      INTEGER NOT NULL,
    -- Digests of what must be the same everywhere.
    rules       TEXT NOT NULL,
    partners    TEXT NOT NULL,
    people      TEXT NOT NULL,
    -- What is wrong with its certificates.
    certificate TEXT,
    started_at  INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL
) STRICT;
