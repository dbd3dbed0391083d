-- As migrations/sqlite/0017.
CREATE TABLE seal_key (
    number  BIGINT PRIMARY KEY CHECK (number > 0),
    wrapped BYTEA NOT NULL,
    made_at BIGINT NOT NULL
);
