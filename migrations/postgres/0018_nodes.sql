-- needs 17
-- As migrations/sqlite/0018.
CREATE TABLE node (
    name        TEXT COLLATE "C" PRIMARY KEY,
    process     TEXT COLLATE "C" NOT NULL,
    version     TEXT COLLATE "C" NOT NULL,
    schema      BIGINT NOT NULL,
    rules       TEXT COLLATE "C" NOT NULL,
    partners    TEXT COLLATE "C" NOT NULL,
    people      TEXT COLLATE "C" NOT NULL,
    certificate TEXT COLLATE "C",
    started_at  BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL
);
