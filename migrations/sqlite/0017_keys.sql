-- The keys with which the keys of mails are wrapped, each wrapped itself with the key in seal.key. Where there is none, and
-- for mails that were sealed before there was one, that key wraps them itself.
CREATE TABLE seal_key (
    number  INTEGER PRIMARY KEY CHECK (number > 0),
    wrapped BLOB NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;
