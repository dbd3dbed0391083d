-- Tokens with which programs use the API in a person's name. Of a token only its SHA-256 is kept.
CREATE TABLE api_token (
    hash       BLOB PRIMARY KEY,
    mailbox    TEXT NOT NULL,
    address    TEXT NOT NULL,
    name       TEXT NOT NULL,
    made_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (mailbox, name)
) STRICT;
